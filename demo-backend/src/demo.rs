//! Puts the two servers together. Everything that can fail does so in [`Demo::bind`], before anything is served.

use std::{
    fmt,
    future::Future,
    io,
    net::{SocketAddr, TcpListener, ToSocketAddrs as _},
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
};

use actix_files::Files;
use actix_web::{
    App, HttpServer,
    dev::{Server, ServerHandle},
    http::header,
    middleware::{DefaultHeaders, from_fn},
    web::Data,
};
use actix_web_cors::Cors;
use futures_util::future::{Either, select, try_join};
use notify::Watcher;

use crate::{
    api::{self, Store},
    control::{self, Control},
    exchange_log::{self, ExchangeLog},
    policy_file::{Announce, PolicyFile, PolicyFileError},
};

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the API listens, as `host:port`. Port 0 takes a free one.
    pub api: String,
    /// Where the page is served, likewise.
    pub page: String,
    /// The policy's file; none for `demo-backend/cors.toml`.
    pub policy: Option<PathBuf>,
    /// Is told whenever the policy's file was saved.
    pub announce: Announce,
}

/// Why nothing was started.
#[derive(Debug)]
pub enum StartError {
    /// An address is no address.
    BadAddress(String, io::Error),
    /// Something listens there already, or the system won't let us.
    CannotListen(SocketAddr, io::Error),
    /// The policy can't be read.
    Policy(PolicyFileError),
    /// A folder or file of the Lab's own is not where it should be.
    Missing(&'static str),
    /// The policy's file can't be watched.
    CannotWatch(notify::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadAddress(address, error) => {
                write!(
                    f,
                    "{address:?} is not an address to listen at ({error}); write one such as localhost:8080"
                )
            }
            Self::CannotListen(address, error) if error.kind() == io::ErrorKind::AddrInUse => {
                write!(
                    f,
                    "{address} is taken by another program; stop that one, or choose another port with --api or --page"
                )
            }
            Self::CannotListen(address, error) => write!(f, "can't listen at {address}: {error}"),
            Self::Policy(error) => error.fmt(f),
            Self::Missing(what) => {
                write!(f, "{what} was not found; start the demo from the project's folder")
            }
            Self::CannotWatch(error) => write!(f, "the policy file can't be watched for changes: {error}"),
        }
    }
}

impl std::error::Error for StartError {}

/// How long a request that is under way may take when the servers stop.
const GRACE_SECONDS: u64 = 1;

/// Both servers, bound and ready, with nothing running yet.
pub struct Demo {
    api: Listeners,
    page: Listeners,
    policy_file: PolicyFile,
    frontend: PathBuf,
    store: Data<Store>,
    /// Watches the policy's file for as long as it lives.
    watcher: Box<dyn Watcher + Send>,
}

impl Demo {
    /// Reads the policy, binds every address, and watches the policy's file from now on.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what stood in the way; then nothing was started.
    pub fn bind(options: &Options) -> Result<Self, StartError> {
        let frontend = find("demo-frontend").ok_or(StartError::Missing("the folder demo-frontend"))?;
        let path = match &options.policy {
            Some(path) => path.clone(),
            None => find("demo-backend/cors.toml").ok_or(StartError::Missing("demo-backend/cors.toml"))?,
        };
        let policy_file = PolicyFile::open(&path).map_err(StartError::Policy)?;
        let api = Listeners::bind(&options.api)?;
        let page = Listeners::bind(&options.page)?;
        let store = Data::new(Store::default());
        // Last, so that nothing is announced if the start fails.
        let watcher = policy_file.watch(options.announce).map_err(StartError::CannotWatch)?;
        Ok(Self { api, page, policy_file, frontend, store, watcher })
    }

    /// The API's origin.
    pub fn api_url(&self) -> String {
        self.api.url()
    }

    /// The page's origin.
    pub fn page_url(&self) -> String {
        self.page.url()
    }

    /// The policy's file.
    pub fn policy_file(&self) -> &PolicyFile {
        &self.policy_file
    }

    /// What the API keeps.
    pub fn store(&self) -> Data<Store> {
        self.store.clone()
    }

    /// Serves until `stop` resolves, then stops both servers.
    ///
    /// # Errors
    ///
    /// When a server fails while it runs.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let log = Data::new(ExchangeLog::default());
        let control = Control {
            api_url: self.api.url(),
            hosts: self.page.hosts(),
            policy_file: self.policy_file.clone(),
            log: log.clone(),
        };
        let api = serve_api(self.api, self.policy_file, self.store, log)?;
        let page = serve_page(self.page, self.frontend, control)?;
        let handles = [api.handle(), page.handle()];

        let _watcher = self.watcher;
        let servers = std::pin::pin!(try_join(api, page));
        match select(servers, std::pin::pin!(stop)).await {
            Either::Left((result, _)) => result.map(drop),
            Either::Right(((), servers)) => {
                let stopping = async {
                    futures_util::future::join_all(handles.map(stop_server)).await;
                    Ok(())
                };
                try_join(servers, stopping).await.map(drop)
            }
        }
    }
}

async fn stop_server(handle: ServerHandle) {
    handle.stop(true).await;
}

fn serve_api(
    listeners: Listeners,
    policy_file: PolicyFile,
    store: Data<Store>,
    log: Data<ExchangeLog>,
) -> io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .configure(api::routes(store.clone()))
            .wrap(Cors::new(policy_file.live().clone()))
            .app_data(log.clone())
            .wrap(from_fn(exchange_log::record))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS);
    Ok(listeners.sockets.into_iter().try_fold(server, HttpServer::listen)?.run())
}

