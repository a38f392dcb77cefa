//! The CORS protocol of the [Fetch Standard](https://fetch.spec.whatwg.org/#http-cors-protocol) as a pure library, both
//! ends of it: what a server answers, and what a browser then does. No I/O, no framework, no async.
//!
//! **Use it** to write CORS middleware for a framework that has none as good, to check policies in your own tools, or to
//! find out what a browser would make of an answer. **Don't** if you use Actix Web: there `actix-web-cors` does it all.
//!
//! - [`Policy`] says who may use what a server answers. It is checked when it is built, and [`InvalidPolicy`] names every
//!   mistake at once, each with what to write instead.
//! - [`server::decide`] says what to do with one request; see [`server`].
//! - [`browser::Browser`] says what a browser sends, what it lets script see of the answer, and if nothing, why, and what
//!   would mend it; see [`browser`].
//!
//! The two ends share no code: each is the other's oracle in the test suite. The conformance vectors, in the
//! repository's `crates/cors-vectors`, state the rules as data, for both.
//!
//! Features: `toml` adds [`Policy::from_toml`], whose errors name the line of the file.
//!
//! The browser enforces CORS, the server publishes a policy. So the answer to a preflight hardly depends on what the
//! request asks for: an allowed origin is sent the whole policy, and the browser compares.
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

#[cfg(feature = "browser")]
pub mod browser;
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
    InvalidOrigin, InvalidPolicy, Origin, Policy, PolicyBuilder, PolicyConfig, Problem, ProblemKind, Setting,
    Summary, Widening,
};
