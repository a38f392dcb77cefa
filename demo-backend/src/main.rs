//! `cargo run -p demo-backend`: reads the command line, starts CORS Lab, shows what comes over the wire, and stops at
//! Ctrl-C.

use std::{io::IsTerminal as _, path::PathBuf, process::ExitCode};

use clap::Parser;
use demo_backend::{Demo, Options, Origins};

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

    /// Lets the page's *Your own API* send to other machines, too. Without it, only to this one.
    #[arg(long)]
    allow_remote_apis: bool,

    /// Opens the page in the browser.
    #[arg(long)]
    open: bool,

    /// The CORS policy of the API, read again whenever it is saved. [default: demo-backend/cors.toml]
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_log();

    let options = Options {
        api: arguments.api,
        page: arguments.page,
        attacker: arguments.attacker,
        policy: arguments.policy,
        allow_remote_apis: arguments.allow_remote_apis,
        announce: |message| match message {
            Ok(message) => println!("{message}"),
            Err(message) => eprintln!("{message}"),
        },
        on_exchange: if std::io::stdout().is_terminal() {
            |line| println!("{}", line.coloured())
        } else {
            |line| println!("{line}")
        },
    };
    let demo = match Demo::bind(&options) {
        Ok(demo) => demo,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    let stop = match stop_signal() {
        Ok(stop) => stop,
        Err(error) => {
            eprintln!("error: can't listen for Ctrl-C: {error}");
            return ExitCode::from(2);
        }
    };
    let Origins { page, api, attacker, .. } = demo.origins();
    println!("CORS Lab\n");
    println!("  the page     {page}   <- open this in your browser");
    println!("  the API      {api}");
    println!("  the attacker {attacker}");
    println!("  the policy   {}   <- edit and save; no restart needed\n", demo.policy_file().shown());
    println!("{}\nCtrl-C stops the servers.\n", demo.policy_file().in_force());
    // The addresses are bound already, so a browser that is quicker than the servers waits for them.
    if arguments.open
        && let Err(error) = open::that_detached(&page)
    {
        eprintln!("no browser could be opened ({error}); open {page} yourself");
    }

    match demo.run(stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: the server stopped: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to stderr what the middleware logs in addition to the line of each exchange; `RUST_LOG` changes how much.
fn init_log() {
    use tracing_subscriber::EnvFilter;

    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
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