fn serve_page(listeners: Listeners, frontend: PathBuf, control: Control) -> io::Result<Server> {
    // The page may talk to its own server and to the API, and nothing on it comes from elsewhere.
    let content_security_policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' {}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        control.api_url
    );
    let server = HttpServer::new(move || {
        App::new()
            .configure(control::routes(control.clone()))
            .service(Files::new("/", &frontend).index_file("index.html"))
            .wrap(
                DefaultHeaders::new()
                    .add((header::CACHE_CONTROL, "no-cache"))
                    .add((header::CONTENT_SECURITY_POLICY, content_security_policy.as_str()))
                    .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff")),
            )
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(GRACE_SECONDS);
    Ok(listeners.sockets.into_iter().try_fold(server, HttpServer::listen)?.run())
}

/// One server's sockets: one for each address that its host name has.
struct Listeners {
    host: String,
    port: u16,
    sockets: Vec<TcpListener>,
}

impl Listeners {
    /// How often another free port is tried where the first is free at one address only.
    const TRIES: usize = 10;

    fn bind(address: &str) -> Result<Self, StartError> {
        let bad = |error| StartError::BadAddress(address.to_owned(), error);
        let (host, _) = address
            .rsplit_once(':')
            .filter(|(host, _)| !host.is_empty())
            .ok_or_else(|| bad(io::Error::from(io::ErrorKind::InvalidInput)))?;
        let mut resolved: Vec<SocketAddr> = address.to_socket_addrs().map_err(bad)?.collect();
        // Some systems know `localhost` as one of the two only; browsers try both.
        if host == "localhost"
            && let Some(port) = resolved.first().map(SocketAddr::port)
        {
            resolved.extend([
                SocketAddr::from(([127, 0, 0, 1], port)),
                SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)),
            ]);
        }
        resolved.sort();
        resolved.dedup();

        let mut tries = 1;
        loop {
            match Self::bind_all(host, &resolved) {
                // A free port of one address may be taken at another.
                Err(StartError::CannotListen(_, error))
                    if error.kind() == io::ErrorKind::AddrInUse
                        && resolved.iter().all(|address| address.port() == 0)
                        && tries < Self::TRIES =>
                {
                    tries += 1;
                }
                result => return result,
            }
        }
    }

    fn bind_all(host: &str, addresses: &[SocketAddr]) -> Result<Self, StartError> {
        let (mut sockets, mut port, mut unavailable) = (Vec::new(), 0, None);
        for &address in addresses {
            let address = if port == 0 { address } else { SocketAddr::new(address.ip(), port) };
            let bound =
                TcpListener::bind(address).and_then(|socket| Ok((socket.local_addr()?.port(), socket)));
            match bound {
                Ok((bound_port, socket)) => {
                    port = bound_port;
                    sockets.push(socket);
                }
                // A machine without IPv6, or without IPv4, has no such address; the other will do.
                Err(error) if error.kind() != io::ErrorKind::AddrInUse && addresses.len() > 1 => {
                    unavailable = Some(StartError::CannotListen(address, error));
                }
                Err(error) => return Err(StartError::CannotListen(address, error)),
            }
        }
        match unavailable {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { host: host.to_owned(), port, sockets }),
        }
    }

    /// The origin under which browsers reach it. A wildcard address is no name to browse to.
    fn url(&self) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" | "[::]" => "localhost",
            host => host,
        };
        if self.port == 80 { format!("http://{host}") } else { format!("http://{host}:{}", self.port) }
    }

    /// The `Host` values that a browser on this machine sends.
    fn hosts(&self) -> Vec<String> {
        let mut hosts = Vec::new();
        for name in [self.host.as_str(), "localhost", "127.0.0.1", "[::1]"] {
            hosts.push(format!("{name}:{}", self.port));
            if self.port == 80 {
                hosts.push(name.to_owned());
            }
        }
        hosts
    }
}

/// A file or folder of the project, wherever the program was started: beside its sources, or above the program itself or
/// the current directory.
fn find(name: &str) -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned);
    let program = std::env::current_exe().ok();
    let current = std::env::current_dir().ok();
    let above = program.iter().chain(&current).flat_map(|path| path.ancestors()).map(Path::to_owned);
    sources.into_iter().chain(above).map(|folder| folder.join(name)).find(|path| path.exists())
}

/// A demo that runs on a thread of its own until it is dropped; for tests.
pub struct Running {
    api_url: String,
    page_url: String,
    policy_file: PolicyFile,
    store: Data<Store>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Starts a demo and returns when it is listening.
    ///
    /// # Errors
    ///
    /// As [`Demo::bind`].
    ///
    /// # Panics
    ///
    /// When the thread ends before it could say how it went.
    pub fn start(options: &Options) -> Result<Self, StartError> {
        let options = options.clone();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let (tell, told) = mpsc::sync_channel(1);
        let thread = thread::spawn(move || {
            let demo = match Demo::bind(&options) {
                Ok(demo) => demo,
                Err(error) => {
                    let _ = tell.send(Err(error));
                    return Ok(());
                }
            };
            let facts = (demo.api_url(), demo.page_url(), demo.policy_file().clone(), demo.store());
            let _ = tell.send(Ok(facts));
            actix_web::rt::System::new().block_on(demo.run(async {
                let _ = stopped.await;
            }))
        });
        let (api_url, page_url, policy_file, store) = told.recv().expect("the thread says how it went")?;
        Ok(Self { api_url, page_url, policy_file, store, stop: Some(stop), thread: Some(thread) })
    }

    /// The API's origin.
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The page's origin.
    pub fn page_url(&self) -> &str {
        &self.page_url
    }

    /// The policy's file.
    pub fn policy_file(&self) -> &PolicyFile {
        &self.policy_file
    }

    /// What the API keeps.
    pub fn store(&self) -> &Store {
        &self.store
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
