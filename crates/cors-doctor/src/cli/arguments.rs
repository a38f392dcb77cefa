//! The arguments. The doc comments are what `--help` prints, so that each command fits a screen.

#![allow(clippy::doc_markdown, reason = "a terminal shows backticks as they are")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use fetch_cors::browser::{Credentials, Mode, Redirect};

const STYLE: &str = "{about}\n\nUsage: {usage}\n\n{all-args}{after-help}";

/// Why does the browser block my request, really?
#[derive(Parser)]
#[command(
    name = "cors-doctor",
    version,
    help_template = STYLE,
    after_help = "Without a command, it reads what is pasted on standard input and tells what it is:\n  pbpaste | cors-doctor\n\nExit status: 0 allowed, 1 blocked, 2 usage, 3 no connection, 4 undecided (not sent)"
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Send what a browser would send, and name the cause
    Check(Box<Check>),
    /// Say what a console message, or what curl -i prints, means
    Explain(Explain),
    /// Say what a server's CORS lets other sites do
    Audit(Box<Audit>),
    /// Check a policy file, and say what it allows
    Policy(PolicyFile),
    /// Say what a new policy file lets in that an old one does not
    Diff(Diff),
    /// Print completions for a shell
    Completions(Completions),
}

/// Send what a browser would send, and name the cause
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
#[command(
    help_template = STYLE,
    override_usage = "cors-doctor check [URL] [OPTIONS]",
    after_help = "Example: cors-doctor check https://api.example/items -X PUT --origin https://app.example\nSends at most the preflight, unless the request is a GET or HEAD, or --send is given."
)]
pub(crate) struct Check {
    /// The URL that the page requests
    #[arg(hide = true)]
    pub(crate) url: Option<String>,
    /// The page's origin, as the address bar shows it
    #[arg(long)]
    pub(crate) origin: Option<String>,
    /// The method
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    pub(crate) method: Option<String>,
    /// A header that the page's script sets
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) headers: Vec<String>,
    /// The body
    #[arg(short = 'd', long = "data", value_name = "TEXT", allow_hyphen_values = true)]
    pub(crate) data: Option<String>,
    /// Cookies; sets --credentials
    #[arg(short = 'b', long = "cookie", value_name = "COOKIES")]
    pub(crate) cookie: Option<String>,
    /// Credentials mode; without a value: include
    #[arg(long, value_name = "MODE", num_args = 0..=1, require_equals = true, default_missing_value = "include", hide_possible_values = true)]
    pub(crate) credentials: Option<CredentialsMode>,
    /// Mode: cors, no-cors, same-origin
    #[arg(long, hide_possible_values = true)]
    pub(crate) mode: Option<FetchMode>,
    /// Redirect mode: follow, error, manual
    #[arg(long, hide = true, hide_possible_values = true, value_name = "MODE")]
    pub(crate) redirect: Option<RedirectMode>,
    /// A pasted curl command
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["url", "fetch", "har"])]
    pub(crate) curl: Option<String>,
    /// A pasted fetch() call
    #[arg(long, value_name = "CALL", conflicts_with_all = ["url", "har"])]
    pub(crate) fetch: Option<String>,
    /// Each request to another origin in a HAR file; sends nothing
    #[arg(long, value_name = "FILE", conflicts_with = "url")]
    pub(crate) har: Option<PathBuf>,
    /// Send the request itself, whatever its method
    #[arg(long)]
    pub(crate) send: bool,
    /// Send a GET of the URL, too, if that would settle it
    #[arg(long)]
    pub(crate) try_get: bool,
    /// Send no probes, only what the browser sends
    #[arg(long)]
    pub(crate) no_probes: bool,
    /// A path of the server that needs no session
    #[arg(long, value_name = "PATH")]
    pub(crate) open_path: Option<String>,
    /// The server's policy file
    #[arg(long, value_name = "FILE")]
    pub(crate) policy: Option<PathBuf>,
    /// Show the recipe for one server in full
    #[arg(long, value_name = "NAME")]
    pub(crate) server: Option<String>,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args)]
