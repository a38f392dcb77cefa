//! The two servers, each in a process of its own so that its memory is its own. It prints its address and serves until its
//! standard input ends.

use std::{
    io::{self, Read as _, Write as _},
    thread,
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, error::ErrorInternalServerError, web};
use actix_web_cors::{Cors, InvalidPolicy, LivePolicy, Policy};

use super::requests::{ALLOWED, BIG, PATTERN};

/// The argument by which this program becomes a server.
pub const SERVER: &str = "soak-server";

/// The server with the middleware.
pub(super) const OURS: &str = "with Cors";

/// Both servers.
pub(super) const KINDS: [&str; 2] = ["bare", OURS];

/// Ten times a second.
const REPLACED: Duration = Duration::from_millis(100);

/// Serves as `bare`, or with the middleware.
///
/// # Errors
///
/// If it can't listen, or a policy is not valid.
pub fn run(kind: &str) -> io::Result<()> {
    let policies = policies()?;
    let live = LivePolicy::new(policies[0].clone());
    if kind == OURS {
        let live = live.clone();
        thread::spawn(move || {
            for policy in policies.iter().cycle() {
                thread::sleep(REPLACED);
                live.replace(policy.clone());
            }
        });
    }
    let with_cors = kind == OURS;
    actix_web::rt::System::new().block_on(async move {
        let server = HttpServer::new(move || {
            App::new()
                .wrap(actix_web::middleware::Condition::new(with_cors, Cors::new(live.clone())))
                .configure(routes)
        })
        .workers(2)
        .bind_auto_h2c(("127.0.0.1", 0))?;
        println!("{}", server.addrs()[0]);
        io::stdout().flush()?;
        let server = server.run();
        let handle = server.handle();
        thread::spawn(move || {
            // Whoever started this process holds the other end.
            let _ = io::stdin().read_to_end(&mut Vec::new());
            drop(handle.stop(true));
        });
        server.await
    })
}

fn routes(config: &mut web::ServiceConfig) {
    config
        .service(
            web::resource("/notes")
                .get(|| async { HttpResponse::Ok().insert_header(("etag", "\"1\"")).body("[]") })
                .post(|body: web::Bytes| async move { HttpResponse::Created().body(body.len().to_string()) }),
        )
        .service(
            web::resource("/notes/{id}")
                .put(|_: web::Bytes| async { HttpResponse::NoContent().finish() })
                .delete(|| async { HttpResponse::NoContent().finish() }),
        )
        .route("/big", web::get().to(|| async { HttpResponse::Ok().body(vec![b'x'; BIG]) }))
        .route(
            "/fail",
            web::get().to(|| async { Err::<HttpResponse, _>(ErrorInternalServerError("a handler's error")) }),
        );
}

/// What is put in force in turn. Each allows what `requests` calls allowed, or nothing, or every origin, so that a response can
/// be judged without knowing when the policy was replaced.
fn policies() -> Result<Vec<Policy>, InvalidPolicy> {
    let build = |origins: Vec<String>| {
        Policy::builder()
            .allow_origins(origins)
            .allow_methods(["PUT", "DELETE"])
            .allow_headers(["content-type", "x-request-id"])
            .expose_headers(["etag"])
            .allow_credentials()
            .build()
    };
    let many = (0..1000).map(|number| format!("https://site-{number}.example"));
    Ok(vec![
        build(vec![ALLOWED.to_owned(), PATTERN.to_owned()])?,
        build(many.chain([ALLOWED.to_owned(), PATTERN.to_owned()]).collect())?,
        Policy::deny_all(),
        Policy::any_origin(),
    ])
}
