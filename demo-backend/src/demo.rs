//! Puts the three servers together. Everything that can fail does so in [`Demo::bind`], before anything is served.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    sync::mpsc,
    thread::{self, JoinHandle},
    time::Duration,
};

use actix_files::Files;
use actix_web::{
    App, Error, HttpServer,
    body::MessageBody,
    dev::{Server, ServerHandle, ServiceFactory, ServiceRequest, ServiceResponse},
    http::header::{self, HeaderValue},
    middleware::{Compress, DefaultHeaders, Next, from_fn},
    web::{self, Data},
};
use actix_web_cors::Cors;
use futures_util::future::{Either, join_all, select, try_join_all};

use crate::{
    api::{cdn, headers, policy_source::SessionPolicy, record, routes},
    listeners::Listeners,
    origins::{Origins, source},
    output::Output,
    own_name::{self, OwnName},
    page::{
        control::{self, ControlContext},
        own::OwnApis,
        own_address::{self, OwnOrigin},
        proxy::{self, ProxyContext},
    },
    session::{
        Sessions,
        forwarded::Forwarded,
        policy_file::{PolicyFile, Watch},
    },
    start_error::StartError,
    whole_body,
};

/// What to start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the API listens, as `host:port`. Port 0 takes a free one.
    pub api: String,
    /// Where the page is served, in the same form.
    pub page: String,
    /// Where the attacker's page is served, in the same form.
    pub attacker: String,
    /// The policy's file; none for `demo-backend/cors.toml`.
    pub policy: Option<PathBuf>,
    /// Whether *Your own API* may be on another machine.
    pub allow_remote_apis: bool,
    /// Where exchanges, and saves of the policy's file, are said.
    pub output: Output,
}

/// How long the servers wait for a request under way when they stop.
const GRACE_SECONDS: u64 = 1;
/// How long the servers may take to stop. Whatever keeps one from it, the Lab ends.
const STOP_PATIENCE: Duration = Duration::from_secs(GRACE_SECONDS + 2);

/// All servers, bound and ready, with nothing running yet.
pub struct Demo {
    api: Listeners,
    page: Listeners,
    attacker: Listeners,
    policy_file: PolicyFile,
    frontend: PathBuf,
    sessions: Data<Sessions>,
    own: Data<OwnApis>,
    output: Output,
    watch: Watch,
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
        let attacker = Listeners::bind(&options.attacker)?;
        let sessions = Data::new(Sessions::new(policy_file.clone()));
        let listeners = [&api, &page, &attacker];
        let own = Data::new(OwnApis::new(
            listeners.iter().all(|listeners| listeners.is_loopback()),
            listeners.map(Listeners::port).to_vec(),
            options.allow_remote_apis,
        ));
        // Last, so that nothing is announced if the start fails.
        let watch = policy_file.watch(options.output.clone());
        Ok(Self {
            api,
            page,
            attacker,
            policy_file,
            frontend,
            sessions,
            own,
            output: options.output.clone(),
            watch,
        })
    }

    /// Where its servers are.
    pub fn origins(&self) -> Origins {
        Origins {
            api: self.api.url(),
            api_alias: self.api.alias(),
            page: self.page.url(),
            attacker: self.attacker.url(),
        }
    }

    /// The policy's file.
    pub fn policy_file(&self) -> &PolicyFile {
        &self.policy_file
    }

    /// All sessions.
    pub fn sessions(&self) -> Data<Sessions> {
        self.sessions.clone()
    }

    /// Serves until `stop` resolves, then stops all servers.
    ///
    /// # Errors
    ///
    /// When a server fails while it runs.
    pub async fn run(self, stop: impl Future<Output = ()>) -> io::Result<()> {
        let origins = self.origins();
        let control = ControlContext {
            origins: origins.clone(),
            hosts: self.page.hosts(),
            sessions: self.sessions.clone(),
            own: self.own,
        };
        let forwarded = Forwarded::default();
        let proxy = ProxyContext {
            api: self.api.socket().ok_or_else(|| io::Error::from(io::ErrorKind::AddrNotAvailable))?,
            api_host: origins.api.trim_start_matches("http://").to_owned(),
            hosts: self.page.hosts(),
            forwarded: forwarded.clone(),
        };
        let servers = [
            serve_attacker(self.attacker, self.frontend.join("attacker"), &origins)?,
            serve_api(self.api, self.sessions, origins, forwarded, self.output)?,
            serve_page(self.page, self.frontend, control, proxy)?,
        ];
        let handles = servers.each_ref().map(Server::handle);

        let _watch = self.watch;
        let servers = std::pin::pin!(try_join_all(servers));
        match select(servers, std::pin::pin!(stop)).await {
            Either::Left((result, _)) => result.map(drop),
            Either::Right(((), servers)) => {
                // They end after they are told to stop, and only while they are polled.
                let ended = futures_util::future::join(servers, join_all(handles.map(stop_server)));
                tokio::time::timeout(STOP_PATIENCE, ended).await.map_or(Ok(()), |(ended, _)| ended.map(drop))
            }
        }
    }
}

