//! Predicates: code of the application's own that allows origins which no pattern describes. They are asked only where a
//! policy was found and does not allow the origin, so other requests pay nothing for them.

use std::{
    cell::RefCell,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use actix_web::http::header::{HeaderName, HeaderValue};
use fetch_cors::{
    Origin, Policy,
    server::{Lines, RequestField, RequestHead as _, candidate},
};

use crate::{head::Head, log};

type Allows = dyn Fn(&Origin, &RequestView<'_>) -> bool + Send + Sync;

#[derive(Clone)]
pub(crate) struct Predicate {
    pub(crate) name: Arc<str>,
    allows: Arc<Allows>,
}

impl Predicate {
    pub(crate) fn new(
        name: &str,
        allows: impl Fn(&Origin, &RequestView<'_>) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), allows: Arc::new(allows) }
    }
}

/// By its name.
impl fmt::Debug for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.name.fmt(f)
    }
}

/// What a predicate may look at: only what a preflight has, too, so that it says the same of the preflight and of the
/// request that follows.
///
/// A client that is not a browser can send anything here. That is harmless as long as it decides only which *browsers* may
/// show a response to a page.
///
/// ```
/// use actix_web::App;
/// use actix_web_cors::{Cors, Policy, RequestView};
///
/// /// Whether a widget is requested of the host of our European customers.
/// fn is_widget(request: &RequestView<'_>) -> bool {
///     request.method() == "GET"
///         && request.path().starts_with("/widget/")
///         && request.host() == Some("eu.example.com")
///         // Set by the proxy in front.
///         && request.header("x-forwarded-proto") == Some("https")
/// }
///
/// fn main() -> Result<(), actix_web_cors::InvalidPolicy> {
///     let policy = Policy::allow_origin("https://app.example.com")?;
///     let cors = Cors::new(policy).allow_origins_if("European customers", |origin, request| {
///         is_widget(request) && origin.is_subdomain_of("customers.example")
///     });
///     let app = App::new().wrap(cors);
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub struct RequestView<'a> {
    head: Head<'a>,
    /// The headers that the predicate read.
    read: RefCell<Vec<HeaderName>>,
}

impl<'a> RequestView<'a> {
    /// The method of the actual request; for a preflight, the method that it asks for.
    pub fn method(&self) -> &'a str {
        let requested = || self.head.0.headers().get(RequestField::AccessControlRequestMethod.name());
        match if self.head.is_options() { requested() } else { None } {
            Some(requested) => requested.to_str().unwrap_or_default(),
            None => self.head.0.method().as_str(),
        }
    }

    /// The path, without the query.
    pub fn path(&self) -> &'a str {
        self.head.0.path()
    }

    /// The host and port that the request names in `Host` or its URL; none if it names several. `Forwarded` and its like
    /// are not read.
    pub fn host(&self) -> Option<&str> {
        match Lines::of(self.head.lines(RequestField::Host)) {
            Lines::One(host) => str::from_utf8(host).ok(),
            Lines::None | Lines::Several => None,
        }
    }

    /// The value of a request header, and from then on the response's `Vary` names that header.
    ///
    /// It is none if the request has the header several times, or with other than visible ASCII, and always none for
    /// headers that preflights never have: `Authorization`, `Cookie` and `Content-…`. Headers that the page's script sets
    /// are not in the preflight either, so a predicate that needs one would refuse every preflight.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        let is_never_in_preflights =
            matches!(name.as_str(), "authorization" | "cookie") || name.as_str().starts_with("content-");
        if is_never_in_preflights {
            return None;
        }
        let mut lines = self.head.0.headers().get_all(&name);
        let (first, second) = (lines.next(), lines.next());
        let mut read = self.read.borrow_mut();
        if !read.contains(&name) {
            read.push(name);
        }
        if second.is_some() { None } else { first?.to_str().ok() }
    }
}

/// What became of asking the predicates about one origin.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    is_allowed: bool,
    has_panicked: bool,
    /// The names of the request headers that they read.
    vary: Option<HeaderValue>,
}

impl Asked {
    pub(crate) fn is_allowed(&self) -> bool {
        self.is_allowed
    }

    pub(crate) fn has_panicked(&self) -> bool {
        self.has_panicked
    }

    pub(crate) fn vary(&self) -> Option<&HeaderValue> {
        self.vary.as_ref()
    }
}

/// Asks whether one of the predicates allows an origin that the policy doesn't; none if they may not be asked about it.
pub(crate) fn ask(predicates: &[Predicate], policy: &Policy, head: Head<'_>) -> Option<Asked> {
    let Lines::One(origin) = Lines::of(head.lines(RequestField::Origin)) else { return None };
    let origin = candidate(policy, origin)?;
    let view = RequestView { head, read: RefCell::default() };
    let mut asked = Asked { is_allowed: false, has_panicked: false, vary: None };
    for Predicate { name, allows } in predicates {
        match catch_unwind(AssertUnwindSafe(|| allows(&origin, &view))) {
            Ok(false) => {}
            Ok(true) => {
                asked.is_allowed = true;
                break;
            }
            Err(_) => {
                log::panicked_predicate(name, head);
                asked.has_panicked = true;
                break;
            }
        }
    }
    let read = view.read.borrow();
    if !read.is_empty() {
        let names: Vec<&str> = read.iter().map(HeaderName::as_str).collect();
        asked.vary = HeaderValue::from_str(&names.join(", ")).ok();
    }
    Some(asked)
}
