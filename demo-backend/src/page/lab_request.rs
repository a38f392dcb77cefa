//! A request as a reader of the Lab puts it together. It becomes what the model of the browser fetches; the page sends the
//! real one from the same description.

use fetch_cors::browser::{Credentials, Engine, Mode, PageOrigin, Request};
use serde::{Deserialize, Serialize};

use super::kinds::{
    BodyType, CredentialsMode, PageAddressSpace, RedirectMode, RequestAddress, RequestKind, RequestMode,
    SendingPage,
};
use crate::{
    api_path::{ApiPath, DEFAULT_SESSION, RUN, ServerKind},
    origins::Origins,
};

/// A body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct RequestBody {
    /// What it is made of.
    #[serde(rename = "type")]
    pub body_type: BodyType,
    /// Its text.
    pub text: String,
}

/// A request of the Lab. A field that is missing has its default value; headers that the browser adds are left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct LabRequest {
    /// Which server it is sent to.
    pub server: ServerKind,
    /// What loads.
    pub kind: RequestKind,
    /// The method, as the script writes it.
    pub method: String,
    /// The route, below `/api/`; below `/hand/` for the server written by hand.
    pub path: String,
    /// The query without its run.
    pub query: String,
    /// The headers that the script sets; the browser adds its own.
    pub headers: Vec<(String, String)>,
    /// The body that the script sends.
    pub body: Option<RequestBody>,
    /// Whether cookies are sent.
    pub credentials: CredentialsMode,
    /// Whether the script wants to read the response.
    pub mode: RequestMode,
    /// What becomes of redirects.
    pub redirect: RedirectMode,
    /// Whether it goes through the shared cache.
    pub cached: bool,
    /// Where it is sent to.
    pub address: RequestAddress,
    /// The page that sends it.
    pub page: SendingPage,
    /// The network that the page is said to be loaded from; null if nothing is said. Such a request can only be predicted:
    /// the Lab's pages are loaded from this computer.
    pub page_address_space: Option<PageAddressSpace>,
    /// Whether every sending has the same URL, so that the browser may remember a preflight.
    pub same_url: bool,
}

impl Default for LabRequest {
    fn default() -> Self {
        let kind = RequestKind::default();
        Self {
            server: ServerKind::default(),
            kind,
            method: GET.to_owned(),
            path: kind.rules().path.to_owned(),
            query: String::new(),
            headers: Vec::new(),
            body: None,
            credentials: CredentialsMode::default(),
            mode: RequestMode::default(),
            redirect: RedirectMode::default(),
            cached: false,
            address: RequestAddress::default(),
            page: SendingPage::default(),
            page_address_space: None,
            same_url: false,
        }
    }
}

const GET: &str = "GET";
const CONTENT_TYPE: &str = "content-type";
/// The longest route, in bytes.
const MAX_PATH: usize = 200;
/// The longest query, in bytes.
const MAX_QUERY: usize = 1000;

impl LabRequest {
    /// Whether its URL is one that the Lab sends, in this session.
    ///
    /// # Errors
    ///
    /// Why not, in words.
    pub fn check(&self, session: &str, origins: &Origins) -> Result<(), String> {
        if self.server == ServerKind::Hand && session == DEFAULT_SESSION {
            return Err("the session that a file governs has no server written by hand".to_owned());
        }
        if self.address == RequestAddress::Second && origins.api_alias.is_none() {
            return Err(format!("the API has no second address; it is only at {}", origins.api));
        }
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if self.path.len() > MAX_PATH || !self.path.bytes().all(is_plain) {
            return Err(format!(
                "the Lab predicts only paths of up to {MAX_PATH} letters (a to z), digits, and \"-._~/\""
            ));
        }
        if self.path.split('/').any(|part| matches!(part, "." | "..")) {
            return Err("the parts \".\" and \"..\" lead to another path, and the Lab predicts only paths below /api/".to_owned());
        }
        if self.query.len() > MAX_QUERY || self.query.contains(|c: char| c.is_control() || c == '#') {
            return Err(format!("the Lab predicts only queries of up to {MAX_QUERY} bytes without \"#\""));
        }
        Ok(())
    }

