//! Users of `log` without a `tracing` subscriber get the same records. It is the only test in its program, because a logger is
//! global.

mod common;

use std::sync::Mutex;

use actix_web::{App, HttpResponse, web};
use actix_web_cors::{Cors, Policy};
use common::{ask, serve};
use log::{LevelFilter, Log, Metadata, Record};

struct Logger(Mutex<Vec<String>>);

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "actix_web_cors"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().expect("nobody panics with it").push(format!(
                "{} {}",
                record.level(),
                record.args()
            ));
        }
    }

    fn flush(&self) {}
}

static LOGGER: Logger = Logger(Mutex::new(Vec::new()));

#[actix_web::test]
async fn log_users_are_told_too() {
    log::set_logger(&LOGGER).expect("no logger is set yet");
    log::set_max_level(LevelFilter::Info);
    let policy = Policy::allow_origin("https://app.example.com").expect("a valid policy");
    let server =
        serve(move || App::new().wrap(Cors::new(policy.clone())).default_service(web::to(HttpResponse::Ok)));
    ask(&server.url, "GET", &[("origin", "https://app.example.com")]).await;
    ask(&server.url, "GET", &[("origin", "https://b.example")]).await;
    assert_eq!(
        *LOGGER.0.lock().expect("nobody panics with it"),
        [
            "INFO GET /: the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins \
          rule=OriginNotAllowed setting=\"allow_origins\""
        ]
    );
}
