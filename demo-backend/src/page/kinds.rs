//! What a request of the Lab can be made of, and what each kind of request can carry. The page has the same tables, which are
//! generated from these.

use fetch_cors::browser::{AddressSpace, Credentials, Redirect};
use serde::{Deserialize, Serialize};

/// What loads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RequestKind {
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

/// The page that sends a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum SendingPage {
    /// The Lab's page.
    #[default]
    Lab,
    /// The attacker's page.
    Attacker,
    /// A sandboxed frame in the Lab's page, whose origin is opaque.
    Sandbox,
}

/// Where a request is sent to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RequestAddress {
    /// The API.
    #[default]
    Api,
    /// The API's second address, which is another site for browsers.
    Second,
    /// The page's own origin, whose server forwards it to the API.
    Proxy,
}

/// The network that a page is loaded from, for Local Network Access.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum PageAddressSpace {
    /// The internet.
    Public,
    /// The local network.
    Local,
    /// This computer.
    Loopback,
}

/// What a body is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum BodyType {
    /// A string of JSON.
    #[serde(rename = "application/json")]
    Json,
    /// A string.
    #[serde(rename = "text/plain")]
    Text,
    /// `URLSearchParams`
    #[serde(rename = "form")]
    Form,
}

/// Where a body's `Content-Type` comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct BodyContentType {
    /// What the page's script sets unless the reader has set a `Content-Type`; null if it sets none.
    pub script: Option<&'static str>,
    /// What the browser sets where the script sets none.
    pub browser: &'static str,
}

/// `{ credentials }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum CredentialsMode {
    /// Cookies go to the page's own origin.
    #[default]
    SameOrigin,
    /// Cookies go to every origin.
    Include,
    /// Cookies go nowhere.
    Omit,
}

/// `{ mode }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RequestMode {
    /// The script may read what CORS allows.
    #[default]
    Cors,
    /// The script reads nothing.
    NoCors,
    /// Other origins are an error.
    SameOrigin,
}

/// `{ redirect }`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum RedirectMode {
    /// They are followed.
    #[default]
    Follow,
    /// They are responses that the script can't look into.
    Manual,
    /// They are an error.
    Error,
}

/// What a kind of request can carry. Of a list, the first value stands for those that are not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct KindRules {
    /// What the page calls it.
    pub name: &'static str,
    /// The route to load unless the reader names another, below `/api/`.
    pub path: &'static str,
    /// Whether the script chooses method, headers and body. The others send `GET`.
    pub payload: bool,
    /// The credentials that can be chosen.
    pub credentials: &'static [CredentialsMode],
    /// The modes that can be chosen.
    pub mode: &'static [RequestMode],
    /// The redirect modes that can be chosen.
    pub redirect: &'static [RedirectMode],
}

const SAME_ORIGIN_OR_INCLUDE: &[CredentialsMode] = &[CredentialsMode::SameOrigin, CredentialsMode::Include];
const CORS: &[RequestMode] = &[RequestMode::Cors];
const FOLLOW: &[RedirectMode] = &[RedirectMode::Follow];

impl RequestKind {
    /// Every kind, in the page's order.
    pub const ALL: [Self; 8] = [
        Self::Fetch,
        Self::Xhr,
        Self::Font,
        Self::Image,
        Self::ImageCors,
        Self::Canvas,
        Self::Module,
        Self::Events,
    ];

    /// What it can carry.
    pub const fn rules(self) -> KindRules {
        /// An element or object of which only the credentials can be chosen.
        const fn element(name: &'static str, path: &'static str) -> KindRules {
            KindRules {
                name,
                path,
                payload: false,
                credentials: SAME_ORIGIN_OR_INCLUDE,
                mode: CORS,
                redirect: FOLLOW,
            }
        }
        match self {
            Self::Fetch => KindRules {
                payload: true,
                credentials: &[CredentialsMode::SameOrigin, CredentialsMode::Include, CredentialsMode::Omit],
                mode: &[RequestMode::Cors, RequestMode::NoCors, RequestMode::SameOrigin],
                redirect: &[RedirectMode::Follow, RedirectMode::Manual, RedirectMode::Error],
                ..element("fetch()", "notes")
            },
            Self::Xhr => KindRules { payload: true, ..element("XMLHttpRequest", "notes") },
            Self::Font => KindRules {
                credentials: &[CredentialsMode::SameOrigin],
                ..element("Web font (FontFace)", "font")
            },
            Self::Image => KindRules {
                credentials: &[CredentialsMode::Include],
                mode: &[RequestMode::NoCors],
                ..element("Image", "image.png")
            },
            Self::ImageCors => element("Image with crossorigin", "image.png"),
            Self::Canvas => KindRules {
                mode: &[RequestMode::Cors, RequestMode::NoCors],
                ..element("Image read back through a canvas", "image.png")
            },
            Self::Module => element("ES module script", "module.js"),
            Self::Events => element("EventSource", "events"),
        }
    }

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

impl SendingPage {
    /// Every page, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Lab, Self::Attacker, Self::Sandbox];
}

impl RequestAddress {
    /// Every address, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Api, Self::Second, Self::Proxy];
}

impl PageAddressSpace {
    /// Every address space, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Public, Self::Local, Self::Loopback];
}

impl BodyType {
    /// Every type, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Json, Self::Text, Self::Form];

    /// Where its `Content-Type` comes from.
    pub const fn content_type(self) -> BodyContentType {
        let text = "text/plain;charset=UTF-8";
        match self {
            Self::Json => BodyContentType { script: Some("application/json"), browser: text },
            Self::Text => BodyContentType { script: None, browser: text },
            Self::Form => {
                BodyContentType { script: None, browser: "application/x-www-form-urlencoded;charset=UTF-8" }
            }
        }
    }
}

impl From<PageAddressSpace> for AddressSpace {
    fn from(space: PageAddressSpace) -> Self {
        match space {
            PageAddressSpace::Public => Self::Public,
            PageAddressSpace::Local => Self::Local,
            PageAddressSpace::Loopback => Self::Loopback,
        }
    }
}

impl From<CredentialsMode> for Credentials {
    fn from(mode: CredentialsMode) -> Self {
        match mode {
            CredentialsMode::SameOrigin => Self::SameOrigin,
            CredentialsMode::Include => Self::Include,
            CredentialsMode::Omit => Self::Omit,
        }
    }
}

impl From<RedirectMode> for Redirect {
    fn from(mode: RedirectMode) -> Self {
        match mode {
            RedirectMode::Follow => Self::Follow,
            RedirectMode::Manual => Self::Manual,
            RedirectMode::Error => Self::Error,
        }
    }
}
