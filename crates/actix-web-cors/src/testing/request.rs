//! What a page's script requests: the arguments of its `fetch()`. Nothing is decided here; the browser does that.

use std::fmt;

use actix_web::web::Bytes;
use fetch_cors::browser::{self, Credentials, Mode, PageOrigin, Redirect};
use serde::Serialize;

/// A `fetch(url, { … })` in a page's script.
///
/// A URL that is not absolute, such as `/items/1`, is resolved against the server that the [`Browser`](super::Browser) was
/// made for, so that tests stay short. (A real page resolves it against its own URL; to fetch from the page's own origin,
/// write the whole URL.)
///
/// ```
/// use actix_web_cors::testing::{Credentials, Mode, Redirect, delete, get, head, method, patch, post, put};
/// use serde_json::json;
///
/// let read = get("/items?page=2").header("x-request-id", "7").credentials(Credentials::Include);
/// let write = post("https://api.example/items").json(&json!({ "name": "lamp" }));
///
/// // Every kind of body, each with the `content-type` that a browser gives it.
/// let replace = put("/items/1").text("lamp");
/// let sign_in = post("/login").form(&[("user", "ada")]);
/// let upload = patch("/items/1/photo").bytes(vec![0xff, 0xd8]).upload_listener();
///
/// // An image of another site, and a page that wants to see a redirect.
/// let embed = get("/logo.png").mode(Mode::NoCors);
/// let check = head("/old").redirect(Redirect::Manual);
/// let others = [delete("/items/1"), method("PROPFIND", "/items")];
/// ```
///
/// [`Page::fetch`](super::Page::fetch) sends it.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until a page fetches it"]
pub struct Request {
    pub(super) method: String,
    pub(super) url: String,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Option<Body>,
    mode: Mode,
    pub(super) credentials: Credentials,
    redirect: Redirect,
    upload_listener: bool,
}

#[derive(Clone, Debug)]
struct Body {
    bytes: Bytes,
    kind: Kind,
}

/// The `content-type` that a body has if the script sets none.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// None.
    Bytes,
    /// This one, which the browser adds after the script's headers.
    Typed(&'static str),
    /// The browser's is `text/plain`, because the body is a string; a script sets `application/json` itself.
    Json,
}

/// A `GET`. [`Request`] has examples.
pub fn get(url: impl Into<String>) -> Request {
    method("GET", url)
}

/// A `HEAD`. [`Request`] has examples.
pub fn head(url: impl Into<String>) -> Request {
    method("HEAD", url)
}

/// A `POST`. [`Request`] has examples.
pub fn post(url: impl Into<String>) -> Request {
    method("POST", url)
}

/// A `PUT`. [`Request`] has examples.
pub fn put(url: impl Into<String>) -> Request {
    method("PUT", url)
}

/// A `PATCH`. [`Request`] has examples.
pub fn patch(url: impl Into<String>) -> Request {
    method("PATCH", url)
}

/// A `DELETE`. [`Request`] has examples.
pub fn delete(url: impl Into<String>) -> Request {
    method("DELETE", url)
}

/// Any method, as a script writes it: browsers turn `put` into `PUT`, but leave `patch` as it is. [`Request`] has examples.
pub fn method(method: impl Into<String>, url: impl Into<String>) -> Request {
    Request {
        method: method.into(),
        url: url.into(),
        headers: Vec::new(),
        body: None,
        mode: Mode::default(),
        credentials: Credentials::default(),
        redirect: Redirect::default(),
        upload_listener: false,
    }
}

impl Request {
    /// Adds a request header. As in browsers, headers that scripts may not set, such as `Cookie` or `Origin`, are left out,
    /// and a malformed name or value makes the fetch fail with a `TypeError`.
    pub fn header(mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Self {
        self.headers.push((name.as_ref().to_vec(), value.as_ref().to_vec()));
        self
    }

    /// A body as a script sends it: `body: JSON.stringify(value)` *and* `headers: { "content-type": "application/json" }`.
    /// Browsers don't add that header themselves: without it, they send JSON as `text/plain;charset=UTF-8`, without a
    /// preflight. To test that, write [`text`](Self::text). Another `content-type` set by [`header`](Self::header) stays.
    ///
    /// # Panics
    ///
    /// If the value can't be written as JSON.
    #[track_caller]
    pub fn json(self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(json) => self.with_body(json, Kind::Json),
            Err(error) => panic!("the body of the request to {} can't be written as JSON: {error}", self.url),
        }
    }

    /// `body: "…"`, which adds `content-type: text/plain;charset=UTF-8` unless the script sets one.
    pub fn text(self, text: impl Into<String>) -> Self {
        self.with_body(text.into(), Kind::Typed("text/plain;charset=UTF-8"))
    }

    /// `body: new URLSearchParams(…)`, which adds `content-type: application/x-www-form-urlencoded;charset=UTF-8` unless
    /// the script sets one. Takes what [`serde_urlencoded`](https://docs.rs/serde_urlencoded) takes: a struct, a map, or pairs.
    ///
    /// # Panics
    ///
    /// If the value can't be written as a form.
    #[track_caller]
    pub fn form(self, fields: &(impl Serialize + ?Sized)) -> Self {
        match serde_urlencoded::to_string(fields) {
            Ok(form) => self.with_body(form, Kind::Typed("application/x-www-form-urlencoded;charset=UTF-8")),
            Err(error) => {
                panic!("the body of the request to {} can't be written as a form: {error}", self.url)
            }
        }
    }

    /// `body: new Uint8Array(…)`, which adds no `content-type`.
    pub fn bytes(self, bytes: impl Into<Bytes>) -> Self {
        self.with_body(bytes, Kind::Bytes)
    }

    /// `credentials: "…"`; `SameOrigin` unless it is set.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// `mode: "…"`; `Cors` unless it is set.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// `redirect: "…"`; `Follow` unless it is set.
    pub fn redirect(mut self, redirect: Redirect) -> Self {
        self.redirect = redirect;
        self
    }

    /// Makes it an `XMLHttpRequest` with a listener on its `upload`, which needs a preflight whatever else it sends: the
    /// standard's [use-CORS-preflight flag](https://fetch.spec.whatwg.org/#use-cors-preflight-flag).
    pub fn upload_listener(mut self) -> Self {
        self.upload_listener = true;
        self
    }

    fn with_body(mut self, bytes: impl Into<Bytes>, kind: Kind) -> Self {
        self.body = Some(Body { bytes: bytes.into(), kind });
        self
    }

    pub(super) fn body(&self) -> Bytes {
        self.body.as_ref().map(|body| body.bytes.clone()).unwrap_or_default()
    }

    /// The model's form of this request, to this URL.
    pub(super) fn of_page(&self, page: PageOrigin, url: String) -> browser::Request {
        let mut request = browser::Request::new(page, self.method.clone(), url)
            .mode(self.mode)
            .credentials(self.credentials)
            .redirect(self.redirect);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        match self.body.as_ref().map(|body| body.kind) {
            None => {}
            Some(Kind::Bytes) => request = request.body(None),
            Some(Kind::Typed(content_type)) => request = request.body(Some(content_type)),
            Some(Kind::Json) => {
                if !self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(b"content-type")) {
                    request = request.header("content-type", "application/json");
                }
                request = request.body(Some("text/plain;charset=UTF-8"));
            }
        }
        if self.upload_listener { request.upload_listener() } else { request }
    }
}

impl fmt::Display for Request {
    /// Its method and URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)
    }
}
