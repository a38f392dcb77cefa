//! Why a fetch is blocked, as data. The words for people are in `words` and in `console`.

use super::address_space::AddressSpace;

/// Why a browser blocks a fetch, so that the script gets an error instead of a response. The section of the standard is what
/// [`Blocked::spec`](super::Blocked::spec) returns.
///
/// ```
/// use fetch_cors::browser::Reason;
///
/// let reason = Reason::AllowOriginMismatch { value: "https://other.example".to_owned() };
/// assert_eq!(reason.name(), "allow-origin-mismatch");
/// assert_eq!(reason.header(), Some("access-control-allow-origin"));
/// assert_eq!(Reason::MixedContent.header(), None);
/// ```
///
/// In what follows, requests go from `https://app.example` to `https://api.example`, and headers are those of the response.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// `fetch("https://")`: not a valid URL.
    InvalidUrl {
        /// As the script wrote it, but with passwords and other secrets masked.
        url: String,
    },
    /// `fetch("https://user:secret@api.example/")`.
    UrlHasCredentials {
        /// As the script wrote it, but with passwords and other secrets masked.
        url: String,
    },
    /// `fetch(url, { method: "P U T" })`: not a token.
    InvalidMethod {
        /// As the script wrote it, but with passwords and other secrets masked.
        method: String,
    },
    /// `fetch(url, { method: "TRACE" })`.
    ForbiddenMethod {
        /// As the script wrote it.
        method: String,
    },
    /// `fetch(url, { method: "PUT", mode: "no-cors" })`.
    MethodNeedsCors {
        /// Normalized.
        method: String,
    },
    /// `fetch(url, { body: "…" })`: a `GET` can't have one.
    BodyNotAllowed {
        /// Normalized.
        method: String,
    },
    /// `fetch(url, { headers: { "x y": "1" } })`: not a token.
    InvalidHeaderName {
        /// As the script wrote it, but with passwords and other secrets masked.
        name: String,
    },
    /// `fetch(url, { headers: { "x-a": "1\n2" } })`.
    InvalidHeaderValue {
        /// As the script wrote it.
        name: String,
    },
    /// `fetch("http://api.example:6000/")`: a port of another protocol.
    BadPort {
        /// The port.
        port: u16,
    },
    /// `fetch("http://api.example/")` in a page of `https://app.example`.
    MixedContent,
    /// `fetch("http://localhost:3000/")` in a page of a public address, without the user's permission. Only Chromium blocks it.
    LocalNetworkAccess {
        /// Where the server is.
        space: AddressSpace,
    },
    /// `fetch(url, { mode: "same-origin" })` to another origin.
    OtherOrigin,
    /// `fetch(url, { mode: "no-cors", redirect: "error" })` to another origin.
    RedirectModeInNoCors,
    /// `fetch("ftp://api.example/")`.
    SchemeNotHttp {
        /// The URL's scheme.
        scheme: String,
    },
    /// `fetch("data:hello")`: no comma, or what should be Base64 is not.
    InvalidDataUrl,
    /// No connection, no response, or not HTTP.
    NoResponse,
    /// No `Access-Control-Allow-Origin` at all.
    AllowOriginMissing,
    /// `Access-Control-Allow-Origin: https://app.example, https://other.example`, on one line or on two.
    AllowOriginMultiple {
        /// What the response said.
        value: String,
        /// Several lines have this name, written exactly so.
        is_repeated: bool,
    },
    /// `Access-Control-Allow-Origin: *`, and the request's credentials mode is `include`.
    AllowOriginWildcard,
    /// `Access-Control-Allow-Origin: https://other.example`.
    AllowOriginMismatch {
        /// What the response said.
        value: String,
    },
    /// The right `Access-Control-Allow-Origin` without `Access-Control-Allow-Credentials: true`, and the request's
    /// credentials mode is `include`.
    AllowCredentialsNotTrue {
        /// What the response said; none if the header was missing.
        value: Option<String>,
    },
    /// The preflight response has a status outside of 200–299: `405 Method Not Allowed`, or a redirect.
    PreflightStatus {
        /// The status.
        status: u16,
    },
    /// `Access-Control-Allow-Methods: PUT DELETE`: no comma.
    AllowMethodsInvalid {
        /// What the response said.
        value: String,
    },
    /// `Access-Control-Allow-Headers: x-a x-b`: no comma.
    AllowHeadersInvalid {
        /// What the response said.
        value: String,
    },
    /// A `PUT`, and `Access-Control-Allow-Methods: DELETE`.
    MethodNotAllowed {
        /// The request's method.
        method: String,
        /// The response has a `*`, which does not apply to requests with credentials.
        is_wildcard_literal: bool,
    },
    /// A header `x-a`, and `Access-Control-Allow-Headers: x-b`.
    HeaderNotAllowed {
        /// The names of all headers that are not allowed, in lower case, sorted.
        names: Vec<String>,
        /// The response has a `*`, which does not apply to requests with credentials.
        is_wildcard_literal: bool,
    },
    /// An `Authorization` header, and `Access-Control-Allow-Headers: *`.
    AuthorizationNotListed,
    /// `fetch(url, { redirect: "error" })`, and the response is a redirect.
    RedirectIsError,
    /// `Location: https://`, or two of them.
    LocationInvalid {
        /// What the response said.
        location: String,
    },
    /// `Location: data:,hello`.
    LocationNotHttp {
        /// The scheme of the URL.
        scheme: String,
    },
    /// The 21st redirect.
    TooManyRedirects,
    /// `Location: https://user:secret@api.example/`.
    LocationHasCredentials,
    /// A redirect from another origin back to the page's own: `Location: https://app.example/`. Only WebKit blocks it.
    RedirectBackToPage,
    /// A `no-cors` request, and `Cross-Origin-Resource-Policy: same-origin`.
    ResourcePolicy {
        /// What the response said.
        policy: String,
    },
}

