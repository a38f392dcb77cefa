//! CORS middleware for [Actix Web](https://actix.rs). The policy is checked before the server starts, can't be insecure by
//! accident, and every refusal says why.
//!
//! ```no_run
//! use actix_web::{App, HttpServer, web};
//! use actix_web_cors::{Cors, Policy};
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::allow_origin("https://abc.com")?;
//!     HttpServer::new(move || {
//!         App::new()
//!             .wrap(Cors::new(policy.clone()))
//!             .route("/", web::get().to(|| async { "hello, other origin" }))
//!     })
//!     .bind(("127.0.0.1", 8080))?
//!     .run()
//!     .await?;
//!     Ok(())
//! }
//! ```
//!
//! [`Policy::builder`] does the rest: several origins, origin patterns, methods, headers, credentials, max-age.
//!
//! # Where to put it
//!
//! A preflight is an `OPTIONS` request that the browser sends before the request that the page's script made. The
//! middleware must see it, so wrap something that Actix Web finds *before* it looks at the method:
//!
//! | wrapped | sees preflights |
//! |---|---|
//! | `App::new().wrap(cors)` | yes |
//! | `web::scope("/api").wrap(cors)` | yes |
//! | `web::resource("/notes").wrap(cors)` | yes |
//! | `web::get().to(handler).wrap(cors)`, `#[get("/notes", wrap = "cors")]` | **no**: the route matches `GET` only, so a preflight gets 404 or 405 before any middleware runs |
//! | a resource or scope behind a method guard, `.guard(guard::Get())` | **no**, for the same reason |
//!
//! The last of several `wrap`s is the outermost, and sees a request first. Put `Cors` outside nearly everything:
//!
//! - **authentication, rate limits:** browsers send preflights without credentials, and a script can read a 401 or 429 only
//!   if it carries the CORS headers;
//! - **`ErrorHandlers`:** outside `Cors`, a handler that builds its own response loses the CORS headers;
//! - **your own middleware that turns errors into responses:** outside, it keeps an error's CORS headers if it uses
//!   `Error::error_response()`, and loses them if it uses `HttpResponse::from_error`;
//! - **`Compress`:** inside, its `Vary` is merged with the policy's; outside, it adds a second `Vary` line;
//! - **`DefaultHeaders`:** outside, it adds your `Access-Control-*` header exactly where the policy left it out.
//!
//! Only `Logger`, and whatever else must see every request, belongs outside it. If one `Cors` wraps another, the outermost
//! applies its policy, unless its source says that no policy applies.
//!
//! A proxy in front must not write CORS headers, too: browsers refuse a response with two `Access-Control-Allow-Origin`
//! lines. If a handler panics, Actix Web closes the connection without a response, so the browser reports a CORS error that
//! no header could prevent; look for the panic in the server's log. To try a preflight by hand:
//!
//! ```text
//! curl -i -X OPTIONS http://127.0.0.1:8080/notes -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT'
//! ```
//!
//! # What it does not do
//!
//! CORS is not access control. A request from an origin that is not allowed still reaches your handler, unless it needs a
//! preflight; only scripts in a browser are kept from reading the response. Protect what a request *does* by
//! authentication and, with cookies, by `SameSite` and CSRF tokens; see also [`Cors::reject_disallowed_origins`].
//!
//! Responses from outside the middleware carry no CORS headers: an outer middleware's own errors, and the responses of
//! Actix's dispatcher to requests that it could not read (400, 408, 431).
//!
//! CORS does not apply to WebSocket handshakes: browsers let any page open one, and send the user's cookies with it. Check
//! its `Origin` yourself, or let [`Cors::reject_disallowed_origins`] respond with 403 if the origin is not allowed.
//!
//! [Private Network Access](https://wicg.github.io/private-network-access/) is not implemented: it never became part of
//! the Fetch Standard, and Chrome replaced it with a permission prompt that needs nothing from the server.
//!
//! # Why was this request refused?
//!
//! The browser never tells the page's script, so the server logs it: every request that the policy refuses or a browser
//! won't send, and every response that a browser will withhold, is an event with the target `actix_web_cors` and the level
//! `INFO`. It names the rule, the offending value and the setting that would allow it.
//! [`tracing`](https://docs.rs/tracing) subscribers get it, and so do [`log`](https://docs.rs/log) users.
//!
//! ```text
//! INFO actix_web_cors: PUT /notes/1: the method "PUT" is not allowed, so the browser won't send the request; to allow it, add "PUT" to allow_methods
//! ```
//!
//! # Features
//!
//! - `testing`: [`testing`], a browser for your own tests, in front of an `App` in memory.
//! - `toml`: [`Policy::from_toml`], whose errors name the line of the file.
//!
//! # Types of other crates
//!
//! The types of `fetch_cors` are re-exported here: where an example imports them from `fetch_cors`, write `actix_web_cors`,
//! and you need no dependency of your own. Besides them, the public API names few types of other crates:
//!
//! - to wrap an application: `actix_web::dev::Transform`, `actix_web::dev::Service`, `actix_web::dev::ServiceRequest`,
//!   `actix_web::dev::ServiceResponse`, `actix_web::body::MessageBody`, `actix_web::body::EitherBody`, `actix_web::Error`;
//! - for sources and predicates, which get a `ServiceRequest` too: `actix_web::http::header::HeaderName`;
//! - in [`testing`]: `actix_http::Request`, `actix_web::web::Bytes`, `actix_web::cookie::SameSite` (re-exported there),
//!   `serde::Serialize` and `serde::de::DeserializeOwned`.

mod cors;
mod head;
mod log;
mod middleware;
mod predicate;
mod response;
mod settings;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod throttle;
mod vary;

pub use cors::{Cors, UnknownWidening};
#[cfg(feature = "toml")]
pub use fetch_cors::TomlError;
pub use fetch_cors::{
    Change, Difference, InvalidOrigin, InvalidPolicy, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn,
    Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting, Step, Summary, Wanted,
    Widening,
    server::{Refusal, Rule},
};
pub use middleware::{CorsFuture, CorsMiddleware};
pub use predicate::RequestView;
pub use source::{
    BoxedLookup, BoxedSource, Choosing, IntoPolicy, LivePolicy, Lookup, Never, PerRequest, PerRequestAsync,
    PolicySource, SourceError,
};

/// The README's examples, compiled and run.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
