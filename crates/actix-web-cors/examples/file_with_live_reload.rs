//! A policy in a configuration file, which may change while the server runs.
//!
//!     cargo run -p actix-web-cors --example file_with_live_reload
//!     cargo run -p actix-web-cors --example file_with_live_reload -- your/cors.toml
//!
//! The file is read again when its contents have changed, at the latest after two seconds, and on Unix at once when the process
//! gets SIGHUP. Change the origin in `cors.toml`, next to this file, and see the response change:
//!
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: http://localhost:5173'
//!
//! Then make a mistake, such as a slash at the end of an origin: the server prints the line and the correction, and the previous
//! policy stays in force. If the file has a mistake when the server starts, there is no previous policy, so it doesn't start.

use std::{cell::RefCell, env, error::Error, fs, path::PathBuf, rc::Rc, time::Duration};

use actix_web::{App, HttpResponse, HttpServer, rt, web};
use actix_web_cors::{Cors, LivePolicy, Policy};

/// What a look at the file found: its text, or why it can't be read.
type Found = Result<String, String>;

struct PolicyFile {
    path: PathBuf,
    live: LivePolicy,
    /// What was found when the policy was last read, so that a mistake is printed once and not every second.
    read: RefCell<Found>,
}

impl PolicyFile {
    fn look(&self) -> Found {
        fs::read_to_string(&self.path).map_err(|error| error.to_string())
    }

    /// Puts the policy in force, or says why it can't be.
    fn read(&self, found: Found) {
        let path = self.path.display();
        let parsed = found.as_deref().map_err(Clone::clone);
        match parsed.and_then(|text| Policy::from_toml(text).map_err(|error| error.to_string())) {
            Ok(policy) => {
                let widenings = self.live.current().widening(&policy);
                self.live.replace(policy);
                println!("{path}: a new policy is in force");
                for widening in widenings {
                    println!("  {widening}");
                }
            }
            Err(error) => eprintln!("{path}: {error}\nthe previous policy stays in force"),
        }
        *self.read.borrow_mut() = found;
    }
}

/// Compares contents rather than times: a file that is replaced, restored or mounted may have an older time than before.
async fn read_when_changed(file: Rc<PolicyFile>) {
    let mut before = file.read.borrow().clone();
    loop {
        rt::time::sleep(Duration::from_secs(1)).await;
        let found = file.look();
        // Found twice, because an editor that is still writing may have saved half a list.
        if found == before && found != *file.read.borrow() {
            file.read(found.clone());
        }
        before = found;
    }
}

#[cfg(unix)]
async fn read_on_hangup(file: Rc<PolicyFile>, mut hangups: rt::signal::unix::Signal) {
    while hangups.recv().await.is_some() {
        file.read(file.look());
    }
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let path =
        env::args().nth(1).unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/cors.toml").into());
    let text = fs::read_to_string(&path).inspect_err(|_| eprintln!("in {path}:"))?;
    let live = LivePolicy::new(Policy::from_toml(&text).inspect_err(|_| eprintln!("in {path}:"))?);

    // These run on the main thread. Requests are handled on others, so none waits for the file.
    let file = Rc::new(PolicyFile { path: path.into(), live: live.clone(), read: RefCell::new(Ok(text)) });
    #[cfg(unix)]
    {
        use rt::signal::unix::{SignalKind, signal};
        rt::spawn(read_on_hangup(Rc::clone(&file), signal(SignalKind::hangup())?));
    }
    rt::spawn(read_when_changed(file));

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Cors::new(live.clone()))
            .route("/notes", web::get().to(|| async { HttpResponse::Ok().json(["milk", "bread"]) }))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
