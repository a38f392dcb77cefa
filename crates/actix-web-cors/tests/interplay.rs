//! The middleware together with what an application is made of: other middleware, scopes, every kind of response, HTTP/2,
//! web sockets, and clients that misbehave. A response's CORS lines are compared whole. Where an order of two `wrap`s makes
//! CORS headers go missing, the row holds what happens, and its name says so.

mod common;

use std::{
    fmt,
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
    error::{ErrorTooManyRequests, ErrorUnauthorized},
    get, guard,
    http::{StatusCode, header},
    middleware::{
        Compat, Compress, Condition, DefaultHeaders, ErrorHandlerResponse, ErrorHandlers, Logger, Next,
        NormalizePath, from_fn,
    },
    rt, web,
};
use actix_web_cors::{Cors, Policy};
use awc::ws;
use common::{
    Headers, Received, Row, Running, Serving, Table, ask, ask_also, lines_to_compare, serve, serve_with,
    wire::{Wire, ask_h2},
};
use futures_util::{SinkExt, StreamExt, stream};
use tokio::time::timeout;

const APP: (&str, &str) = ("origin", "https://app.example.com");
const INNER: (&str, &str) = ("origin", "https://inner.example.com");
const EVIL: (&str, &str) = ("origin", "https://evil.example");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");
const GZIP: (&str, &str) = ("accept-encoding", "gzip");
const TOKEN: (&str, &str) = ("authorization", "Bearer secret");
const PREFLIGHT: Headers = &[APP, PUT];

/// What an actual request from `APP` gets.
const ACTUAL: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: etag",
    "vary: origin",
];
/// What a preflight from `APP` gets.
const GRANTED: &[&str] = &[
    "access-control-allow-credentials: true",
    "access-control-allow-headers: content-type",
    "access-control-allow-methods: PUT",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 600",
    "vary: origin, access-control-request-method",
];
const VARY_ONLY: &[&str] = &["vary: origin"];
const REFUSED: &[&str] = &["vary: origin, access-control-request-method"];
/// What comes from outside of the middleware.
const NOTHING: &[&str] = &[];

fn cors() -> Cors {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .expose_headers(["etag"])
        .allow_credentials()
        .max_age(Duration::from_secs(600))
        .build();
    Cors::new(policy.expect("a valid policy"))
}

/// Differs from `cors` in every header, and allows another origin, too.
fn inner_policy() -> Policy {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com", "https://inner.example.com"])
        .allow_methods(["DELETE"])
        .allow_headers(["x-inner"])
        .expose_headers(["x-inner"])
        .max_age(Duration::from_secs(60))
        .build();
    policy.expect("a valid policy")
}

async fn hello() -> &'static str {
    "hello"
}

/// Text enough to be worth compressing.
async fn long() -> String {
    "to be or not to be, ".repeat(500)
}

fn get(name: &'static str, path: &'static str, headers: Headers) -> Row {
    Row::new(name, "GET", path, headers)
}

fn preflight(name: &'static str, path: &'static str) -> Row {
    Row::new(name, "OPTIONS", path, PREFLIGHT).body("")
}

// ---- other middleware ----

#[actix_web::test]
async fn compress() {
    const NONE_THAT_THERE_IS: Headers = &[APP, ("accept-encoding", "br, identity;q=0")];
    const MERGED: &[&str] = &[ACTUAL[0], ACTUAL[1], ACTUAL[2], "vary: Accept-Encoding, origin"];

    async fn ask_gzipped(server: &Running) -> (Received, String) {
        let response =
            awc::Client::new().get(&server.url).append_header(APP).append_header(GZIP).send().await;
        let mut response = response.expect("the server responds");
        let headers = response.headers().clone();
        let lines = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let lines = lines_to_compare(lines, &["content-encoding"]);
        let body = response.body().await.expect("a body");
        let mut text = String::new();
        let decoded = flate2::read::GzDecoder::new(&body[..]).read_to_string(&mut text);
        decoded.expect("a body that decodes");
        (Received { status: response.status().as_u16(), lines, body: String::new() }, text)
    }
    fn expected(vary: &[&str]) -> (Received, String) {
        let mut lines: Vec<String> = ACTUAL[..3].iter().chain(vary).map(ToString::to_string).collect();
        lines.push("content-encoding: gzip".to_owned());
        lines.sort();
        (Received { status: 200, lines, body: String::new() }, "to be or not to be, ".repeat(500))
    }

    let mut table = Table::default();
    let inside = serve(|| App::new().route("/", web::get().to(long)).wrap(Compress::default()).wrap(cors()));
    table.row(
        "Compress inside: one Vary line names both",
        &ask_gzipped(&inside).await,
        &expected(&["vary: accept-encoding, origin"]),
    );
    // Compress appends a line of its own after the middleware has merged what was there. Two lines mean the same as one.
    let outside = serve(|| App::new().route("/", web::get().to(long)).wrap(cors()).wrap(Compress::default()));
    table.row(
        "Compress outside: a second Vary line, each name once",
        &ask_gzipped(&outside).await,
        &expected(&["vary: accept-encoding", "vary: origin"]),
    );
    #[rustfmt::skip]
    let rows = [
        Row::new("Compress inside: preflight", "OPTIONS", "/", &[APP, PUT, GZIP]).gets(204, GRANTED).body(""),
        get("Compress inside: a client that takes no encoding", "/", &[APP]).gets(200, ACTUAL),
        get("Compress inside: its own 406", "/", NONE_THAT_THERE_IS).gets(406, MERGED),
    ];
    table.ask(&inside, &rows).await;
    #[rustfmt::skip]
    let rows = [
        Row::new("Compress outside: preflight", "OPTIONS", "/", &[APP, PUT, GZIP]).gets(204, GRANTED).body(""),
        get("Compress outside: a client that takes no encoding", "/", &[APP]).gets(200, ACTUAL),
        get("Compress outside: its own 406 has no CORS headers", "/", NONE_THAT_THERE_IS).gets(406, &["vary: Accept-Encoding"]),
    ];
    table.ask(&outside, &rows).await;
    table.finish();
}

