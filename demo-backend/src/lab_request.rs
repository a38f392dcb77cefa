//! A request as a reader of the Lab puts it together: what kind of thing loads, and with what. From here it becomes what
//! the browser's model fetches; the page makes the real one of the same description.

use fetch_cors::browser::{Credentials, Engine, Mode, PageOrigin, Redirect, Request};
use serde::{Deserialize, Serialize};

use crate::{origins::Origins, place::session_prefix};

/// What loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `fetch()`
    #[default]
    Fetch,
    /// `XMLHttpRequest`
    Xhr,
    /// `FontFace`
    Font,
    /// `<img>`
    Image,
    /// `<img crossorigin>`
    ImageCors,
    /// An image that is drawn on a canvas and read back; with `crossorigin`, unless the mode is `no-cors`.
    Canvas,
    /// A module script.
    Module,
    /// `EventSource`
    Events,
}

impl Kind {
    /// The request's [destination](https://fetch.spec.whatwg.org/#concept-request-destination), as `Sec-Fetch-Dest` says it.
    pub const fn destination(self) -> &'static str {
        match self {
            Self::Fetch | Self::Xhr | Self::Events => "empty",
            Self::Font => "font",
            Self::Image | Self::ImageCors | Self::Canvas => "image",
            Self::Module => "script",
        }
    }
}

/// From where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Page {
    /// The Lab's page.
    #[default]
    Lab,
    /// The attacker's page.
    Attacker,
    /// A sandboxed frame in the Lab's page, which has no origin.
    Sandbox,
}

/// What a body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyType {
    /// A string, with `Content-Type: application/json` unless another one is set.
    #[serde(rename = "application/json")]
    Json,
    /// A string.
    #[serde(rename = "text/plain")]
    Text,
    /// `URLSearchParams`
    #[serde(rename = "form")]
    Form,
}

/// A body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Body {
    /// What it is made of.
    #[serde(rename = "type")]
    pub body_type: BodyType,
    /// Its text.
    pub text: String,
}

/// `{ credentials }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialsMode {
    /// The page's own origin gets cookies.
    #[default]
    SameOrigin,
    /// Every origin does.
    Include,
    /// None does.
    Omit,
}

/// `{ mode }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RequestMode {
    /// Script may read what CORS allows.
    #[default]
    Cors,
    /// Script reads nothing.
    NoCors,
    /// Other origins are an error.
    SameOrigin,
}

/// `{ redirect }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RedirectMode {
    /// They are followed.
    #[default]
    Follow,
    /// They are an answer that script can't look into.
    Manual,
    /// They are an error.
    Error,
}

/// A request of the Lab. What is missing is default; what the page adds for itself is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LabRequest {
    /// What loads.
    pub kind: Kind,
    /// The method; `fetch()` and `XMLHttpRequest` alone may choose.
    pub method: String,
    /// The route, below `/api/`.
    pub path: String,
    /// The query without its run.
    pub query: String,
    /// What script sets; `fetch()` and `XMLHttpRequest` alone may.
    pub headers: Vec<(String, String)>,
    /// What script sends along, likewise.
    pub body: Option<Body>,
    /// Whether cookies go along.
    pub credentials: CredentialsMode,
    /// Whether script is to read the answer.
    pub mode: RequestMode,
    /// What becomes of redirects.
    pub redirect: RedirectMode,
    /// Whether the small cache stands in between.
    pub cached: bool,
    /// From where.
    pub page: Page,
    /// Whether its URL is sent more than once, so that a remembered preflight counts.
    pub same_url: bool,
}

impl Default for LabRequest {
    fn default() -> Self {
        Self {
            kind: Kind::default(),
            method: "GET".to_owned(),
            path: "notes".to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: None,
            credentials: CredentialsMode::default(),
            mode: RequestMode::default(),
            redirect: RedirectMode::default(),
            cached: false,
            page: Page::default(),
            same_url: false,
        }
    }
}

/// The longest route, in bytes.
const MAX_PATH: usize = 200;
/// The longest query, in bytes.
const MAX_QUERY: usize = 1000;

