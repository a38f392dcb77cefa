//! A browser for your own tests: in front of an `App` in memory, it sends what a browser would send for a page's script,
//! including preflights and cookies, and reports what the script gets back. (Feature `testing`, for `[dev-dependencies]`.)
//!
//! ```toml
//! [dev-dependencies]
//! actix-web-cors = { version = "0.1", features = ["testing"] }
//! ```
//!
//! **Use it** to pin what your front end may do, next to the code that allows it: a test that sends its own `Origin` header
//! and looks for `Access-Control-Allow-Origin` in the response restates the policy; this one checks whether the page works.
//! **Don't** use it for what only a real browser knows: how an engine differs beyond its [`Profile`], third-party cookie
//! blocking, HTTP caches, service workers, content security policies, navigations. [`fetch_cors::browser`] says what the
//! model knows about CORS.
//!
//! ```
//! use actix_web::{App, HttpResponse, test, web};
//! use actix_web_cors::{
//!     Cors, Policy,
//!     testing::{Browser, Reason, assert_allowed, assert_blocked, delete, get, put},
//! };
//! use serde_json::{Value, json};
//!
//! #[actix_web::main] // A test would have #[actix_web::test].
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::builder()
//!         .allow_origins(["https://app.example"])
//!         .allow_methods(["PUT"])
//!         .allow_headers(["content-type"])
//!         .build()?;
//!     let app = App::new().wrap(Cors::new(policy)).service(
//!         web::resource("/items/1")
//!             .get(|| async { HttpResponse::Ok().json(json!({ "name": "lamp" })) })
//!             .put(|| async { HttpResponse::NoContent() })
//!             .delete(|| async { HttpResponse::NoContent() }),
//!     );
//!     let browser = Browser::new(test::init_service(app).await);
//!     let page = browser.page("https://app.example");
//!
//!     let read = page.fetch(get("/items/1")).await;
//!     assert_allowed!(read);
//!     assert_eq!(read.json::<Value>()?["name"], "lamp");
//!
//!     let written = page.fetch(put("/items/1").json(&json!({ "name": "desk lamp" }))).await;
//!     assert_allowed!(written);
//!     // The preflight, and the request.
//!     assert_eq!(written.exchanges().len(), 2);
//!
//!     assert_blocked!(page.fetch(delete("/items/1")).await, Reason::MethodNotAllowed { .. });
//!     assert_blocked!(browser.page("https://evil.example").fetch(get("/items/1")).await);
//!     Ok(())
//! }
//! ```
//!
//! # When an assertion fails
//!
//! It says what is wrong and how to fix it, and shows everything that went over the wire. Here the policy does not allow `PUT`:
//!
//! ```
//! use actix_web::{App, HttpResponse, test, web};
//! use actix_web_cors::{
//!     Cors, Policy,
//!     testing::{Browser, put},
//! };
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::builder().allow_origins(["https://app.example"]).allow_methods(["DELETE"]).build()?;
//!     let app = App::new().wrap(Cors::new(policy)).route("/items/1", web::put().to(HttpResponse::NoContent));
//!     let browser = Browser::new(test::init_service(app).await);
//!
//!     let outcome = browser.page("https://app.example").fetch(put("/items/1")).await;
//!
//!     // What `assert_allowed!(outcome)` panics with:
//!     assert_eq!(outcome.to_string(), r#"PUT /items/1 from a page of https://app.example
//! Blocked: the method PUT is not allowed.
//! Fix: respond to the preflight with Access-Control-Allow-Methods: PUT.
//! The rule: the preflight response does not allow the method PUT (at the preflight, so the actual request was never sent)
//!   see https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
//!
//! 1. preflight
//!   > OPTIONS https://api.example/items/1
//!   > host: api.example
//!   > accept: */*
//!   > access-control-request-method: PUT
//!   > origin: https://app.example
//!   > sec-fetch-dest: empty
//!   > sec-fetch-mode: cors
//!   > sec-fetch-site: cross-site
//!   < 204 No Content
//!   < access-control-allow-methods: DELETE
//!   < access-control-allow-origin: https://app.example
//!   < vary: origin, access-control-request-method
//! "#);
//!     Ok(())
//! }
//! ```
//!
//! The cause is what the wire shows, and not only the rule that the browser applies: if a preflight gets 401, it says that
//! authentication stands in front of CORS. If several causes look alike, it names them; [`Outcome::diagnose`] then sends further
//! requests that tell them apart.
//!
//! # Cookies
//!
//! The browser has a cookie jar, so you can test flows with a session: a cookie that a response sets is sent with the next
//! request, if that has [`Credentials::Include`] or goes to the page's own origin.
//!
//! ```
//! use actix_web::{App, HttpRequest, test, web};
//! use actix_web_cors::{
//!     Cors, Policy,
//!     testing::{Browser, Credentials, assert_allowed, get},
//! };
//!
//! async fn who(request: HttpRequest) -> String {
//!     request.cookie("user").map_or("nobody".to_owned(), |cookie| cookie.value().to_owned())
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let policy = Policy::builder().allow_origins(["https://app.example"]).allow_credentials().build()?;
//!     let app = App::new().wrap(Cors::new(policy)).route("/who", web::get().to(who));
//!     let browser = Browser::new(test::init_service(app).await);
//!     browser.set_cookie("user=ada; SameSite=None; Secure");
//!     let page = browser.page("https://app.example");
//!
//!     let outcome = page.fetch(get("/who").credentials(Credentials::Include)).await;
//!     assert_allowed!(outcome);
//!     assert_eq!(outcome.text()?, "ada");
//!     assert_eq!(page.fetch(get("/who")).await.text()?, "nobody");
//!     Ok(())
//! }
//! ```
//!
//! The rules are those of [RFC 6265bis](https://httpwg.org/http-extensions/draft-ietf-httpbis-rfc6265bis.html): `Domain`
//! and public suffixes, `Path`, `Secure` (which loopback satisfies), `Max-Age` and `Expires`, `__Host-` and `__Secure-`,
//! and `SameSite`, by the [site](https://html.spec.whatwg.org/multipage/browsers.html#same-site) of the page and of the URL
//! that is fetched, whatever redirects led there. For a page of another site, a cookie is neither sent nor stored unless it
//! has `SameSite=None; Secure`. A cookie without `SameSite` is `Lax`, as the RFC says and as Chromium does; Firefox and
//! `WebKit` treat it as `None`, and so does a browser with their [profile](Browser::profile). If a cookie was not sent or not
//! stored, a note in the [`Outcome`]'s text says why.
//!
//! Real browsers may block third-party cookies altogether, whatever their attributes: Safari does, Firefox partitions them by
//! site, Chromium leaves it to the user. That is **not** modelled. If it matters, serve page and API from one site.
//!
//! # Time
//!
//! No clock runs. [`Browser::advance`] lets time pass for the preflights and cookies that the browser remembers. `Expires`
//! is compared with the date on which the browser was made, plus that time.
//!
//! # How requests and responses differ from a real browser's
//!
//! Requests have `Host`, `Cookie`, `Content-Length`, and all headers that the script, CORS and Fetch Metadata add. They lack
//! what else browsers send (`User-Agent`, `Accept`, `Accept-Encoding`, `Referer`). They come from 127.0.0.1.
//! Responses lack what only Actix Web's HTTP encoder adds: `Date`, `Content-Length`, `Connection`. A body is read to its end
//! before there is an outcome, so one that never ends, such as an event stream's, makes a test wait forever.