#[actix_web::test]
async fn normalize_path() {
    let mut table = Table::default();
    let outside = serve(|| {
        App::new()
            .service(web::scope("/api").route("/x", web::get().to(hello)).wrap(cors()))
            .wrap(NormalizePath::trim())
    });
    #[rustfmt::skip]
    let rows = [
        get("NormalizePath outside: request", "//api//x/", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("NormalizePath outside: a scope's preflight", "//api//x/").gets(204, GRANTED),
    ];
    table.ask(&outside, &rows).await;
    let inside =
        serve(|| App::new().route("/x", web::get().to(hello)).wrap(NormalizePath::trim()).wrap(cors()));
    #[rustfmt::skip]
    let rows = [
        get("NormalizePath inside: request", "//x/", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("NormalizePath inside: preflight", "//x/").gets(204, GRANTED),
    ];
    table.ask(&inside, &rows).await;
    table.finish();
}

type Handled<B> = actix_web::Result<ErrorHandlerResponse<B>>;

/// A page of its own in the error's place; the headers that were there are gone.
#[expect(clippy::unnecessary_wraps, reason = "ErrorHandlers asks for it")]
fn new_response<B>(response: ServiceResponse<B>) -> Handled<B> {
    let (request, response) = response.into_parts();
    let page = HttpResponse::build(response.status()).body("a page").map_into_right_body();
    Ok(ErrorHandlerResponse::Response(ServiceResponse::new(request, page)))
}

/// Another body under the head that was there.
#[expect(clippy::unnecessary_wraps, reason = "ErrorHandlers asks for it")]
fn new_body<B: MessageBody + 'static>(response: ServiceResponse<B>) -> Handled<B> {
    let response = response.map_body(|_, _| EitherBody::right(BoxBody::new("a page")));
    Ok(ErrorHandlerResponse::Response(response))
}

fn handler_that_fails<B>(_: ServiceResponse<B>) -> Handled<B> {
    Err(ErrorTooManyRequests("slow down"))
}

#[actix_web::test]
async fn error_handlers() {
    fn routes(config: &mut web::ServiceConfig) {
        config
            .route("/409", web::get().to(HttpResponse::Conflict))
            .route("/410", web::get().to(HttpResponse::Gone))
            .service(web::resource("/err").wrap(from_fn(refuse)).route(web::get().to(hello)));
    }
    fn handlers<B: MessageBody + 'static>() -> ErrorHandlers<B> {
        ErrorHandlers::new()
            .handler(StatusCode::NOT_FOUND, new_response)
            .handler(StatusCode::UNAUTHORIZED, new_response)
            .handler(StatusCode::FORBIDDEN, new_response)
            .handler(StatusCode::CONFLICT, new_body)
            .handler(StatusCode::GONE, handler_that_fails)
    }

    let mut table = Table::default();
    let inside = serve(|| App::new().configure(routes).wrap(handlers()).wrap(cors()));
    #[rustfmt::skip]
    let rows = [
        get("ErrorHandlers inside: a new response", "/404", &[APP]).gets(404, ACTUAL).body("a page"),
        get("ErrorHandlers inside: a new body", "/409", &[APP]).gets(409, ACTUAL).body("a page"),
        get("ErrorHandlers inside: one that fails", "/410", &[APP]).gets(429, ACTUAL).body("slow down"),
        get("ErrorHandlers inside: an inner middleware's Err passes it by", "/err", &[APP]).gets(401, ACTUAL).body("who are you?"),
        preflight("ErrorHandlers inside: preflight", "/404").gets(204, GRANTED),
    ];
    table.ask(&inside, &rows).await;
    let outside = serve(|| App::new().configure(routes).wrap(cors()).wrap(handlers()));
    #[rustfmt::skip]
    let rows = [
        get("ErrorHandlers outside: a new body keeps the head", "/409", &[APP]).gets(409, ACTUAL).body("a page"),
        get("ErrorHandlers outside: a new response has no CORS headers", "/404", &[APP]).gets(404, NOTHING).body("a page"),
        get("ErrorHandlers outside: one that fails has no CORS headers", "/410", &[APP]).gets(429, NOTHING).body("slow down"),
        get("ErrorHandlers outside: an inner middleware's Err passes it by", "/err", &[APP]).gets(401, ACTUAL).body("who are you?"),
        preflight("ErrorHandlers outside: preflight", "/404").gets(204, GRANTED),
        Row::new("ErrorHandlers outside: a refused preflight is an error like others", "OPTIONS", "/409", &[EVIL, PUT]).gets(403, NOTHING).body("a page"),
    ];
    table.ask(&outside, &rows).await;
    table.finish();
}

