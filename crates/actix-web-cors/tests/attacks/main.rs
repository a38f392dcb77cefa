//! One test for each known class of incident in CORS libraries, named after it, on the real middleware. `docs/hardening.md` has
//! the table; where another file's test covers a class, the table names that one.

mod caches;
#[path = "../common/mod.rs"]
mod common;
mod credentials;
mod logs;
mod origins;
mod requests;
mod routes;

use actix_http::Request;
use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{HeaderName, HeaderValue},
    },
    test::{TestRequest, init_service},
    web,
};
use actix_web_cors::{Cors, Policy, PolicySource};
use common::lines_to_compare;

/// A request's header lines, with any bytes that a server can receive.
type Lines<'a> = &'a [(&'a str, &'a [u8])];

/// What came back: the status, and the `Access-Control-*` and `Vary` lines.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    status: StatusCode,
    lines: Vec<String>,
}

impl Seen {
    /// Whether there is any `Access-Control-*` line.
    fn has_cors(&self) -> bool {
        self.lines.iter().any(|line| line.starts_with("access-control-"))
    }

    fn has(&self, line: &str) -> bool {
        self.lines.iter().any(|listed| listed == line)
    }
}

/// An application in memory that responds to everything.
async fn app<P: PolicySource>(
    cors: Cors<P>,
) -> impl Service<Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    let handler = web::to(|| async { HttpResponse::Ok().body("hello") });
    init_service(App::new().default_service(handler).wrap(cors)).await
}

fn request(method: &str, path: &str, lines: Lines<'_>) -> Request {
    let mut request = TestRequest::with_uri(path).method(method.parse::<Method>().expect("a method"));
    for (name, value) in lines {
        let name: HeaderName = name.parse().expect("a header name");
        request = request.append_header((name, HeaderValue::from_bytes(value).expect("a header value")));
    }
    request.to_request()
}

async fn ask<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    method: &str,
    lines: Lines<'_>,
) -> Seen {
    seen(app, request(method, "/", lines)).await
}

async fn seen<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    request: Request,
) -> Seen {
    match app.call(request).await {
        Ok(response) => read(response.response()),
        Err(error) => read(&error.error_response()),
    }
}

fn read<B>(response: &HttpResponse<B>) -> Seen {
    let headers = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    Seen { status: response.status(), lines: lines_to_compare(headers, &["cache-control"]) }
}

/// Whether an origin is let in. A request and a preflight must say the same, and the origin must come back as it was sent.
async fn lets_in<B: MessageBody>(
    app: &impl Service<Request, Response = ServiceResponse<B>, Error = Error>,
    origin: &str,
) -> bool {
    let line = ("origin", origin.as_bytes());
    let actual = ask(app, "GET", &[line]).await;
    let preflight = ask(app, "OPTIONS", &[line, ("access-control-request-method", b"PUT")]).await;
    let is_let_in = actual.has_cors();
    assert_eq!(preflight.has_cors(), is_let_in, "{origin:?}: {actual:?} {preflight:?}");
    assert_eq!(preflight.status, if is_let_in { 204 } else { 403 }, "{origin:?}: {preflight:?}");
    if is_let_in {
        let echoed = format!("access-control-allow-origin: {origin}");
        assert!(actual.has(&echoed) && preflight.has(&echoed), "{origin:?}: {actual:?} {preflight:?}");
    }
    is_let_in
}

fn policy(origins: &[&str], credentials: bool) -> Policy {
    let builder = Policy::builder().allow_origins(origins).allow_methods(["PUT"]);
    let builder = if credentials { builder.allow_credentials() } else { builder };
    builder.build().unwrap_or_else(|error| panic!("{origins:?}: {error}"))
}

/// With and without credentials, each of these origins is let in or not.
async fn check(patterns: &[&str], let_in: &[&str], kept_out: &[&str]) {
    for credentials in [false, true] {
        let app = app(Cors::new(policy(patterns, credentials))).await;
        for (origins, expected) in [(let_in, true), (kept_out, false)] {
            for origin in origins {
                assert_eq!(lets_in(&app, origin).await, expected, "{origin:?} by {patterns:?}");
            }
        }
    }
}