mod browser;
mod cookies;
mod diagnosed;
mod outcome;
mod request;

pub use actix_web::cookie::SameSite;
pub use fetch_cors::{
    browser::{
        Allowed, Blocked, Credentials, Engine, Mode, PageOrigin, Profile, Reason, Redirect, ResponseType,
        Step, Url, Verdict,
    },
    diagnosis::{Cause, Certainty, Diagnosis, Probe, Remedy},
};

pub use self::{
    browser::{Browser, Page},
    cookies::StoredCookie,
    outcome::{BodyError, Exchange, Outcome, Response},
    request::{Request, delete, get, head, method, patch, post, put},
};
#[doc(inline)]
pub use crate::{assert_allowed, assert_blocked};

/// Asserts that the browser allows the request of an [`Outcome`](crate::testing::Outcome): the page's script is given the
/// response, even if only an opaque one.
///
/// # Panics
///
/// If the browser blocks it. The message is the outcome's text: why, the fix, and every request and response.
///
/// ```should_panic
/// use actix_web::{App, test};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, assert_allowed, get},
/// };
///
/// #[actix_web::main]
/// async fn main() {
///     let app = App::new().wrap(Cors::new(Policy::deny_all()));
///     let browser = Browser::new(test::init_service(app).await);
///     let page = browser.page("https://app.example");
///     let outcome = page.fetch(get("/items")).await;
///     assert_allowed!(outcome);
/// }
/// ```
#[macro_export]
macro_rules! assert_allowed {
    ($outcome:expr $(,)?) => {
        match &$outcome {
            outcome => $crate::testing::Outcome::expect_allowed(outcome),
        }
    };
}

/// Asserts that the browser blocks the request of an [`Outcome`](crate::testing::Outcome): the page's script is given a
/// `TypeError` instead of the response. A pattern of a [`Reason`](crate::testing::Reason) also asserts why.
///
/// # Panics
///
/// If the browser allows it, or blocks it for another reason. The message is the outcome's text, with every request and
/// response.
///
/// ```
/// use actix_web::{App, test};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, Reason, assert_blocked, get},
/// };
///
/// #[actix_web::main]
/// async fn main() {
///     let app = App::new().wrap(Cors::new(Policy::deny_all()));
///     let browser = Browser::new(test::init_service(app).await);
///     let page = browser.page("https://app.example");
///     let outcome = page.fetch(get("/items")).await;
///     assert_blocked!(outcome);
///     assert_blocked!(outcome, Reason::AllowOriginMissing);
///
///     let outcome = page.fetch(get("/items").header("x-request-id", "7")).await;
///     assert_blocked!(outcome, Reason::AllowOriginMissing | Reason::PreflightStatus { .. });
/// }
/// ```
#[macro_export]
macro_rules! assert_blocked {
    ($outcome:expr $(,)?) => {
        $crate::assert_blocked!($outcome, _)
    };
    ($outcome:expr, $reason:pat $(if $guard:expr)? $(,)?) => {
        match &$outcome {
            outcome => $crate::testing::Outcome::expect_blocked(
                outcome,
                ::core::stringify!($reason $(if $guard)?),
                |reason| ::core::matches!(reason, $reason $(if $guard)?),
            ),
        }
    };
}