#[actix_web::test]
async fn default_headers() {
    const REST: &[&str] = &["x-frame-options: DENY"];
    const MERGED: &[&str] = &[ACTUAL[0], ACTUAL[1], ACTUAL[2], "vary: accept, origin"];
    const BY_HAND: &[&str] =
        &["access-control-allow-origin: *", "access-control-allow-private-network: true", "vary: origin"];
    const JOINED: &[&str] = &[ACTUAL[0], ACTUAL[1], BY_HAND[1], ACTUAL[2], ACTUAL[3]];

    fn by_hand() -> DefaultHeaders {
        DefaultHeaders::new()
            .add(("access-control-allow-origin", "*"))
            .add(("access-control-allow-private-network", "true"))
            .add(("vary", "accept"))
            .add(("x-frame-options", "DENY"))
    }

    let mut table = Table::default();
    let inside = serve(|| App::new().route("/", web::get().to(hello)).wrap(by_hand()).wrap(cors()));
    #[rustfmt::skip]
    let rows = [
        get("DefaultHeaders inside: its CORS headers are replaced, its Vary merged", "/", &[APP]).gets(200, MERGED).also(REST),
        get("DefaultHeaders inside: its CORS headers are taken away", "/", &[EVIL]).gets(200, &["vary: accept, origin"]).also(REST),
        preflight("DefaultHeaders inside: preflight", "/").gets(204, GRANTED),
    ];
    table.ask(&inside, &rows).await;
    // It adds only missing headers, so a response to an origin that is *not* allowed gets the header set by hand.
    let outside = serve(|| App::new().route("/", web::get().to(hello)).wrap(cors()).wrap(by_hand()));
    #[rustfmt::skip]
    let rows = [
        get("DefaultHeaders outside: what the policy set stays, and its Vary is lost", "/", &[APP]).gets(200, JOINED).also(REST),
        get("DefaultHeaders outside: it allows what the policy doesn't", "/", &[EVIL]).gets(200, BY_HAND).also(REST),
    ];
    table.ask(&outside, &rows).await;
    table.finish();
}

#[actix_web::test]
async fn logger_condition_and_compat() {
    let usual = |names: [&'static str; 3]| {
        [
            get(names[0], "/", &[APP]).gets(200, ACTUAL).body("hello"),
            get(names[1], "/nowhere", &[APP]).gets(404, ACTUAL),
            preflight(names[2], "/").gets(204, GRANTED),
        ]
    };
    let hello = || web::get().to(hello);
    let mut table = Table::default();

    let server = serve(move || App::new().route("/", hello()).wrap(cors()).wrap(Logger::default()));
    table
        .ask(&server, &usual(["Logger outside: request", "Logger outside: 404", "Logger outside: preflight"]))
        .await;
    let format = "%s %{access-control-allow-origin}o %{origin}i";
    let server = serve(move || App::new().route("/", hello()).wrap(Logger::new(format)).wrap(cors()));
    table
        .ask(&server, &usual(["Logger inside: request", "Logger inside: 404", "Logger inside: preflight"]))
        .await;

    let server = serve(move || App::new().route("/", hello()).wrap(Condition::new(true, cors())));
    table
        .ask(&server, &usual(["Condition, on: request", "Condition, on: 404", "Condition, on: preflight"]))
        .await;
    let server = serve(move || App::new().route("/", hello()).wrap(Condition::new(false, cors())));
    #[rustfmt::skip]
    let rows = [
        get("Condition, off: request", "/", &[APP]).gets(200, NOTHING).body("hello"),
        preflight("Condition, off: preflight", "/").gets(404, NOTHING),
    ];
    table.ask(&server, &rows).await;

    let server = serve(move || App::new().route("/", hello()).wrap(Compat::new(cors())));
    table.ask(&server, &usual(["Compat: request", "Compat: 404", "Compat: preflight"])).await;
    let server = serve(move || {
        App::new()
            .service(web::scope("/s").route("", hello()).wrap(Condition::new(true, Compat::new(cors()))))
    });
    #[rustfmt::skip]
    let rows = [
        get("Compat inside Condition, on a scope", "/s", &[APP]).gets(200, ACTUAL).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

async fn refuse(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
    Err(ErrorUnauthorized("who are you?"))
}

/// Requires a token of every request, and refuses with an error.
async fn authenticate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        next.call(request).await
    } else {
        Err(ErrorUnauthorized("who are you?"))
    }
}

