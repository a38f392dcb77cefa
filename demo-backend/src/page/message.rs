//! A request that will go over the wire with its response, as the page draws it.

use fetch_cors::{
    browser::{Exchange, HeaderList, Response},
    server::{FieldName, RequestField},
};
use serde::Serialize;

use super::{
    lab_request::LabRequest,
    servers::{PredictedResponse, text},
};
use crate::{api::headers::CACHE_OUTCOME, origins::LabServer, session::cache::CacheOutcome};

/// Whether a message is a preflight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, derive(ts_rs::TS))]
pub enum MessageKind {
    /// A CORS-preflight request.
    Preflight,
    /// The actual request.
    Request,
}

/// A request that will go over the wire, and its response.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub struct Message {
    /// Whether it is a preflight.
    pub kind: MessageKind,
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// Those that CORS reads or the browser writes for it.
    pub request_headers: Vec<(String, String)>,
    /// The response's status; null if the connection is closed without one.
    pub status: Option<u16>,
    /// The response's headers, without those that the server adds.
    pub response_headers: Vec<(String, String)>,
    /// The names of the headers that the browser decides by, in the request and in the response.
    pub decisive: Vec<&'static str>,
    /// The server that it is sent to; null if it is none of the Lab's.
    pub server: Option<LabServer>,
    /// Whether cookies may be sent.
    pub credentials: bool,
    /// The names of the cookies that are sent.
    pub cookies: Vec<String>,
    /// Whether its cookies are third-party cookies, about which a setting of the browser decides.
    pub third_party: bool,
    /// What the shared cache does; null where there is none.
    pub through_cache: Option<CacheOutcome>,
}

impl Message {
    /// Of an exchange of the model of the browser, before it is known where it goes and which cookies go with it.
    pub fn new(exchange: &Exchange, response: &PredictedResponse, request: &LabRequest) -> Self {
        let mut request_headers = to_lines(exchange.headers());
        for (name, value) in &mut request_headers {
            if name == "sec-fetch-dest" {
                request.kind.destination().clone_into(value);
            }
        }
        let kind = if exchange.is_preflight() { MessageKind::Preflight } else { MessageKind::Request };
        let mut message = Self {
            kind,
            method: exchange.method().to_owned(),
            url: exchange.url().to_string(),
            request_headers,
            status: response.response.as_ref().map(Response::status),
            response_headers: response
                .response
                .as_ref()
                .map(Response::headers)
                .map(to_lines)
                .unwrap_or_default(),
            decisive: Vec::new(),
            server: None,
            cookies: Vec::new(),
            third_party: false,
            credentials: exchange.includes_credentials(),
            through_cache: response.through_cache,
        };
        message.decisive = message.find_decisive(request.includes_credentials());
        message
    }

    /// The URL of a preflight, and how many methods and headers its response allows; none for other requests.
    pub fn preflight(&self) -> Option<(&str, usize)> {
        let lists =
            [FieldName::AccessControlAllowMethods, FieldName::AccessControlAllowHeaders].map(FieldName::name);
        let allowed = self.response_headers.iter().filter(|(name, _)| lists.contains(&name.as_str()));
        let count = allowed.map(|(_, value)| value.split(',').count()).sum();
        (self.kind == MessageKind::Preflight).then_some((self.url.as_str(), count))
    }

    fn find_decisive(&self, with_credentials: bool) -> Vec<&'static str> {
        // The request header that states something, and the response header that permits it.
        const PAIRS: [(RequestField, FieldName); 3] = [
            (RequestField::Origin, FieldName::AccessControlAllowOrigin),
            (RequestField::AccessControlRequestMethod, FieldName::AccessControlAllowMethods),
            (RequestField::AccessControlRequestHeaders, FieldName::AccessControlAllowHeaders),
        ];
        let max_age = FieldName::AccessControlMaxAge.name();
        let informative = [FieldName::AccessControlExposeHeaders.name(), max_age, "location", CACHE_OUTCOME];
        let requests = |name: &str| self.request_headers.iter().any(|(header, _)| header == name);
        let responds = |name: &str| self.response_headers.iter().any(|(header, _)| header == name);
        let mut decisive = Vec::new();
        for (stated, permitted) in PAIRS {
            if requests(stated.name()) {
                // A missing header decides, too; the page marks those that are there.
                decisive.extend([stated.name(), permitted.name()]);
            }
        }
        if requests(RequestField::Origin.name()) && with_credentials {
            decisive.push(FieldName::AccessControlAllowCredentials.name());
        }
        if self.kind == MessageKind::Request || responds(max_age) {
            decisive.extend(informative.into_iter().filter(|name| responds(name)));
        }
        decisive
    }
}

fn to_lines(headers: &HeaderList) -> Vec<(String, String)> {
    headers.iter().map(|(name, value)| (name.to_owned(), text(value))).collect()
}