async fn stop_server(handle: ServerHandle) {
    handle.stop(true).await;
}

fn serve_api(
    listeners: Listeners,
    sessions: Data<Sessions>,
    origins: Origins,
    forwarded: Forwarded,
    output: Output,
) -> io::Result<Server> {
    let own = Data::new(OwnName { origin: origins.api.clone(), flag: "--api" });
    let (origins, forwarded, output) = (Data::new(origins), Data::new(forwarded), Data::new(output));
    start(listeners, move || {
        // From the inside out: a request meets the last one first.
        App::new()
            .configure(routes::routes(origins.clone()))
            .wrap(from_fn(routes::require_session))
            .wrap(Cors::new(SessionPolicy::default()))
            .wrap(from_fn(headers::add_cache_headers))
            .wrap(from_fn(cdn::serve))
            .app_data(sessions.clone())
            .app_data(output.clone())
            .app_data(forwarded.clone())
            .wrap(from_fn(record::record))
            .app_data(own.clone())
            .wrap(from_fn(own_name::require))
    })
}

fn serve_page(
    listeners: Listeners,
    frontend: PathBuf,
    control: ControlContext,
    proxy: ProxyContext,
) -> io::Result<Server> {
    let proxy = Data::new(proxy);
    // The page may connect to the Lab's servers alone, and loads nothing from elsewhere.
    let Origins { page, attacker, .. } = &control.origins;
    let (api, page, attacker) = (control.origins.api_sources(), source(page), source(attacker));
    let others = format!("{api} {attacker}");
    let own = Data::new(OwnOrigin(control.origins.page.clone()));
    let policy = Data::new(SecurityPolicy(format!(
        "default-src 'none'; script-src 'self' {api}; style-src 'self'; font-src {others} {page}; \
         img-src 'self' {others}; media-src {others}; connect-src 'self' {others}; frame-src {attacker}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )));
    // This document sends to the reader's own API, wherever that is; it loads nothing from elsewhere either.
    let reached = if control.own.is_on() { "'self' http: https:" } else { "'self'" };
    let own_policy = Data::new(SecurityPolicy(format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src {reached}; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )));
    start(listeners, move || {
        App::new()
            .configure(control::routes(control.clone()))
            .service(web::redirect("/own", "/own/"))
            .service(
                web::scope("/own")
                    .wrap(from_fn(add_security_policy))
                    .app_data(own_policy.clone())
                    .service(files(&frontend.join("own"))),
            )
            .service(files(&frontend))
            .wrap(from_fn(own_address::keep))
            .app_data(own.clone())
            .wrap(from_fn(add_security_policy))
            .app_data(policy.clone())
            .wrap(static_headers())
            .wrap(Compress::default())
            .app_data(proxy.clone())
            // Outermost: what the API responds goes on as it is.
            .wrap(from_fn(proxy::forward))
    })
}

fn serve_attacker(listeners: Listeners, folder: PathBuf, origins: &Origins) -> io::Result<Server> {
    let name = Data::new(OwnName { origin: origins.attacker.clone(), flag: "--attacker" });
    // Only the Lab's page may frame it. In a sandboxed frame 'self' matches no origin, so its own is named.
    let (own, page) = (source(&origins.attacker), source(&origins.page));
    let others = format!("{} {own}", origins.api_sources());
    let policy = Data::new(SecurityPolicy(format!(
        "default-src 'none'; script-src {others} {page}; style-src {own}; font-src {others} {page}; \
         img-src {others} {page}; media-src {others} {page}; connect-src {others} {page}; \
         base-uri 'none'; form-action 'none'; frame-ancestors {page}"
    )));
    start(listeners, move || {
        App::new()
            .service(files(&folder))
            .wrap(from_fn(add_security_policy))
            .app_data(policy.clone())
            .wrap(static_headers())
            .app_data(name.clone())
            .wrap(from_fn(own_name::require))
    })
}

fn files(folder: &Path) -> Files {
    Files::new("/", folder).index_file("index.html").disable_content_disposition()
}

fn static_headers() -> DefaultHeaders {
    DefaultHeaders::new()
        .add((header::CACHE_CONTROL, "no-cache"))
        .add((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
}

/// A value of `Content-Security-Policy`.
#[derive(Clone)]
struct SecurityPolicy(String);

/// Adds the `Content-Security-Policy`, except to scripts, styles and JSON: it governs documents, and on each of the page's
/// modules it would be half a kilobyte for nothing.
async fn add_security_policy<B: MessageBody>(
    policy: Data<SecurityPolicy>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let content_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let governs_nothing = ["text/javascript", "text/css", "application/json"];
    let is_document =
        !content_type.is_some_and(|value| governs_nothing.iter().any(|kind| value.starts_with(kind)));
    let headers = response.headers_mut();
    // A document of its own has a policy of its own.
    if is_document
        && !headers.contains_key(header::CONTENT_SECURITY_POLICY)
        && let Ok(value) = HeaderValue::try_from(&policy.0)
    {
        headers.insert(header::CONTENT_SECURITY_POLICY, value);
    }
    Ok(response)
}

fn start<F, T, B>(listeners: Listeners, app: F) -> io::Result<Server>
where
    F: Fn() -> App<T> + Send + Clone + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = actix_web::Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let app = move || app().wrap(from_fn(whole_body::require));
    // A response of two packets would otherwise wait 40 ms for the first one to be acknowledged.
    let server =
        HttpServer::new(app).workers(1).tcp_nodelay(true).disable_signals().shutdown_timeout(GRACE_SECONDS);
    Ok(listeners.sockets.into_iter().try_fold(server, HttpServer::listen)?.run())
}

/// A file or folder of the project, wherever the program was started: next to its sources, or above the program itself or the
/// current directory.
fn find(name: &str) -> Option<PathBuf> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_owned);
    let program = std::env::current_exe().ok();
    let current = std::env::current_dir().ok();
    let above = program.iter().chain(&current).flat_map(|path| path.ancestors()).map(Path::to_owned);
    sources.into_iter().chain(above).map(|folder| folder.join(name)).find(|path| path.exists())
}

/// A demo that runs on a thread of its own until it is dropped; for tests.
pub struct Running {
    origins: Origins,
    policy_file: PolicyFile,
    sessions: Data<Sessions>,
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
            let facts = (demo.origins(), demo.policy_file().clone(), demo.sessions());
            let _ = tell.send(Ok(facts));
            actix_web::rt::System::new().block_on(demo.run(async {
                let _ = stopped.await;
            }))
        });
        let (origins, policy_file, sessions) = told.recv().expect("the thread says how it went")?;
        Ok(Self { origins, policy_file, sessions, stop: Some(stop), thread: Some(thread) })
    }

    /// Where its servers are.
    pub fn origins(&self) -> &Origins {
        &self.origins
    }

    /// The policy's file.
    pub fn policy_file(&self) -> &PolicyFile {
        &self.policy_file
    }

    /// All sessions.
    pub fn sessions(&self) -> &Sessions {
        &self.sessions
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