/// Requires a token of every request, and refuses with a response.
async fn authenticate_by_response<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        Ok(next.call(request).await?.map_into_left_body())
    } else {
        let response = HttpResponse::Unauthorized().body("who are you?").map_into_right_body();
        Ok(request.into_response(response))
    }
}

#[actix_web::test]
async fn authentication() {
    let usual = |names: [&'static str; 4]| {
        [
            preflight(names[0], "/").gets(204, GRANTED),
            get(names[1], "/", &[APP]).gets(401, ACTUAL).body("who are you?"),
            get(names[2], "/", &[APP, TOKEN]).gets(200, ACTUAL).body("hello"),
            get(names[3], "/", &[EVIL]).gets(401, VARY_ONLY).body("who are you?"),
        ]
    };
    let mut table = Table::default();
    let server =
        serve(|| App::new().route("/", web::get().to(hello)).wrap(from_fn(authenticate)).wrap(cors()));
    table
        .ask(
            &server,
            &usual([
                "inside, by an error: preflights are asked for nothing",
                "inside, by an error: script can read the 401",
                "inside, by an error: with a token",
                "inside, by an error: 401 to an origin that is not allowed",
            ]),
        )
        .await;
    let server = serve(|| {
        App::new().route("/", web::get().to(hello)).wrap(from_fn(authenticate_by_response)).wrap(cors())
    });
    table
        .ask(
            &server,
            &usual([
                "inside, by a response: preflights are asked for nothing",
                "inside, by a response: script can read the 401",
                "inside, by a response: with a token",
                "inside, by a response: 401 to an origin that is not allowed",
            ]),
        )
        .await;
    let server =
        serve(|| App::new().route("/", web::get().to(hello)).wrap(cors()).wrap(from_fn(authenticate)));
    #[rustfmt::skip]
    let rows = [
        Row::new("outside: preflights are refused, as they carry no token", "OPTIONS", "/", PREFLIGHT).gets(401, NOTHING).body("who are you?"),
        get("outside: script can't read the 401", "/", &[APP]).gets(401, NOTHING).body("who are you?"),
        get("outside: with a token", "/", &[APP, TOKEN]).gets(200, ACTUAL).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

#[derive(Debug)]
struct Locked;

impl fmt::Display for Locked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("locked")
    }
}

impl ResponseError for Locked {
    fn status_code(&self) -> StatusCode {
        StatusCode::LOCKED
    }
}

#[actix_web::test]
async fn an_outer_middleware_still_knows_an_inner_error() {
    async fn fail(_: ServiceRequest, _: Next<impl MessageBody>) -> Result<ServiceResponse, Error> {
        Err(Locked.into())
    }

    async fn look<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let saw = request.app_data::<web::Data<AtomicBool>>().expect("a place to note it").clone();
        let result = next.call(request).await;
        let seen = result.as_ref().err().is_some_and(|error| error.as_error::<Locked>().is_some());
        saw.store(seen, Ordering::Relaxed);
        result
    }

    let saw = web::Data::new(AtomicBool::new(false));
    let server = serve({
        let saw = saw.clone();
        move || {
            App::new()
                .app_data(saw.clone())
                .route("/", web::get().to(hello))
                .wrap(from_fn(fail))
                .wrap(cors())
                .wrap(from_fn(look))
        }
    });
    let mut table = Table::default();
    let row = get("the error's own status and body, with CORS headers", "/", &[APP]);
    #[rustfmt::skip]
    let rows = [
        row.gets(423, ACTUAL).body("locked"),
    ];
    table.ask(&server, &rows).await;
    table.row("the error is downcastable outside", &saw.load(Ordering::Relaxed), &true);
    table.finish();
}

// ---- where it stands ----

const INNER_ACTUAL: &[&str] = &[
    "access-control-allow-origin: https://app.example.com",
    "access-control-expose-headers: x-inner",
    "vary: origin",
];
const INNER_GRANTED: &[&str] = &[
    "access-control-allow-headers: x-inner",
    "access-control-allow-methods: DELETE",
    "access-control-allow-origin: https://app.example.com",
    "access-control-max-age: 60",
    "vary: origin, access-control-request-method",
];

