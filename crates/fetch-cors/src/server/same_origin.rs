//! Which requests are same-origin, as far as a server can tell.

use super::{Lines, RequestField, RequestHead};

/// Whether a request comes from a page of the server's own origin, as far as a server can tell: browsers send `Origin` on
/// every same-origin `POST`, too.
///
/// Where the browser says `Sec-Fetch-Site`, that is the answer (`none` is the user's own doing). Where it doesn't, the
/// origin's host and port are compared with `Host`; the scheme is not, as TLS may end at a proxy.
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
        // A proxy may write the default port out; a browser never does.
        !authority.is_empty()
            && host.strip_suffix(*default_port).unwrap_or(host).eq_ignore_ascii_case(authority)
    })
}
