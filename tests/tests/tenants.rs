//! A tenant's pages in each engine: a front end is registered at one instance's page, and let in by another instance; then it is
//! revoked, and isn't any more, within the bound, however fresh the preflight is that the browser remembers.
//!
//! The test of an engine that is not installed is ignored, or fails if `REQUIRE_BROWSERS` lists it.

use std::{
    io,
    net::TcpListener,
    sync::mpsc,
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use actix_web::{App, HttpResponse, HttpServer, dev::ServerHandle, web};
use cors_tenants::{
    api::{self, Service},
    instance::{Instance, settings},
    site::Site,
    store::{DatabaseUrl, Store},
};
use end_to_end::{Installed, Session, run_in_each_engine};
use libtest_mimic::{Arguments, Failed};
use serde_json::json;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(20);
const MAX_STALE: Duration = Duration::from_secs(4);
const PASSWORD: &str = "correct horse battery";
/// The width of a small phone.
const NARROW: u32 = 360;

fn main() {
    run_in_each_engine(&Arguments::from_args(), "a_registration_and_a_revocation", run, vec![]);
}

fn run(engine: &Installed) -> Result<(), Failed> {
    let folder = TempDir::new()?;
    let database = DatabaseUrl::of_file(&folder.path().join("tenants.sqlite"))?;
    let one = Server::instance("one", &database)?;
    let two = Server::instance("two", &database)?;
    let front_end = Server::page()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let session = engine.start().await?;
        let outcome = take(&session, &one.origin, &two.origin, &front_end.origin).await;
        session.close().await?;
        outcome
    })
}

async fn take(session: &Session, one: &str, two: &str, front_end: &str) -> Result<(), Failed> {
    // A tenant is made at the first instance's page.
    session.goto(&format!("{one}/")).await?;
    fill(session, &[("#tenant", "acme"), ("#account", "ada"), ("#password", PASSWORD)]).await?;
    session.wait_for("#new button", PATIENCE).await?.click().await?;
    session.wait_for("#signed-in:not([hidden])", PATIENCE).await?;
    fits(session, "a tenant's page").await?;
    let management = session.current_url().await?.to_string();

    let is_let_in = async || reaches(session, front_end, two).await;
    assert_eq!(is_let_in().await?, [false, false], "before it is registered");

    session.goto(&management).await?;
    // What is not valid is said at the field.
    fill(session, &[("#signed-in:not([hidden]) #origin", &format!("{front_end}/x"))]).await?;
    session.wait_for("#signed-in:not([hidden]) #register button", PATIENCE).await?.click().await?;
    let said = session
        .wait_for("#signed-in:not([hidden]) #register .said.bad:not(:empty)", PATIENCE)
        .await?
        .text()
        .await?;
    assert!(said.contains(&format!("Register \"{front_end}\"")), "{said}");
    fill(session, &[("#signed-in:not([hidden]) #origin", front_end)]).await?;
    session.wait_for("#signed-in:not([hidden]) #register button", PATIENCE).await?.click().await?;
    session.wait_for("#origins li", PATIENCE).await?;
    let registered = Instant::now();
    while is_let_in().await? != [true, true] {
        assert!(registered.elapsed() < MAX_STALE, "it is not let in, {:?} after", registered.elapsed());
    }

    // The browser now remembers a preflight of the second instance, for as long as it may.
    session.goto(&management).await?;
    session.wait_for("#signed-in:not([hidden]) #origins li button", PATIENCE).await?.click().await?;
    session.wait_for("#none:not([hidden])", PATIENCE).await?;
    let revoked = Instant::now();
    while is_let_in().await? != [false, false] {
        assert!(revoked.elapsed() < MAX_STALE, "it is still let in, {:?} after", revoked.elapsed());
    }

    // The log has all of it, with who and where.
    session.goto(&management).await?;
    session.wait_for("#signed-in:not([hidden]) #audit tr", PATIENCE).await?;
    let rows = session.eval("return [...document.querySelectorAll('#audit tr')].map(row => [...row.cells].slice(1).map(cell => cell.textContent).join(' | '))", &[]).await?;
    let expected = json!([
        format!("ada | revoked {front_end} | one"),
        format!("ada | registered {front_end} | one"),
        "ada | made the tenant | one"
    ]);
    assert_eq!(rows, expected);
    session.wait_for("#sign-out", PATIENCE).await?.click().await?;
    session.wait_for("#sign-in:not([hidden])", PATIENCE).await?;
    fits(session, "the form to sign in").await?;
    fill(session, &[("#name", "ada"), ("#password", "wrong horse battery")]).await?;
    session.wait_for("#credentials button", PATIENCE).await?.click().await?;
    let said = session.wait_for("#credentials .said.bad:not(:empty)", PATIENCE).await?.text().await?;
    assert_eq!(said, "the account or the password is wrong");
    Ok(())
}