impl Reason {
    /// The name in the vectors.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid-url",
            Self::UrlHasCredentials { .. } => "url-has-credentials",
            Self::InvalidMethod { .. } => "invalid-method",
            Self::ForbiddenMethod { .. } => "forbidden-method",
            Self::MethodNeedsCors { .. } => "method-needs-cors",
            Self::BodyNotAllowed { .. } => "body-not-allowed",
            Self::InvalidHeaderName { .. } => "invalid-header-name",
            Self::InvalidHeaderValue { .. } => "invalid-header-value",
            Self::BadPort { .. } => "bad-port",
            Self::MixedContent => "mixed-content",
            Self::LocalNetworkAccess { .. } => "local-network-access",
            Self::OtherOrigin => "other-origin",
            Self::RedirectModeInNoCors => "redirect-mode-in-no-cors",
            Self::SchemeNotHttp { .. } => "scheme-not-http",
            Self::InvalidDataUrl => "invalid-data-url",
            Self::NoResponse => "no-response",
            Self::AllowOriginMissing => "allow-origin-missing",
            Self::AllowOriginMultiple { .. } => "allow-origin-multiple",
            Self::AllowOriginWildcard => "allow-origin-wildcard",
            Self::AllowOriginMismatch { .. } => "allow-origin-mismatch",
            Self::AllowCredentialsNotTrue { .. } => "allow-credentials-not-true",
            Self::PreflightStatus { .. } => "preflight-status",
            Self::AllowMethodsInvalid { .. } => "allow-methods-invalid",
            Self::AllowHeadersInvalid { .. } => "allow-headers-invalid",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::HeaderNotAllowed { .. } => "header-not-allowed",
            Self::AuthorizationNotListed => "authorization-not-listed",
            Self::RedirectIsError => "redirect-is-error",
            Self::LocationInvalid { .. } => "location-invalid",
            Self::LocationNotHttp { .. } => "location-not-http",
            Self::TooManyRedirects => "too-many-redirects",
            Self::LocationHasCredentials => "location-has-credentials",
            Self::RedirectBackToPage => "redirect-back-to-page",
            Self::ResourcePolicy { .. } => "resource-policy",
        }
    }

    /// The response header by which it is blocked, in lower case; `None` where no response header decides.
    pub fn header(&self) -> Option<&'static str> {
        match self {
            Self::AllowOriginMissing
            | Self::AllowOriginMultiple { .. }
            | Self::AllowOriginWildcard
            | Self::AllowOriginMismatch { .. } => Some("access-control-allow-origin"),
            Self::AllowCredentialsNotTrue { .. } => Some("access-control-allow-credentials"),
            Self::AllowMethodsInvalid { .. } | Self::MethodNotAllowed { .. } => {
                Some("access-control-allow-methods")
            }
            Self::AllowHeadersInvalid { .. }
            | Self::HeaderNotAllowed { .. }
            | Self::AuthorizationNotListed => Some("access-control-allow-headers"),
            Self::RedirectIsError
            | Self::LocationInvalid { .. }
            | Self::LocationNotHttp { .. }
            | Self::TooManyRedirects
            | Self::LocationHasCredentials
            | Self::RedirectBackToPage => Some("location"),
            Self::ResourcePolicy { .. } => Some("cross-origin-resource-policy"),
            Self::InvalidUrl { .. }
            | Self::UrlHasCredentials { .. }
            | Self::InvalidMethod { .. }
            | Self::ForbiddenMethod { .. }
            | Self::MethodNeedsCors { .. }
            | Self::BodyNotAllowed { .. }
            | Self::InvalidHeaderName { .. }
            | Self::InvalidHeaderValue { .. }
            | Self::BadPort { .. }
            | Self::MixedContent
            | Self::LocalNetworkAccess { .. }
            | Self::OtherOrigin
            | Self::RedirectModeInNoCors
            | Self::SchemeNotHttp { .. }
            | Self::InvalidDataUrl
            | Self::NoResponse
            | Self::PreflightStatus { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_that_decides_is_the_one_that_the_rule_reads() {
        let value = String::new;
        let rows = [
            (Some("access-control-allow-origin"), Reason::AllowOriginMissing),
            (
                Some("access-control-allow-origin"),
                Reason::AllowOriginMultiple { value: value(), is_repeated: false },
            ),
            (Some("access-control-allow-origin"), Reason::AllowOriginWildcard),
            (Some("access-control-allow-origin"), Reason::AllowOriginMismatch { value: value() }),
            (Some("access-control-allow-credentials"), Reason::AllowCredentialsNotTrue { value: None }),
            (Some("access-control-allow-methods"), Reason::AllowMethodsInvalid { value: value() }),
            (
                Some("access-control-allow-methods"),
                Reason::MethodNotAllowed { method: value(), is_wildcard_literal: false },
            ),
            (Some("access-control-allow-headers"), Reason::AllowHeadersInvalid { value: value() }),
            (
                Some("access-control-allow-headers"),
                Reason::HeaderNotAllowed { names: Vec::new(), is_wildcard_literal: false },
            ),
            (Some("access-control-allow-headers"), Reason::AuthorizationNotListed),
            (Some("location"), Reason::RedirectIsError),
            (Some("location"), Reason::TooManyRedirects),
            (Some("location"), Reason::LocationInvalid { location: value() }),
            (Some("location"), Reason::LocationNotHttp { scheme: value() }),
            (Some("location"), Reason::LocationHasCredentials),
            (Some("location"), Reason::RedirectBackToPage),
            (Some("cross-origin-resource-policy"), Reason::ResourcePolicy { policy: value() }),
            (None, Reason::PreflightStatus { status: 404 }),
            (None, Reason::NoResponse),
            (None, Reason::MixedContent),
            (None, Reason::LocalNetworkAccess { space: AddressSpace::Loopback }),
        ];
        for (header, reason) in rows {
            assert_eq!(reason.header(), header, "{reason:?}");
        }
    }
}
