//! What is measured: the policy, the requests, and what the right answers are. All contenders get the same.

use std::time::Duration;

use actix_web::{
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderName, HeaderValue},
    },
    test::TestRequest,
    web::Bytes,
};
use actix_web_cors::Policy;

/// The allowed origin.
pub const ORIGIN: &str = "https://app.example.com";
/// One that is not.
const OTHER: &str = "https://app.example.org";

/// One exact origin with credentials, three methods, two headers, one exposed header, max-age.
///
/// # Panics
///
/// Never: the policy is valid.
pub fn listed() -> Policy {
    Policy::builder()
        .allow_origins([ORIGIN])
        .allow_methods(["PUT", "DELETE", "PATCH"])
        .allow_headers(["content-type", "x-request-id"])
        .expose_headers(["etag"])
        .allow_credentials()
        .max_age(Duration::from_secs(3600))
        .build()
        .expect("a valid policy")
}

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// `GET` without `Origin`.
    NoOrigin,
    /// `GET` from the allowed origin.
    Allowed,
    /// `GET` from another origin.
    Refused,
    /// A preflight from the allowed origin.
    Preflight,
    /// A preflight from another origin.
    PreflightRefused,
    /// A preflight from the allowed origin that asks for 2 000 headers of 4 bytes.
    PreflightOf2000Headers,
    /// `GET` with an `Origin` of 8 KB.
    EndlessOrigin,
}

impl Case {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoOrigin,
        Self::Allowed,
        Self::Refused,
        Self::Preflight,
        Self::PreflightRefused,
        Self::PreflightOf2000Headers,
        Self::EndlessOrigin,
    ];

    /// What tables call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoOrigin => "no Origin",
            Self::Allowed => "allowed origin, credentials",
            Self::Refused => "refused origin",
            Self::Preflight => "preflight, allowed",
            Self::PreflightRefused => "preflight, refused",
            Self::PreflightOf2000Headers => "preflight naming 2 000 headers",
            Self::EndlessOrigin => "an Origin of 8 KB",
        }
    }

    /// A number for the command line.
    pub fn index(self) -> usize {
        Self::ALL.iter().position(|&case| case == self).unwrap_or_default()
    }

    fn origin(self) -> Option<String> {
        match self {
            Self::NoOrigin => None,
            Self::Allowed | Self::Preflight | Self::PreflightOf2000Headers => Some(ORIGIN.to_owned()),
            Self::Refused | Self::PreflightRefused => Some(OTHER.to_owned()),
            Self::EndlessOrigin => Some(format!("https://{}.example.com", "a.".repeat(4096))),
        }
    }

    fn requested_headers(self) -> Option<String> {
        match self {
            Self::Preflight | Self::PreflightRefused => Some("content-type,x-request-id".to_owned()),
            Self::PreflightOf2000Headers => {
                Some((0..2000).map(|number| format!("{number:04}")).collect::<Vec<_>>().join(","))
            }
            _ => None,
        }
    }

    /// The status and the number of header lines of the right answer; the handler sets none itself.
    pub const fn right_answer(self) -> (u16, usize) {
        match self {
            Self::NoOrigin | Self::Refused | Self::EndlessOrigin => (200, 1),
            Self::Allowed => (200, 4),
            Self::Preflight | Self::PreflightOf2000Headers => (204, 6),
            Self::PreflightRefused => (403, 1),
        }
    }

    /// The request, with the ten headers that a browser sends. As on the wire, all values share one buffer.
    ///
    /// # Panics
    ///
    /// Never: every value is one.
    pub fn request(self) -> ServiceRequest {
        let mut lines: Vec<(HeaderName, String)> = [
            (header::HOST, "api.example.com"),
            (header::CONNECTION, "keep-alive"),
            (header::USER_AGENT, "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"),
            (header::ACCEPT, "*/*"),
            (header::ACCEPT_LANGUAGE, "en-US,en;q=0.5"),
            (header::ACCEPT_ENCODING, "gzip, deflate, br, zstd"),
            (header::REFERER, "https://app.example.com/"),
            (HeaderName::from_static("sec-fetch-dest"), "empty"),
            (HeaderName::from_static("sec-fetch-mode"), "cors"),
            (HeaderName::from_static("sec-fetch-site"), "same-site"),
        ]
        .map(|(name, value)| (name, value.to_owned()))
        .into();
        lines.extend(self.origin().map(|origin| (header::ORIGIN, origin)));
        let requested = self.requested_headers();
        let method = if requested.is_some() { Method::OPTIONS } else { Method::GET };
        if let Some(names) = requested {
            lines.push((header::ACCESS_CONTROL_REQUEST_METHOD, "PUT".to_owned()));
            lines.push((header::ACCESS_CONTROL_REQUEST_HEADERS, names));
        }

        let buffer = Bytes::from(lines.iter().map(|(_, value)| value.as_str()).collect::<String>());
        let mut request = TestRequest::default().method(method).uri("/api/notes");
        let mut start = 0;
        for (name, value) in lines {
            let end = start + value.len();
            let value = HeaderValue::from_maybe_shared(buffer.slice(start..end)).expect("a header's value");
            request = request.append_header((name, value));
            start = end;
        }
        request.to_srv_request()
    }
}
