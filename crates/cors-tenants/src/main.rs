//! `cargo run -p cors-tenants`: reads the command line, starts an instance, and stops at Ctrl-C.

use std::{
    io::{self, IsTerminal as _, Write as _},
    process::ExitCode,
};

use actix_web::HttpServer;
use clap::Parser as _;
use cors_tenants::{
    api::{self, Service},
    config::{Arguments, Config},
    instance::Instance,
    listen::Listeners,
    site::Site,
    store::Store,
};

/// How long the server waits for requests under way when it stops: longer than the database may take.
const GRACE_SECONDS: u64 = 6;

#[actix_web::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    init_log();
    match Box::pin(serve(&arguments)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            // Whoever has closed standard error does not want to know.
            let _ = writeln!(io::stderr(), "error: {message}");
            ExitCode::from(2)
        }
    }
}

async fn serve(arguments: &Arguments) -> Result<(), String> {
    let config = Config::new(arguments).map_err(|error| error.to_string())?;
    let listeners = Listeners::bind(&arguments.listen).map_err(|error| error.to_string())?;
    let site = match config.site {
        Some(site) => site,
        None => Site::parse(&format!("http://{}", listeners.authority)).map_err(|error| error.to_string())?,
    };
    let name = config.name.unwrap_or_else(|| listeners.authority.clone());
    let store = Store::new(&config.database).map_err(|error| error.to_string())?;
    let instance = Instance::new(&name, store, config.settings);
    // From here on a signal has to be awaited.
    let stop = stop_signal().map_err(|error| format!("can't listen for Ctrl-C: {error}"))?;
    say(&greeting(&site, &listeners.authority, &config.database.to_string()));

    let service = Service::new(instance.clone(), site);
    let server = HttpServer::new(move || api::app(service.clone()))
        .tcp_nodelay(true)
        .disable_signals()
        .shutdown_timeout(GRACE_SECONDS);
    let stopped = |error| format!("the server stopped: {error}");
    let server = listeners.sockets.into_iter().try_fold(server, HttpServer::listen).map_err(stopped)?.run();
    let handle = server.handle();
    let stopping = async {
        tokio::select! {
            () = stop => {}
            () = instance.run() => {}
        }
        handle.stop(true).await;
    };
    tokio::join!(server, stopping).0.map_err(stopped)
}

/// Resolves at Ctrl-C, or at SIGTERM from a supervisor. It listens from now on, not only when it is awaited.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
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
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut ctrl_c = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        ctrl_c.recv().await;
    })
}

/// The address, and what to do next.
fn greeting(site: &Site, authority: &str, database: &str) -> String {
    let of_host = site.tenant_origin("acme").map_or(String::new(), |origin| format!(" or {origin}/"));
    format!(
        "cors-tenants\n\n  \
         the pages     {site}\n  \
         listening at  {authority}\n  \
         the database  {database}\n\n\
         Next:\n  \
         1. Open {site} and make a tenant, such as acme.\n  \
         2. On its page, {site}/t/acme/{of_host}, register the origin of your front end,\n     \
            such as http://localhost:3000.\n  \
         3. In a page of that origin, try: fetch(\"{site}/t/acme/api/notes\", {{ credentials: \"include\" }})\n\n\
         {site}/health says how this instance is. Ctrl-C stops it.\n"
    )
}

/// A closed stream, as in `cors-tenants | head -1`, ends nothing.
fn say(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Writes warnings to standard error; `RUST_LOG` changes how much.
fn init_log() {
    use tracing_subscriber::EnvFilter;

    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn,cors_tenants=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
}
