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
//! What else decides whether a request is sent, or whether a script reads the response, is left out:
//!
//! - **Before it is sent:** Content Security Policy, service workers, HSTS, `blob:` and `file:` URLs,
//!   relative URLs in sandboxed frames (those are relative to the page around the frame; here they are not valid), and
//!   navigations. Of Chromium's [Local Network Access](https://wicg.github.io/local-network-access/), only the outcome without
//!   the user's permission is modelled, and only if [`Request::page_address_space`] says where the page is; the server's
//!   address space follows from the URL's host alone, because nothing here resolves names.
//! - **In the request:** `User-Agent`, which some engines let scripts set and all send by themselves, `Accept`, `Referer`, and
//!   every other header that is neither the script's nor of CORS or Fetch Metadata; the `null` that a referrer policy may make
//!   of an `Origin` outside of CORS; HTTP authentication, with the second request that it causes; `Last-Event-ID` of an
//!   `EventSource`.
//! - **Bodies:** streamed ones, which need a preflight and can't follow most redirects; the limit of 64 KiB for `keepalive`;
//!   what a `data:` URL holds.
//! - **In the response:** HTTP caches, with the conditional requests that they cause, `Cross-Origin-Embedder-Policy`, opaque
//!   response blocking (ORB), subresource integrity, and cookies. `actix_web_cors::testing` has a cookie jar.

#![allow(clippy::doc_markdown, reason = "WebKit is a name, not code")]

mod address_space;
mod cache;
mod check;
mod console;
mod data_url;
mod fetch;
mod headers;
mod names;
mod origin;
mod profile;
mod reason;
mod request;
mod response;
mod safelist;
mod verdict;
mod words;
mod work;

pub use address_space::AddressSpace;
pub use check::readable;
pub use fetch::{Browser, Exchange, Next};
pub use headers::HeaderList;
pub use origin::{PageOrigin, is_potentially_trustworthy};
pub use profile::{Difference, Engine, Profile};
pub use reason::Reason;
pub use request::{Credentials, LeftOut, Mode, Redirect, Request};
pub use response::{Allowed, Response, ResponseType};
pub use url::Url;
pub use verdict::{Blocked, Step, Verdict};