/// Whether a page of the front end can read the tenant's notes from an instance, and add one, which takes a preflight.
async fn reaches(session: &Session, front_end: &str, instance: &str) -> Result<[bool; 2], Failed> {
    session.goto(front_end).await?;
    let script = "
        const read = await fetch(arguments[0], { credentials: 'include' }).then(async (response) => [response.status, await response.json()], () => null);
        const added = await fetch(arguments[0], {
            method: 'POST', credentials: 'include', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ text: 'x' }),
        }).then((response) => response.status, () => null);
        return [read, added];
    ";
    let notes = format!("{instance}/t/acme/api/notes");
    let seen = session.eval_async(script, &[json!(notes)]).await?;
    let (read, added) = (&seen[0], &seen[1]);
    // Whoever is let in has a session, by the cookie: the page is of the same site.
    assert!(read.is_null() || (read[0] == 200 && read[1]["tenant"] == "acme"), "{seen}");
    assert!(added.is_null() || added == 201, "{seen}");
    Ok([!read.is_null(), !added.is_null()])
}

async fn fill(session: &Session, fields: &[(&str, &str)]) -> Result<(), Failed> {
    for (field, text) in fields {
        let element = session.wait_for(field, PATIENCE).await?;
        element.clear().await?;
        element.send_keys(text).await?;
    }
    Ok(())
}

/// Nothing is wider than a small phone.
async fn fits(session: &Session, what: &str) -> Result<(), Failed> {
    let (width, height) = session.get_window_size().await?;
    session.set_window_size(NARROW, 740).await?;
    let script =
        "const { scrollWidth, clientWidth } = document.documentElement; return [scrollWidth, clientWidth]";
    let widths = session.eval(script, &[]).await?;
    session.set_window_size(u32::try_from(width)?, u32::try_from(height)?).await?;
    let [scrolled, visible] = [0, 1].map(|place| widths[place].as_u64().unwrap_or_default());
    assert!(scrolled <= visible, "{what} is {scrolled} px wide in a window of {visible}");
    Ok(())
}

/// A server on a thread of its own. It ends when it is dropped.
struct Server {
    origin: String,
    handle: ServerHandle,
    thread: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    fn instance(name: &'static str, database: &DatabaseUrl) -> Result<Self, Failed> {
        let (listener, origin) = listen()?;
        let (database, site) = (database.clone(), Site::parse(&origin)?);
        Self::start(origin, move || {
            let store = Store::new(&database).map_err(io::Error::other)?;
            let instance = Instance::new(name, store, settings(MAX_STALE).map_err(io::Error::other)?);
            let running = instance.clone();
            actix_rt::spawn(async move { Box::pin(running.run()).await });
            let service = Service::new(instance, site);
            Ok(HttpServer::new(move || api::app(service.clone()))
                .workers(1)
                .disable_signals()
                .listen(listener)?
                .run())
        })
    }

    /// A tenant's front end.
    fn page() -> Result<Self, Failed> {
        let (listener, origin) = listen()?;
        let page = || async {
            HttpResponse::Ok().content_type("text/html").body("<!doctype html><title>Front end</title>")
        };
        Self::start(origin, move || {
            let app = move || App::new().route("/", web::get().to(page));
            Ok(HttpServer::new(app).workers(1).disable_signals().listen(listener)?.run())
        })
    }

    fn start(
        origin: String,
        make: impl FnOnce() -> io::Result<actix_web::dev::Server> + Send + 'static,
    ) -> Result<Self, Failed> {
        let (send, receive) = mpsc::channel();
        let thread = thread::spawn(move || {
            actix_rt::System::new().block_on(async move {
                let server = make()?;
                let _ = send.send(server.handle());
                server.await
            })
        });
        let handle = receive.recv().map_err(|_| "the server does not start")?;
        Ok(Self { origin, handle, thread: Some(thread) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The command is sent by this; nobody has to wait for its future.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen() -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let origin = format!("http://localhost:{}", listener.local_addr()?.port());
    Ok((listener, origin))
}