#[actix_web::test]
async fn one_inside_another() {
    let mut table = Table::default();
    let server = serve(|| {
        App::new()
            .service(
                web::scope("/scope")
                    .service(
                        web::resource("/resource")
                            .route(web::get().to(hello))
                            .wrap(Cors::new(inner_policy())),
                    )
                    .route("/route", web::get().to(hello))
                    .wrap(Cors::new(inner_policy())),
            )
            .wrap(cors())
    });
    #[rustfmt::skip]
    let rows = [
        get("the outermost's headers, once", "/scope/route", &[APP]).gets(200, ACTUAL).body("hello"),
        get("the outermost's headers, once, of three", "/scope/resource", &[APP]).gets(200, ACTUAL).body("hello"),
        get("the outermost's headers, once, on an error", "/scope/nowhere", &[APP]).gets(404, ACTUAL),
        preflight("the outermost responds to preflights", "/scope/route").gets(204, GRANTED),
        preflight("the outermost of three responds to preflights", "/scope/resource").gets(204, GRANTED),
        get("what only the inner one allows is not allowed", "/scope/route", &[INNER]).gets(200, VARY_ONLY).body("hello"),
        Row::new("nor is it in a preflight", "OPTIONS", "/scope/route", &[INNER, PUT]).gets(403, REFUSED).body(""),
        get("without Origin", "/scope/route", &[]).gets(200, VARY_ONLY).body("hello"),
    ];
    table.ask(&server, &rows).await;

    // The usual arrangement: the application's policy, and one scope that has its own.
    let server = serve(|| {
        App::new()
            .service(
                web::scope("/own")
                    .route("/x", web::get().to(hello))
                    .route("/x", web::method(actix_web::http::Method::OPTIONS).to(|| async { "options" }))
                    .wrap(Cors::new(inner_policy())),
            )
            .route("/x", web::get().to(hello))
            .wrap(
                Cors::per_request(|request| (!request.path().starts_with("/own/")).then(Policy::any_origin))
                    .ignores_origin(),
            )
    });
    #[rustfmt::skip]
    let rows = [
        get("none outside: the inner one's headers", "/own/x", &[APP]).gets(200, INNER_ACTUAL).body("hello"),
        get("none outside: on an error", "/own/nowhere", &[APP]).gets(404, INNER_ACTUAL),
        preflight("none outside: the inner one responds to preflights", "/own/x").gets(204, INNER_GRANTED),
        Row::new("none outside: the inner one refuses preflights", "OPTIONS", "/own/x", &[EVIL, PUT]).gets(403, REFUSED).body(""),
        Row::new("none outside: an ordinary OPTIONS", "OPTIONS", "/own/x", &[APP]).gets(200, &["access-control-allow-origin: https://app.example.com", "access-control-expose-headers: x-inner", "vary: origin, access-control-request-method"]).body("options"),
        get("none outside: elsewhere the outer one's", "/x", &[APP]).gets(200, &["access-control-allow-origin: *"]).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

#[get("/macro", wrap = "cors()")]
async fn by_macro() -> &'static str {
    "hello"
}

/// Actix refuses the method before any middleware runs.
#[actix_web::test]
async fn where_it_never_sees_preflights() {
    let server = serve(|| {
        App::new()
            .route("/app-route", web::get().to(hello).wrap(cors()))
            .service(web::resource("/route").route(web::get().to(hello).wrap(cors())))
            .service(by_macro)
            .service(web::resource("/guarded").guard(guard::Get()).route(web::get().to(hello)).wrap(cors()))
            .service(web::scope("/scope").guard(guard::Get()).route("/x", web::get().to(hello)).wrap(cors()))
            // What to write instead of each of them.
            .service(web::resource("/resource").route(web::get().to(hello)).wrap(cors()))
    });
    let mut table = Table::default();
    #[rustfmt::skip]
    let rows = [
        get("App::route and Route::wrap: request", "/app-route", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("App::route and Route::wrap: preflight", "/app-route").gets(404, NOTHING),
        get("Route::wrap: request", "/route", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("Route::wrap: preflight", "/route").gets(405, NOTHING),
        get("#[get(wrap)]: request", "/macro", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("#[get(wrap)]: preflight", "/macro").gets(404, NOTHING),
        get("a resource behind a guard: request", "/guarded", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("a resource behind a guard: preflight", "/guarded").gets(404, NOTHING),
        get("a scope behind a guard: request", "/scope/x", &[APP]).gets(200, ACTUAL).body("hello"),
        preflight("a scope behind a guard: preflight", "/scope/x").gets(404, NOTHING),
        preflight("a resource without one", "/resource").gets(204, GRANTED),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

// ---- every kind of response ----

#[actix_web::test]
async fn responses_of_every_kind() {
    async fn by_hand() -> HttpResponse {
        HttpResponse::Ok()
            .append_header(("access-control-allow-origin", "*"))
            .append_header(("access-control-allow-origin", "https://app.example.com"))
            .append_header(("access-control-allow-credentials", "false"))
            .body("hello")
    }

    let server = serve(|| {
        App::new()
            .service(
                web::resource("/")
                    .route(web::get().to(hello))
                    .route(web::head().to(hello))
                    .route(web::delete().to(HttpResponse::NoContent)),
            )
            .route("/any", web::to(hello))
            .route("/by-hand", web::get().to(by_hand))
            .service(web::redirect("/old", "/"))
            .route(
                "/found",
                web::get().to(|| async {
                    HttpResponse::Found().insert_header((header::LOCATION, "https://b.example/")).finish()
                }),
            )
            .route(
                "/number/{number}",
                web::get().to(|number: web::Path<u32>| async move { number.to_string() }),
            )
            .route("/query", web::get().to(|_: web::Query<[u32; 1]>| async { "hello" }))
            .wrap(cors())
    });
    let mut table = Table::default();
    #[rustfmt::skip]
    let rows = [
        Row::new("HEAD, by its own route", "HEAD", "/", &[APP]).gets(200, ACTUAL).also(&["content-length: 5"]).body(""),
        Row::new("HEAD, by a route for any method", "HEAD", "/any", &[APP]).gets(200, ACTUAL).also(&["content-length: 5"]).body(""),
        Row::new("204", "DELETE", "/", &[APP]).gets(204, ACTUAL).body(""),
        get("redirect: 302", "/found", &[APP]).gets(302, ACTUAL).also(&["location: https://b.example/"]),
        get("redirect: web::redirect", "/old", &[APP]).gets(307, ACTUAL).also(&["location: /"]),
        preflight("redirect: its preflight is not redirected", "/old").gets(204, GRANTED),
        get("404", "/nowhere", &[APP]).gets(404, ACTUAL).body(""),
        get("404 to an origin that is not allowed", "/nowhere", &[EVIL]).gets(404, VARY_ONLY),
        Row::new("405", "PUT", "/", &[APP]).gets(405, ACTUAL).body(""),
        get("extractor: Path", "/number/x", &[APP]).gets(404, ACTUAL),
        get("extractor: Query", "/query?a", &[APP]).gets(400, ACTUAL),
        get("hand-set headers, doubled, are replaced by one each", "/by-hand", &[APP]).gets(200, ACTUAL).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

#[actix_web::test]
async fn files() {
    let directory = tempfile::tempdir().expect("a directory");
    std::fs::write(directory.path().join("digits.txt"), "0123456789").expect("a file");
    let path = directory.path().to_owned();
    let server = serve(move || App::new().service(actix_files::Files::new("/", path.clone())).wrap(cors()));
    let url = format!("{}/digits.txt", server.url);
    let received = |status, extra: &[&str], body: &str| {
        let mut lines: Vec<String> = ACTUAL.iter().chain(extra).map(ToString::to_string).collect();
        lines.sort();
        Received { status, lines, body: body.to_owned() }
    };

    let mut table = Table::default();
    table.row("200", &ask(&url, "GET", &[APP]).await, &received(200, &[], "0123456789"));

    let whole = ask_also(&url, "GET", &[APP], &["etag"]).await;
    let etag = whole.lines.iter().find_map(|line| line.strip_prefix("etag: ")).expect("an etag").to_owned();
    let actual = ask_also(&url, "GET", &[APP, ("if-none-match", &etag)], &["etag"]).await;
    table.row("304", &actual, &received(304, &[&format!("etag: {etag}")], ""));

    let actual = ask_also(&url, "GET", &[APP, ("range", "bytes=2-4")], &["content-range"]).await;
    table.row("206", &actual, &received(206, &["content-range: bytes 2-4/10"], "234"));

    let actual = ask_also(&url, "GET", &[APP, ("range", "bytes=20-")], &["content-range"]).await;
    table.row("416", &actual, &received(416, &["content-range: bytes */10"], ""));
    table.finish();
}

#[actix_web::test]
async fn streams() {
    /// Five pieces, with time between them.
    async fn pieces() -> HttpResponse {
        HttpResponse::Ok().streaming(stream::unfold(0, |n| async move {
            rt::time::sleep(Duration::from_millis(5)).await;
            (n < 5).then(|| (Ok::<_, Error>(web::Bytes::from(format!("piece {n};"))), n + 1))
        }))
    }

    let server = serve(|| App::new().route("/", web::get().to(pieces)).wrap(cors()));
    let mut wire = Wire::connect(&server).await;
    let mut table = Table::default();
    for name in ["a stream comes whole, piece by piece", "and leaves the connection fit for another"] {
        let lines = ["host: x", "origin: https://app.example.com"];
        let response = wire.ask("GET", "/", &lines).await.expect("a response");
        table.row(name, &response.chunks, &5);
        let received = response.into_received(&["transfer-encoding"]);
        let mut lines: Vec<String> = ACTUAL.iter().map(ToString::to_string).collect();
        lines.insert(3, "transfer-encoding: chunked".to_owned());
        let body = "piece 0;piece 1;piece 2;piece 3;piece 4;".to_owned();
        table.row(name, &received, &Received { status: 200, lines, body });
    }
    table.finish();
}

#[actix_web::test]
async fn payloads() {
    async fn text(body: String) -> String {
        body
    }
    async fn json(body: web::Json<u32>) -> String {
        body.to_string()
    }

    let server = serve(|| {
        App::new()
            .app_data(web::PayloadConfig::new(10))
            .app_data(web::JsonConfig::default().limit(10))
            .route("/text", web::post().to(text))
            .route("/json", web::post().to(json))
            .wrap(cors())
    });
    let json = ("content-type", "application/json");
    let text = ("content-type", "text/plain");
    let mut table = Table::default();
    for (name, path, line, body, status) in [
        ("text within the limit", "/text", text, "0123456789", 200),
        ("text over the limit", "/text", text, "0123456789a", 413),
        ("JSON within the limit", "/json", json, "123", 200),
        ("JSON over the limit", "/json", json, "12345678901", 413),
        ("JSON that is none", "/json", json, "{", 400),
        ("JSON of another type", "/json", text, "123", 400),
    ] {
        let request = awc::Client::new().post(format!("{}{path}", server.url));
        let response = request.append_header(APP).append_header(line).send_body(body).await;
        let response = response.expect("the server responds");
        let lines = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let actual = (response.status().as_u16(), lines_to_compare(lines, &[]));
        table.row(name, &actual, &(status, ACTUAL.iter().map(ToString::to_string).collect()));
    }
    table.finish();
}

#[actix_web::test]
async fn web_sockets() {
    async fn echo(request: HttpRequest, body: web::Payload) -> Result<HttpResponse, Error> {
        let (response, mut session, mut messages) = actix_ws::handle(&request, body)?;
        rt::spawn(async move {
            while let Some(Ok(message)) = messages.next().await {
                if let actix_ws::Message::Text(text) = message {
                    session.text(text).await.expect("the client listens");
                }
            }
        });
        Ok(response)
    }
    async fn talk(server: &Running, origin: (&str, &str)) -> (u16, Vec<String>, String) {
        let url = server.url.replace("http:", "ws:");
        let connected = awc::Client::new().ws(url).set_header(origin.0, origin.1).connect().await;
        let (response, mut socket) = connected.expect("a handshake");
        socket.send(ws::Message::Text("ping".into())).await.expect("the server listens");
        let frame = timeout(Duration::from_secs(5), socket.next()).await.expect("an echo in time");
        let Some(Ok(ws::Frame::Text(echo))) = frame else { panic!("no text: {frame:?}") };
        let lines = response.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
        let lines = lines_to_compare(lines, &[]);
        (response.status().as_u16(), lines, String::from_utf8_lossy(&echo).into_owned())
    }
    fn expected(lines: &[&str]) -> (u16, Vec<String>, String) {
        (101, lines.iter().map(ToString::to_string).collect(), "ping".to_owned())
    }

    let mut table = Table::default();
    let server = serve(|| App::new().route("/", web::get().to(echo)).wrap(cors()));
    table.row("allowed origin", &talk(&server, APP).await, &expected(ACTUAL));
    // Browsers let every page open a WebSocket to everywhere: CORS doesn't apply to them.
    table.row("another origin gets through all the same", &talk(&server, EVIL).await, &expected(VARY_ONLY));

    let server =
        serve(|| App::new().route("/", web::get().to(echo)).wrap(cors().reject_disallowed_origins()));
    let lines = [&ACTUAL[..3], &["vary: origin, sec-fetch-site"]].concat();
    table.row("rejecting: allowed origin", &talk(&server, APP).await, &expected(&lines));
    let url = server.url.replace("http:", "ws:");
    let refused = awc::Client::new().ws(url).set_header(EVIL.0, EVIL.1).connect().await;
    let status = match refused {
        Err(awc::error::WsClientError::InvalidResponseStatus(status)) => status.as_u16(),
        _ => panic!("no refusal"),
    };
    table.row("rejecting: another origin", &status, &403);
    table.finish();
}

// ---- HTTP/2 ----

#[actix_web::test]
async fn http2() {
    let server = serve_with(Serving { workers: 1, h2c: true }, || {
        App::new()
            .service(web::resource("/").route(web::get().to(hello)))
            .service(web::resource("/err").wrap(from_fn(refuse)).route(web::get().to(hello)))
            .wrap(cors())
    });
    let received = |status, lines: &[&str], body: &str| Received {
        status,
        lines: lines.iter().map(ToString::to_string).collect(),
        body: body.to_owned(),
    };
    let mut table = Table::default();
    for (name, method, path, headers, expected) in [
        ("preflight", "OPTIONS", "/", PREFLIGHT, received(204, GRANTED, "")),
        ("preflight, refused", "OPTIONS", "/", &[EVIL, PUT], received(403, REFUSED, "")),
        ("request", "GET", "/", &[APP], received(200, ACTUAL, "hello")),
        (
            "request from an origin that is not allowed",
            "GET",
            "/",
            &[EVIL],
            received(200, VARY_ONLY, "hello"),
        ),
        ("request without Origin", "GET", "/", &[], received(200, VARY_ONLY, "hello")),
        ("404", "GET", "/nowhere", &[APP], received(404, ACTUAL, "")),
        ("405", "PUT", "/", &[APP], received(405, ACTUAL, "")),
        ("an inner middleware's error", "GET", "/err", &[APP], received(401, ACTUAL, "who are you?")),
    ] {
        table.row(name, &ask_h2(&server, &server.url, method, path, headers).await, &expected);
    }
    let row = get("the same port still speaks HTTP/1.1", "/", &[APP]);
    #[rustfmt::skip]
    let rows = [
        row.gets(200, ACTUAL).body("hello"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

// ---- what goes wrong ----

#[actix_web::test]
async fn panics_and_clients_that_leave() {
    async fn panicking() -> HttpResponse {
        panic!("a handler that panics, as it is meant to")
    }
    async fn endless(request: HttpRequest) -> HttpResponse {
        // Tells the test when the server has noticed that the client is gone.
        let gone = request.app_data::<web::Data<Arc<tokio::sync::Notify>>>().expect("a notifier");
        let held = Gone(Arc::clone(gone));
        HttpResponse::Ok().streaming(stream::unfold(held, |held| async move {
            rt::time::sleep(Duration::from_millis(1)).await;
            Some((Ok::<_, Error>(web::Bytes::from_static(&[b'x'; 1024])), held))
        }))
    }
    async fn slow() -> &'static str {
        rt::time::sleep(Duration::from_secs(60)).await;
        "too late"
    }
    struct Gone(Arc<tokio::sync::Notify>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }

    let gone = Arc::new(tokio::sync::Notify::new());
    let server = serve({
        let gone = Arc::clone(&gone);
        move || {
            App::new()
                .app_data(web::Data::new(Arc::clone(&gone)))
                .route("/", web::get().to(hello))
                .route("/", web::post().to(|body: String| async { body }))
                .route("/panic", web::get().to(panicking))
                .route("/endless", web::get().to(endless))
                .route("/slow", web::get().to(slow))
                .wrap(cors())
        }
    });
    let origin = "origin: https://app.example.com";
    let goes_on = |name| get(name, "/", &[APP]).gets(200, ACTUAL).body("hello");
    let mut table = Table::default();

    let mut wire = Wire::connect(&server).await;
    let received = wire.ask("GET", "/panic", &["host: x", origin]).await;
    table.row("a handler that panics closes the connection", &received.is_none(), &true);
    #[rustfmt::skip]
    let rows = [
        goes_on("a handler that panics: the worker goes on"),
    ];
    table.ask(&server, &rows).await;

    let mut wire = Wire::connect(&server).await;
    wire.send(&format!("POST / HTTP/1.1\r\nhost: x\r\n{origin}\r\ncontent-length: 1000\r\n\r\nten bytes."))
        .await;
    drop(wire);
    #[rustfmt::skip]
    let rows = [
        goes_on("a client that leaves within its body"),
    ];
    table.ask(&server, &rows).await;

    let mut wire = Wire::connect(&server).await;
    wire.send(&format!("GET / HTTP/1.1\r\nhost: x\r\n{origin}\r\naccess-con")).await;
    drop(wire);
    #[rustfmt::skip]
    let rows = [
        goes_on("a client that leaves within its head"),
    ];
    table.ask(&server, &rows).await;

    let mut wire = Wire::connect(&server).await;
    wire.send(&format!("GET /endless HTTP/1.1\r\nhost: x\r\n{origin}\r\n\r\n")).await;
    rt::time::sleep(Duration::from_millis(20)).await;
    drop(wire);
    let noticed = timeout(Duration::from_secs(5), gone.notified()).await.is_ok();
    table.row("a client that leaves within a response is noticed", &noticed, &true);
    #[rustfmt::skip]
    let rows = [
        goes_on("a client that leaves within a response"),
    ];
    table.ask(&server, &rows).await;

    let mut wire = Wire::connect(&server).await;
    wire.send(&format!("GET /slow HTTP/1.1\r\nhost: x\r\n{origin}\r\n\r\n")).await;
    rt::time::sleep(Duration::from_millis(20)).await;
    drop(wire);
    #[rustfmt::skip]
    let rows = [
        goes_on("a client that leaves before there is a response"),
    ];
    table.ask(&server, &rows).await;
    table.finish();
}

/// The dispatcher responses these before there is a request that middleware could see.
#[actix_web::test]
async fn what_the_dispatcher_answers_has_no_cors_headers() {
    let server = serve(|| App::new().route("/", web::get().to(hello)).wrap(cors()));
    let origin = "origin: https://app.example.com\r\n";
    let mut table = Table::default();
    for (name, request, status) in [
        ("400: no header line", format!("GET / HTTP/1.1\r\nhost: x\r\n{origin}no header line\r\n\r\n"), 400),
        ("400: no target", format!("GET / / HTTP/1.1\r\nhost: x\r\n{origin}\r\n"), 400),
        ("431: a head too long", format!("GET / HTTP/1.1\r\n{origin}x: {}", "x".repeat(140_000)), 431),
        ("408: half a head, and then nothing", format!("GET / HTTP/1.1\r\n{origin}"), 408),
    ] {
        let mut wire = Wire::connect(&server).await;
        wire.send(&request).await;
        let received = wire.receive(false).await.map(|response| response.into_received(&[]));
        let expected = Received { status, lines: Vec::new(), body: String::new() };
        table.row(name, &received, &Some(expected));
    }
    table.finish();
}

/// A service that limits how many requests it handles says so by not being ready.
struct Busy;

impl Service<ServiceRequest> for Busy {
    type Response = ServiceResponse;
    type Error = Error;
    type Future = std::future::Ready<Result<ServiceResponse, Error>>;

    fn poll_ready(&self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Pending
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        std::future::ready(Ok(request.into_response(HttpResponse::Ok().finish())))
    }
}

#[actix_web::test]
async fn it_is_ready_when_what_it_wraps_is() {
    let service = Cors::new(Policy::deny_all()).new_transform(Busy).await.expect("a service");
    assert!(service.poll_ready(&mut Context::from_waker(Waker::noop())).is_pending());
}