    /// The URL that it is sent to.
    pub fn url(&self, session: &str, run: &str, origins: &Origins) -> String {
        let path = ApiPath { session, is_cached: self.cached, server: self.server, route: &self.path };
        let run = if run.is_empty() { String::new() } else { format!("{RUN}{run}") };
        let query = [self.query.as_str(), &run].into_iter().filter(|part| !part.is_empty());
        let query = query.collect::<Vec<_>>().join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        let origin = match self.address {
            RequestAddress::Api => &origins.api,
            // Without a second address, `check` has refused it.
            RequestAddress::Second => origins.api_alias.as_ref().unwrap_or(&origins.api),
            RequestAddress::Proxy => &origins.page,
        };
        format!("{origin}{path}{mark}{query}")
    }

    /// What its kind can carry of it, with the headers that the page's script adds: as the page's `effective` does.
    #[must_use]
    pub fn effective(&self) -> Self {
        fn one_of<T: Copy + PartialEq>(value: T, list: &[T]) -> T {
            if list.contains(&value) { value } else { list.first().copied().unwrap_or(value) }
        }
        let rules = self.kind.rules();
        let mut request = self.clone();
        request.credentials = one_of(self.credentials, rules.credentials);
        request.mode = one_of(self.mode, rules.mode);
        request.redirect = one_of(self.redirect, rules.redirect);
        if !rules.payload {
            GET.clone_into(&mut request.method);
            request.headers.clear();
            request.body = None;
        }
        let content_type = request.body.as_ref().and_then(|body| body.body_type.content_type().script);
        let is_set = request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(CONTENT_TYPE));
        if let (Some(content_type), false) = (content_type, is_set) {
            request.headers.push((CONTENT_TYPE.to_owned(), content_type.to_owned()));
        }
        request
    }

    /// The origin of the page that it is sent from.
    pub fn page_origin(&self, origins: &Origins) -> PageOrigin {
        let page = match self.page {
            SendingPage::Lab => &origins.page,
            SendingPage::Attacker => &origins.attacker,
            SendingPage::Sandbox => return PageOrigin::Opaque,
        };
        PageOrigin::of(page).unwrap_or(PageOrigin::Opaque)
    }

    /// The body that is sent. With `GET` and `HEAD`, `XMLHttpRequest` sends none where `fetch()` throws.
    pub fn sent_body(&self) -> Option<RequestBody> {
        let request = self.effective();
        let has_none = [GET, "HEAD"].iter().any(|method| request.method.eq_ignore_ascii_case(method));
        request.body.filter(|_| request.kind == RequestKind::Fetch || !has_none)
    }

    /// Whether the response is opaque for the script. `WebKit` loads fonts without CORS, against the
    /// [standard](https://drafts.csswg.org/css-fonts/#font-fetching-requirements).
    pub fn is_opaque(&self, engine: Option<Engine>) -> bool {
        self.effective().mode == RequestMode::NoCors
            || self.kind == RequestKind::Font && engine == Some(Engine::WebKit)
    }

    /// Whether cookies are sent to other origins.
    pub fn includes_credentials(&self) -> bool {
        self.credentials() == Credentials::Include
    }

    fn credentials(&self) -> Credentials {
        let request = self.effective();
        // An image without `crossorigin` sends cookies.
        // https://html.spec.whatwg.org/multipage/urls-and-fetching.html#create-a-potential-cors-request
        let is_plain_image = matches!(request.kind, RequestKind::Image | RequestKind::Canvas)
            && request.mode == RequestMode::NoCors;
        if is_plain_image { Credentials::Include } else { request.credentials.into() }
    }

    /// What the model of the browser fetches, from this URL.
    pub fn to_fetch(&self, url: &str, origins: &Origins, engine: Option<Engine>) -> Request {
        let request = self.effective();
        let mode = match request.mode {
            _ if self.is_opaque(engine) => Mode::NoCors,
            RequestMode::SameOrigin => Mode::SameOrigin,
            _ => Mode::Cors,
        };
        let fetch = Request::new(self.page_origin(origins), &request.method, url)
            .mode(mode)
            .credentials(self.credentials())
            .redirect(request.redirect.into());
        let fetch = match self.page_address_space {
            Some(space) => fetch.page_address_space(space.into()),
            None => fetch,
        };
        let fetch = match self.sent_body() {
            Some(body) => fetch.body(Some(body.body_type.content_type().browser)),
            None => fetch,
        };
        request.headers.iter().fold(fetch, |fetch, (name, value)| {
            // One byte for each letter: a script's strings are read as Latin-1.
            let bytes: Vec<u8> = value.chars().filter_map(|letter| u8::try_from(letter).ok()).collect();
            fetch.header(name, bytes)
        })
    }

    /// The first header whose value has a letter beyond Latin-1, such as an emoji, and that letter. `fetch()` and
    /// `setRequestHeader()` throw for it. <https://webidl.spec.whatwg.org/#es-ByteString>
    pub fn unsendable_header(&self) -> Option<(String, char)> {
        self.effective().headers.into_iter().find_map(|(name, value)| {
            let letter = value.chars().find(|&letter| u8::try_from(letter).is_err())?;
            Some((name, letter))
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(value: serde_json::Value) -> LabRequest {
        serde_json::from_value(value).expect("a request of the Lab")
    }

    #[test]
    fn a_kind_carries_what_it_can() {
        let everything = json!({
            "method": "PUT", "headers": [["x-a", "1"]], "body": { "type": "text/plain", "text": "a" },
            "credentials": "omit", "mode": "same-origin", "redirect": "error",
        });
        // What is left of credentials, mode and redirect; and whether method, headers and body are.
        for (kind, credentials, mode, redirect, payload) in [
            ("fetch", "omit", "same-origin", "error", true),
            ("xhr", "same-origin", "cors", "follow", true),
            ("font", "same-origin", "cors", "follow", false),
            ("image", "include", "no-cors", "follow", false),
            ("image-cors", "same-origin", "cors", "follow", false),
            ("canvas", "same-origin", "cors", "follow", false),
            ("module", "same-origin", "cors", "follow", false),
            ("events", "same-origin", "cors", "follow", false),
        ] {
            let mut given = everything.clone();
            given["kind"] = json!(kind);
            let effective = json!(request(given).effective());
            let of = |name: &str| effective[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(
                (of("credentials"), of("mode"), of("redirect")),
                (credentials.to_owned(), mode.to_owned(), redirect.to_owned()),
                "{kind}"
            );
            let (method, headers) = if payload { ("PUT", json!([["x-a", "1"]])) } else { ("GET", json!([])) };
            assert_eq!((of("method"), &effective["headers"]), (method.to_owned(), &headers), "{kind}");
            assert_eq!(effective["body"].is_object(), payload, "{kind}");
        }
    }

    #[test]
    fn a_json_body_has_a_content_type_once() {
        let body = |body_type: &str| json!({ "type": body_type, "text": "{}" });
        for (body, headers, expected) in [
            (body("application/json"), json!([]), json!([["content-type", "application/json"]])),
            (body("application/json"), json!([["Content-Type", "a/b"]]), json!([["Content-Type", "a/b"]])),
            (body("text/plain"), json!([]), json!([])),
            (body("form"), json!([]), json!([])),
            (json!(null), json!([]), json!([])),
        ] {
            let given = json!({ "method": "POST", "body": body, "headers": headers });
            let effective = request(given.clone()).effective();
            assert_eq!(json!(effective.headers), expected, "{given}");
            assert_eq!(effective.effective(), effective, "{given}: once is enough");
        }
    }
}
