//! The browser's end: what a browser sends, and what it lets a page's script read of the response. The CORS parts of
//! *fetch*, section by section of the [Fetch Standard](https://fetch.spec.whatwg.org/), as a state machine without I/O,
//! clock or randomness.
//!
//! **Use it** to find out whether a page could use an API, from a test, a tool or a proxy, without a browser. **Don't** use
//! it to protect anything: only a real browser enforces CORS, and only for the pages that it runs.
//!
//! ```
//! use std::time::Duration;
//!
//! use fetch_cors::browser::{Browser, Next, PageOrigin, Profile, Request, Response};
//!
//! let mut browser = Browser::new(Profile::STANDARD);
//! let page = PageOrigin::of("https://app.example").unwrap();
//! let request = Request::new(page, "PUT", "https://api.example/items/1");
//!
//! let mut next = browser.fetch(request, Duration::ZERO);
//! let verdict = loop {
//!     match next {
//!         Next::Send(exchange) => {
//!             // Here an HTTP client would send it.
//!             assert_eq!(exchange.method(), "OPTIONS");
//!             assert_eq!(exchange.headers().get("access-control-request-method").unwrap(), b"PUT");
//!             let response = Response::new(204).header("access-control-allow-origin", "https://app.example");
//!             next = exchange.receive(&mut browser, &response, Duration::ZERO);
//!         }
//!         Next::Done(verdict) => break verdict,
//!     }
//! };
//!
//! let blocked = verdict.blocked().unwrap();
//! assert_eq!(blocked.why(), "the preflight response does not allow the method PUT");
//! assert_eq!(blocked.fix(), "respond to the preflight with Access-Control-Allow-Methods: PUT");
//! ```
//!
//! It knows requests, responses and origins, but not policies, and it shares no parser with the server's end, so that the
//! test suite can check each end against the other.
//!
//! # What it does not model
//!
//! Content Security Policy, service workers, HTTP caches, `Cross-Origin-Embedder-Policy`, HSTS, opaque response blocking
//! (ORB), third-party cookie rules, `blob:` and `file:` URLs, and navigations.

#![allow(clippy::doc_markdown, reason = "WebKit is a name, not code")]

mod cache;
mod check;
mod console;
mod fetch;
mod headers;
mod origin;
mod profile;
mod reason;
mod request;
mod response;
mod safelist;
mod verdict;
mod words;

pub use cache::PreflightCache;
pub use check::readable;
pub use fetch::{Browser, Exchange, Next};
pub use headers::HeaderList;
pub use origin::{PageOrigin, is_potentially_trustworthy};
pub use profile::{Difference, Engine, Profile};
pub use reason::Reason;
pub use request::{Credentials, Mode, Redirect, Request};
pub use response::{Allowed, Response, ResponseType};
pub use url::Url;
pub use verdict::{Blocked, Step, Verdict};
