//! CORS middleware for [Actix Web](https://actix.rs): a policy that is checked before the server starts, can't be insecure
//! by accident, and says why it refused.
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
//! [`Policy::builder`] takes it from there: several origins and patterns of them, methods, headers, credentials, max-age.
//!
//! # Where to put it
//!
//! A preflight is an `OPTIONS` request that the browser sends before the one your script asked for. The middleware must
//! see it, so wrap something that is found *before* a method is looked at:
//!
//! | wrapped | sees preflights |
//! |---|---|
//! | `App::new().wrap(cors)` | yes |
//! | `web::scope("/api").wrap(cors)` | yes |
//! | `web::resource("/notes").wrap(cors)` | yes |
//! | `web::get().to(handler).wrap(cors)`, `#[get("/notes", wrap = "cors")]` | **no**: the route answers `GET` alone, a preflight gets 404 or 405 before any middleware |
//! | a resource or scope behind a method guard, `.guard(guard::Get())` | **no**, likewise |
//!
//! Of several `wrap`s the last is the outermost, and sees a request first. Put `Cors` outside of nearly everything:
//!
//! - **authentication, rate limits:** browsers send preflights without credentials, and script can read a 401 or 429 only
//!   if it carries the CORS headers;
//! - **`ErrorHandlers`:** outside of `Cors`, one that builds a response of its own loses the CORS headers;
//! - **a middleware of yours that turns errors into responses:** outside, it keeps the CORS headers of an error with
//!   `Error::error_response()`, and loses them with `HttpResponse::from_error`;
//! - **`Compress`:** inside, its `Vary` is merged with the policy's; outside, it adds a line of its own;
//! - **`DefaultHeaders`:** outside, it adds an `Access-Control-*` header of yours exactly where the policy left it out.
//!
//! Only `Logger` and what else wants to see every request belongs outside of it. Where one `Cors` stands inside another,
//! the outermost answers, unless its source says that no policy applies.
//!
//! # What it does not do
//!
//! CORS is no access control. A request from an origin that is not allowed still reaches your handler, unless it is one
//! that needs a preflight; only script in a browser is kept from reading the answer. Protect what a request *does* by
//! authentication and, with cookies, by `SameSite` and CSRF tokens; see also [`Cors::reject_disallowed_origins`].
//!
//! What happens outside of the middleware carries no CORS headers: an outer middleware's own errors, and the answers of
//! Actix's dispatcher to requests that it could not read (400, 408, 431).
//!
//! A WebSocket handshake is no matter of CORS: browsers let any page open one, and send the user's cookies along. Look at
//! its `Origin` yourself, or let [`Cors::reject_disallowed_origins`] answer 403 to those that are not allowed.
//!
//! [Private Network Access](https://wicg.github.io/private-network-access/) is not implemented: it never became part of
//! the Fetch Standard, and Chrome gave it up for a permission prompt that asks nothing of the server.
//!
//! # Why was this request refused?
//!
//! Script is never told, so the server says it: every request that the policy refuses, or that a browser will refuse to
//! send or to hand out, is an event of the target `actix_web_cors` at the level `INFO`, with the rule, the offending value
//! and the setting that would allow it. [`tracing`](https://docs.rs/tracing) subscribers get it, and
//! [`log`](https://docs.rs/log) users too.
//!
//! ```text
//! INFO actix_web_cors: PUT /notes/1: the method "PUT" is not allowed, so the browser won't send the request; to allow it, add it to allow_methods
//! ```
//!
//! # Features
//!
//! - `testing`: [`testing`], a browser for your own tests, in front of an `App` in memory.
//! - `toml`: [`Policy::from_toml`], whose errors name the line of the file.

mod cors;
mod head;
mod log;
mod middleware;
mod response;
mod settings;
mod source;
#[cfg(feature = "testing")]
pub mod testing;
mod vary;

pub use cors::Cors;
#[cfg(feature = "toml")]
pub use fetch_cors::TomlError;
pub use fetch_cors::{
    InvalidOrigin, InvalidPolicy, Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting,
    Summary, Widening,
    server::{Refusal, Rule},
};
pub use middleware::{CorsFuture, CorsMiddleware};
pub use source::{
    Choosing, IntoPolicy, LivePolicy, Lookup, PerRequest, PerRequestAsync, PolicySource, SourceError,
};

/// The README's examples, compiled and run.
#[cfg(all(doctest, feature = "testing"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