impl LabRequest {
    /// Whether its URL is one that the Lab sends.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub fn check(&self) -> Result<(), String> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if self.path.len() > MAX_PATH || !self.path.bytes().all(is_plain) {
            return Err(format!("the path has at most {MAX_PATH} letters, digits, and \"-._~/\""));
        }
        if self.path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err("the path has no \".\" and \"..\"".to_owned());
        }
        if self.query.len() > MAX_QUERY || self.query.contains(|c: char| c.is_control() || c == '#') {
            return Err(format!("the query has at most {MAX_QUERY} bytes, and no \"#\""));
        }
        Ok(())
    }

    /// Where it goes to.
    pub fn url(&self, session: &str, run: &str, origins: &Origins) -> String {
        let prefix = session_prefix(session);
        let cached = if self.cached { "/cached" } else { "" };
        let run = if run.is_empty() { String::new() } else { format!("run={run}") };
        let query = [self.query.as_str(), &run].into_iter().filter(|part| !part.is_empty());
        let query = query.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{}{prefix}{cached}/api/{}{mark}{query}", origins.api, self.path)
    }

    /// The origin of the page that it is sent from.
    pub fn page_origin(&self, origins: &Origins) -> PageOrigin {
        let page = match self.page {
            Page::Lab => &origins.page,
            Page::Attacker => &origins.attacker,
            Page::Sandbox => return PageOrigin::Opaque,
        };
        PageOrigin::of(page).unwrap_or(PageOrigin::Opaque)
    }

    /// Whether script may choose method, headers and body.
    fn is_script(&self) -> bool {
        matches!(self.kind, Kind::Fetch | Kind::Xhr)
    }

    /// The method, as script writes it.
    pub fn method(&self) -> &str {
        if self.is_script() { &self.method } else { "GET" }
    }

    /// The body that goes along; `XMLHttpRequest` leaves it out where `fetch()` throws.
    pub fn body(&self) -> Option<&Body> {
        let has_none = ["GET", "HEAD"].iter().any(|method| self.method.eq_ignore_ascii_case(method));
        let body = self.body.as_ref().filter(|_| self.is_script());
        body.filter(|_| self.kind == Kind::Fetch || !has_none)
    }

    /// Whether the answer stays opaque. `WebKit` asks for fonts without CORS, against the
    /// [standard](https://drafts.csswg.org/css-fonts/#font-fetching-requirements).
    pub fn is_opaque(&self, engine: Option<Engine>) -> bool {
        match self.kind {
            Kind::Image => true,
            Kind::Font => engine == Some(Engine::WebKit),
            Kind::Fetch | Kind::Canvas => self.mode == RequestMode::NoCors,
            Kind::Xhr | Kind::ImageCors | Kind::Module | Kind::Events => false,
        }
    }

    fn mode(&self, engine: Option<Engine>) -> Mode {
        match (self.kind, self.mode) {
            (Kind::Fetch, RequestMode::SameOrigin) => Mode::SameOrigin,
            _ if self.is_opaque(engine) => Mode::NoCors,
            _ => Mode::Cors,
        }
    }

    /// Whether script asks for cookies to other origins.
    pub fn asks_for_credentials(&self) -> bool {
        self.credentials() == Credentials::Include
    }

    fn credentials(&self) -> Credentials {
        // A plain image sends cookies wherever it comes from; a font never sends any to other origins.
        let is_plain_image =
            matches!(self.kind, Kind::Image) || self.kind == Kind::Canvas && self.mode == RequestMode::NoCors;
        match self.credentials {
            _ if is_plain_image => Credentials::Include,
            CredentialsMode::Include if self.kind != Kind::Font => Credentials::Include,
            // Only `fetch()` can be told to send none to the page's own origin either.
            CredentialsMode::Omit if self.kind == Kind::Fetch => Credentials::Omit,
            _ => Credentials::SameOrigin,
        }
    }

    /// What the browser's model fetches, from this URL.
    pub fn to_fetch(&self, url: &str, origins: &Origins, engine: Option<Engine>) -> Request {
        let mut request = Request::new(self.page_origin(origins), self.method(), url)
            .mode(self.mode(engine))
            .credentials(self.credentials());
        if self.kind == Kind::Fetch {
            request = request.redirect(match self.redirect {
                RedirectMode::Follow => Redirect::Follow,
                RedirectMode::Manual => Redirect::Manual,
                RedirectMode::Error => Redirect::Error,
            });
        }
        if self.is_script() {
            for (name, value) in &self.headers {
                request = request.header(name, value);
            }
        }
        if let Some(body) = self.body() {
            let is_set = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
            request = request.body(Some(match body.body_type {
                BodyType::Json | BodyType::Text => "text/plain;charset=UTF-8",
                BodyType::Form => "application/x-www-form-urlencoded;charset=UTF-8",
            }));
            if body.body_type == BodyType::Json && !is_set {
                request = request.header("content-type", "application/json");
            }
        }
        request
    }
}
