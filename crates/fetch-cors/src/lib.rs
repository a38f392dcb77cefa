//! The CORS protocol of the [Fetch Standard](https://fetch.spec.whatwg.org/#http-cors-protocol) as a pure library, both
//! ends of it: how a server responds, and what a browser does with the response. No I/O, no framework, no async.
//!
//! **Use it** to write CORS middleware for a framework that lacks one, to check policies in your own tools, or to find out
//! what a browser would do with a response. **Don't** if you use Actix Web: `actix-web-cors` does all of this there.
//!
//! - [`Policy`] says which origins may read a server's responses, and what they may send. It is checked when it is
//!   built, and [`InvalidPolicy`] lists every mistake at once, each with what to write instead.
//! - [`Policy::change_for`] says everything that a policy lacks for a request, as a [`Change`], or why no policy helps.
//! - [`server::decide`] says what to do with one request; see [`server`].
//! - [`browser::Browser`] says what a browser sends and what a page's script can read of the response. If the browser blocks
//!   the request, it also says why, and how to fix it; see [`browser`].
//! - [`diagnosis`] names the cause behind a verdict, from all that went over the wire, and how sure it is. (Feature
//!   `diagnosis`.)
//!
//! The two ends share no code, so that the test suite can check each against the other. The conformance vectors, in the
//! repository's `crates/cors-vectors`, state the rules as data, for both.
//!
//! Features: `toml` adds [`Policy::from_toml`], whose errors name the line of the file; `diagnosis` adds [`diagnosis`].
//!
//! The server publishes a policy; the browser enforces it. So the response to a preflight hardly depends on the requested
//! method and headers: an allowed origin gets the whole policy, and the browser compares.
//!
//! ```
//! use fetch_cors::Policy;
//!
//! let invalid = Policy::allow_origin("https://app.example.com/").unwrap_err();
//! assert_eq!(
//!     invalid.to_string(),
//!     r#"the CORS policy has 1 problem:
//!   1. allow_origins[0] "https://app.example.com/": an origin has no path. Write "https://app.example.com""#
//! );
//! ```
//!
//! # Types of other crates
//!
//! The public API names few types of other crates:
//!
//! - `serde::Serialize` and `serde::Deserialize`, which policies and what is said about them implement;
//! - `url::Url`, which the browser's end takes and re-exports.

#[cfg(feature = "browser")]
pub mod browser;
#[cfg(feature = "diagnosis")]
pub mod diagnosis;
#[cfg(feature = "server")]
mod origin_set;
#[cfg(feature = "server")]
mod policy;
#[cfg(feature = "server")]
pub mod server;

#[cfg(feature = "toml")]
pub use policy::TomlError;
#[cfg(feature = "server")]
pub use policy::{
    Change, Difference, InvalidOrigin, InvalidPolicy, NearMiss, NeedsOptIn, NoChange, Obstacle, OptIn,
    Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting, Step, Summary, Wanted,
    Widening,
};