pub(crate) struct Network {
    /// Don't check certificates
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,
    /// Trust the certificates in a PEM file, too
    #[arg(long, value_name = "FILE")]
    pub(crate) cacert: Option<PathBuf>,
    /// Connect to another address
    #[arg(long, value_name = "HOST:PORT:ADDRESS")]
    pub(crate) resolve: Vec<String>,
    /// Seconds to wait for a response
    #[arg(short = 'm', long, value_name = "SECONDS", default_value_t = 10.0)]
    pub(crate) max_time: f64,
}

/// Say what a console message, or what curl -i prints, means. Sends nothing
#[derive(Args)]
#[command(
    help_template = STYLE,
    after_help = "Example: cors-doctor explain \"No 'Access-Control-Allow-Origin' header is present on the requested resource.\""
)]
pub(crate) struct Explain {
    /// The text; read from standard input if there is none
    pub(crate) text: Vec<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say what a server's CORS lets other sites do. Exit status: 0 nothing dangerous, 1 something, 4 stopped before the end
#[derive(Args)]
#[command(
    help_template = STYLE,
    override_usage = "cors-doctor audit URL [OPTIONS]",
    after_help = "Example: cors-doctor audit https://api.example/me --origin https://app.example -b 'sid=…'\nAudit only servers that are yours. It sends GET and OPTIONS, at most two a second."
)]
pub(crate) struct Audit {
    /// The address of something that a signed-in user reads
    #[arg(hide = true)]
    pub(crate) url: String,
    /// Your front end's origin, if it is another than the server's
    #[arg(long)]
    pub(crate) origin: Option<String>,
    /// A header of a session, such as 'Authorization: …'
    #[arg(short = 'H', long = "header", value_name = "LINE")]
    pub(crate) headers: Vec<String>,
    /// The cookies of a session
    #[arg(short = 'b', long = "cookie", value_name = "COOKIES")]
    pub(crate) cookie: Option<String>,
    /// Only some networks can reach the server, so reaching it is a credential
    #[arg(long)]
    pub(crate) filtered: bool,
    /// List the requests, and send nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) network: Network,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check a policy file, and say what it allows. Exit status: 0 valid, 1 not valid
#[derive(Args)]
#[command(help_template = STYLE, after_help = "Example: cors-doctor policy cors.toml")]
pub(crate) struct PolicyFile {
    /// A TOML file with the fields of PolicyConfig
    pub(crate) file: PathBuf,
    /// The table that has the policy, such as server.cors
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Say what a new policy file lets in that an old one does not. Exit status: 0 nothing, 1 something, or it can't tell
#[derive(Args)]
#[command(help_template = STYLE, after_help = "Example: cors-doctor diff old.toml new.toml")]
pub(crate) struct Diff {
    /// The old policy; missing or empty means: it let nothing in
    pub(crate) old: PathBuf,
    /// The new policy
    pub(crate) new: PathBuf,
    /// The table that has the policy, such as server.cors
    #[arg(long, value_name = "NAME")]
    pub(crate) table: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print completions for a shell
#[derive(Args)]
#[command(
    help_template = STYLE,
    after_help = "Example: cors-doctor completions bash > ~/.local/share/bash-completion/completions/cors-doctor"
)]
pub(crate) struct Completions {
    /// bash, elvish, fish, powershell or zsh
    #[arg(hide_possible_values = true)]
    pub(crate) shell: Shell,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum CredentialsMode {
    Omit,
    SameOrigin,
    Include,
}

impl From<CredentialsMode> for Credentials {
    fn from(mode: CredentialsMode) -> Self {
        match mode {
            CredentialsMode::Omit => Self::Omit,
            CredentialsMode::SameOrigin => Self::SameOrigin,
            CredentialsMode::Include => Self::Include,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum FetchMode {
    Cors,
    NoCors,
    SameOrigin,
}

impl From<FetchMode> for Mode {
    fn from(mode: FetchMode) -> Self {
        match mode {
            FetchMode::Cors => Self::Cors,
            FetchMode::NoCors => Self::NoCors,
            FetchMode::SameOrigin => Self::SameOrigin,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum RedirectMode {
    Follow,
    Error,
    Manual,
}

impl From<RedirectMode> for Redirect {
    fn from(mode: RedirectMode) -> Self {
        match mode {
            RedirectMode::Follow => Self::Follow,
            RedirectMode::Error => Self::Error,
            RedirectMode::Manual => Self::Manual,
        }
    }
}
