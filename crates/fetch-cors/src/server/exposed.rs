//! Which of a response's own headers a policy exposes that exposes all of them with credentials.

use std::collections::BTreeSet;

use crate::policy::names;

/// Upper bound in bytes of a list of a response's own header names.
const MAX_NAMES: usize = 4096;

/// Headers that concern one connection, not the response: <https://httpwg.org/specs/rfc9110.html#field.connection>.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Of the names of a response's headers, those that scripts may read, as the value of
/// [`Access-Control-Expose-Headers`](https://fetch.spec.whatwg.org/#http-access-control-expose-headers).
///
/// In alphabetical order and without repetitions, without cookies, `Access-Control-*`, the headers that concern only the
/// connection, and those that scripts may read anyway. With `vary`, which the policy itself adds. At most 4096 bytes; names
/// that don't fit are left out.
///
/// ```
/// use fetch_cors::server::exposed_names;
///
/// assert_eq!(exposed_names(["etag", "X-Total", "set-cookie", "connection", "etag"]), "etag, vary, x-total");
/// ```
pub fn exposed_names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut list = String::new();
    let names = names.into_iter().map(str::to_ascii_lowercase);
    for name in names.chain(["vary".to_owned()]).filter(|name| is_exposable(name)).collect::<BTreeSet<_>>() {
        let comma = if list.is_empty() { "" } else { ", " };
        if list.len() + comma.len() + name.len() <= MAX_NAMES {
            list += comma;
            list += &name;
        }
    }
    list
}

/// One name that is not a token would make browsers ignore the whole list.
fn is_exposable(name: &str) -> bool {
    !HOP_BY_HOP.contains(&name)
        && !matches!(name, "set-cookie" | "set-cookie2")
        && !name.starts_with("access-control-")
        && !names::SAFELISTED_RESPONSE_HEADERS.contains(&name)
        && names::is_token(name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_listed() {
        let long = "x".repeat(4096);
        let fits = format!("a{}", "x".repeat(4096 - "ax, vary".len() + 1));
        for (name, headers, expected) in [
            ("nothing but Vary", &[][..], "vary"),
            ("in order, once, in lower case", &["X-B", "x-a", "x-b", "vary"], "vary, x-a, x-b"),
            ("no cookies", &["set-cookie", "Set-Cookie2", "set-cookie3"], "set-cookie3, vary"),
            ("no header of CORS", &["access-control-allow-origin", "Access-Control-X"], "vary"),
            (
                "no header of the connection",
                &[
                    "Connection",
                    "keep-alive",
                    "TE",
                    "trailer",
                    "transfer-encoding",
                    "upgrade",
                    "proxy-authenticate",
                ],
                "vary",
            ),
            (
                "nothing that is readable anyway",
                &["content-type", "Cache-Control", "content-encoding"],
                "content-encoding, vary",
            ),
            ("no name that would spoil the list", &["x a", "", "x,b", "\u{fc}"], "vary"),
            ("a star is a name like others", &["*"], "*, vary"),
            ("too long", &[long.as_str(), "x-z"], "vary, x-z"),
        ] {
            assert_eq!(exposed_names(headers.iter().copied()), expected, "{name}");
        }
        assert_eq!(exposed_names([fits.as_str()]).len(), 4096);
        let many: Vec<String> = (0..1000).map(|number| format!("x-{number:03}")).collect();
        let listed = exposed_names(many.iter().map(String::as_str));
        assert!(listed.len() <= MAX_NAMES && listed.len() > MAX_NAMES - 7, "{}", listed.len());
    }
}
