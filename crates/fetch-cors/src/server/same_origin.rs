//! Which requests are same-origin, as far as a server can tell.

use super::{Lines, RequestField, RequestHead};

/// Whether a request comes from a page of the server's own origin, as far as a server can tell. An `Origin` header alone
/// does not mean cross-origin: browsers send it with every same-origin `POST`, too.
///
/// If the browser sends [`Sec-Fetch-Site`](https://w3c.github.io/webappsec-fetch-metadata/#sec-fetch-site-header), that decides
/// (`none` means that the user started the request, by typing the URL for example). Otherwise the origin's host and port are
/// compared with `Host`; the scheme is not, because TLS may end at a proxy.
///
/// ```
/// use fetch_cors::server::{RequestField, RequestHead, is_same_origin};
///
/// struct Post {
///     origin: &'static str,
/// }
///
/// impl RequestHead for Post {
///     fn is_options(&self) -> bool {
///         false
///     }
///
///     fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
///         let value = match field {
///             RequestField::Origin => Some(self.origin),
///             RequestField::Host => Some("notes.example"),
///             _ => None,
///         };
///         value.map(str::as_bytes).into_iter()
///     }
/// }
///
/// assert!(is_same_origin(&Post { origin: "https://notes.example" }));
/// assert!(!is_same_origin(&Post { origin: "https://evil.example" }));
/// ```
pub fn is_same_origin(request: &impl RequestHead) -> bool {
    match Lines::of(request.lines(RequestField::SecFetchSite)) {
        Lines::One(site) => return matches!(site, b"same-origin" | b"none"),
        Lines::Several => return false,
        Lines::None => {}
    }
    let (Lines::One(origin), Lines::One(host)) =
        (Lines::of(request.lines(RequestField::Origin)), Lines::of(request.lines(RequestField::Host)))
    else {
        return false;
    };
    [(&b"https://"[..], &b":443"[..]), (b"http://", b":80")].iter().any(|(scheme, default_port)| {
        let Some(authority) = origin.strip_prefix(*scheme) else { return false };
        // A proxy may add the default port; a browser never does.
        !authority.is_empty()
            && host.strip_suffix(*default_port).unwrap_or(host).eq_ignore_ascii_case(authority)
    })
}
