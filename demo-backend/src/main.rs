//! `cargo run -p demo-backend`: reads the command line, starts CORS Lab, shows what comes over the wire, and stops at
//! Ctrl-C.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode, time::Duration};

use clap::Parser;
use demo_backend::{Demo, Options, Origins, Output};

/// CORS Lab: an API on one port, a page on another, an attacker's page on a third, and your browser in between.
#[derive(Parser)]
#[command(version, about)]
struct Arguments {
    /// Where the API listens. A name is bound at every address it has, IPv4 and IPv6.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:8080")]
    api: String,

    /// Where the page is served.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:3000")]
    page: String,

    /// Where the attacker's page is served: another origin, which tries to read what it must not.
    #[arg(long, value_name = "HOST:PORT", default_value = "localhost:3001")]
    attacker: String,

    /// Opens the page in the browser.
    #[arg(long)]
    open: bool,

    /// The CORS policy of the API, read again whenever it is saved. [default: demo-backend/cors.toml]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

/// How long the last lines may take. Whoever has not read them by then won't.
const LAST_LINES: Duration = Duration::from_secs(1);

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let output = Output::standard(std::io::stdout().is_terminal());
    init_log(&output);
    let code = match serve(arguments, &output).await {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, message)) => {
            output.errors().say(format!("error: {message}"));
            ExitCode::from(code)
        }
    };
    output.finish(LAST_LINES);
    code
}

/// Serves until it is told to stop. An error has its exit code.
async fn serve(arguments: Arguments, output: &Output) -> Result<(), (u8, String)> {
    const NOT_STARTED: u8 = 2;
    const FAILED: u8 = 1;

    let options = Options {
        api: arguments.api,
        page: arguments.page,
        attacker: arguments.attacker,
        policy: arguments.policy,
        output: output.clone(),
    };
    let demo = Demo::bind(&options).map_err(|error| (NOT_STARTED, error.to_string()))?;
    // From here on a signal has to be awaited, so nothing may wait for anything else before it is.
    let stop = stop_signal().map_err(|error| (NOT_STARTED, format!("can't listen for Ctrl-C: {error}")))?;
    let Origins { page, api, attacker, .. } = demo.origins();
    let (policy, in_force) = (demo.policy_file().shown(), demo.policy_file().in_force());
    output.lines().say(format!(
        "CORS Lab\n\n  \
         the page     {page}   <- open this in your browser\n  \
         the API      {api}\n  \
         the attacker {attacker}\n  \
         the policy   {policy}   <- edit and save; no restart needed\n\n\
         {in_force}\nCtrl-C stops the servers.\n"
    ));
    // The addresses are bound already, so a browser that is quicker than the servers waits for them.
    if arguments.open
        && let Err(error) = open::that_detached(&page)
    {
        output.errors().say(format!("no browser could be opened ({error}); open {page} yourself"));
    }
    demo.run(stop).await.map_err(|error| (FAILED, format!("the server stopped: {error}")))
}

/// Writes to stderr what the middleware logs in addition to the line of each exchange; `RUST_LOG` changes how much.
fn init_log(output: &Output) {
    use tracing_subscriber::EnvFilter;

    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    let errors = output.errors().clone();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(move || errors.clone())
        .with_ansi(std::io::stderr().is_terminal())
        .without_time()
        .init();
}

/// Resolves at Ctrl-C, or at SIGTERM from a supervisor. It listens from now on, not only when it is awaited.
#[cfg(unix)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Resolves at Ctrl-C. It listens from now on, not only when it is awaited.
#[cfg(windows)]
fn stop_signal() -> std::io::Result<impl Future<Output = ()>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
    })
}
