//! What to change in a server written by hand: so that a page's request passes, or so that strangers' requests don't. It
//! changes as little as it can, so that what it changes is what was wrong.

use crate::session::hand_written::{HandResponse, HandWritten};

const ALLOW_ORIGIN: &str = "Access-Control-Allow-Origin";
const ALLOW_CREDENTIALS: &str = "Access-Control-Allow-Credentials";
const ALLOW_METHODS: &str = "Access-Control-Allow-Methods";
const ALLOW_HEADERS: &str = "Access-Control-Allow-Headers";
const VARY: &str = "Vary";

/// What stands for the request's `Origin` in a value.
const REFLECTED: &str = "{origin}";

/// What shall be allowed.
#[derive(Clone, Debug)]
pub(super) struct Wanted<'a> {
    /// The page's origin.
    pub(super) origin: &'a str,
    /// Whether cookies are sent.
    pub(super) credentials: bool,
    /// The method and the header names that a preflight states; none if none is sent.
    pub(super) preflight: Option<(&'a str, Vec<&'a str>)>,
    /// Whether a login page is what a redirect leads to, so that an error is what scripts should get instead.
    pub(super) needs_login: bool,
}

/// The server with what is wanted allowed.
pub(super) fn allowing(hand: &HandWritten, wanted: &Wanted<'_>) -> HandWritten {
    let mut fixed = hand.clone();
    if let Some((method, headers)) = &wanted.preflight {
        let preflight = &mut fixed.preflight;
        if preflight.close || !(200..=299).contains(&preflight.status) {
            preflight.status = 204;
        }
        preflight.redirect = None;
        preflight.close = false;
        allow_origin(preflight, wanted);
        let methods = [*method];
        let is_safelisted = ["GET", "HEAD", "POST"].contains(method);
        let methods = if is_safelisted { &[][..] } else { &methods };
        list(preflight, ALLOW_METHODS, methods, wanted, |one, other| one == other);
        list(preflight, ALLOW_HEADERS, headers, wanted, str::eq_ignore_ascii_case);
    }
    let response = &mut fixed.response;
    if response.redirect.take().is_some() {
        response.status = if wanted.needs_login { 401 } else { 200 };
    }
    response.close = false;
    allow_origin(response, wanted);
    fixed
}

/// The server without what it lets strangers do: where it names any origin, it names only this one.
pub(super) fn restricted(hand: &HandWritten, page: &str) -> HandWritten {
    let mut fixed = hand.clone();
    for response in [&mut fixed.preflight, &mut fixed.response] {
        for (_, value) in
            response.headers.iter_mut().filter(|(name, _)| name.eq_ignore_ascii_case(ALLOW_ORIGIN))
        {
            if value.contains(REFLECTED) || value.trim() == "null" {
                page.clone_into(value);
            }
        }
        vary_by_origin(response);
    }
    fixed
}

/// The server with `Vary: Origin` wherever what it responds with depends on the origin.
pub(super) fn varying(hand: &HandWritten) -> HandWritten {
    let mut fixed = hand.clone();
    for response in [&mut fixed.preflight, &mut fixed.response] {
        vary_by_origin(response);
    }
    fixed
}

/// What is other in the second server, line by line, for the reader.
pub(super) fn changes(from: &HandWritten, to: &HandWritten) -> String {
    let parts =
        [("the preflight", &from.preflight, &to.preflight), ("the request", &from.response, &to.response)];
    let parts = parts.into_iter().filter_map(|(part, from, to)| {
        let status = (from.status != to.status || from.close).then(|| format!("the status {}", to.status));
        let redirect = (from.redirect.is_some() && to.redirect.is_none()).then(|| "no redirect".to_owned());
        let added = to.headers.iter().filter(|line| !from.headers.contains(line));
        let added = added.map(|(name, value)| format!("`{name}: {value}`"));
        let removed = from.headers.iter().filter(|line| !to.headers.contains(line));
        let removed = removed.map(|(name, value)| format!("no `{name}: {value}`"));
        let all: Vec<_> = status.into_iter().chain(redirect).chain(added).chain(removed).collect();
        (!all.is_empty()).then(|| format!("{part} gets {}", all.join(", ")))
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn values<'a>(response: &'a HandResponse, name: &str) -> Vec<&'a str> {
    let lines = response.headers.iter().filter(|(listed, _)| listed.eq_ignore_ascii_case(name));
    lines.map(|(_, value)| value.trim()).collect()
}

/// Puts one line in place of all with this name.
fn replace(response: &mut HandResponse, name: &str, value: String) {
    let is_named = |line: &(String, String)| line.0.eq_ignore_ascii_case(name);
    let at = response.headers.iter().position(is_named).unwrap_or(response.headers.len());
    response.headers.retain(|line| !is_named(line));
    response.headers.insert(at.min(response.headers.len()), (name.to_owned(), value));
}

fn allow_origin(response: &mut HandResponse, wanted: &Wanted<'_>) {
    let is_right = match values(response, ALLOW_ORIGIN)[..] {
        ["*"] => !wanted.credentials,
        [value] => value == wanted.origin || value == REFLECTED,
        _ => false,
    };
    if !is_right {
        replace(response, ALLOW_ORIGIN, wanted.origin.to_owned());
    }
    if wanted.credentials && values(response, ALLOW_CREDENTIALS) != ["true"] {
        replace(response, ALLOW_CREDENTIALS, "true".to_owned());
    }
    vary_by_origin(response);
}

fn vary_by_origin(response: &mut HandResponse) {
    let differs = values(response, ALLOW_ORIGIN).iter().any(|value| value.contains(REFLECTED));
    let varies = values(response, VARY)
        .iter()
        .flat_map(|value| value.split(','))
        .any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case("origin"));
    if differs && !varies {
        response.headers.push((VARY.to_owned(), "Origin".to_owned()));
    }
}

/// Adds to a list what is not in it. A list that is not one is written again.
fn list(
    response: &mut HandResponse,
    name: &str,
    entries: &[&str],
    wanted: &Wanted<'_>,
    is_same: impl Fn(&str, &str) -> bool,
) {
    let is_token = |entry: &str| {
        !entry.is_empty()
            && entry.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
    };
    let combined = values(response, name).join(",");
    let mut listed: Vec<&str> =
        combined.split(',').map(str::trim).filter(|entry| !entry.is_empty()).collect();
    let is_list = listed.iter().all(|entry| is_token(entry));
    if !is_list {
        listed.clear();
    }
    let has_star = !wanted.credentials && listed.contains(&"*");
    let missing: Vec<&str> = entries
        .iter()
        .copied()
        .filter(|entry| !listed.iter().any(|listed| is_same(listed, entry)))
        .filter(|entry| !has_star || entry.eq_ignore_ascii_case("authorization"))
        .collect();
    if !missing.is_empty() || !is_list {
        listed.extend(missing);
        let value = listed.join(", ");
        replace(response, name, value);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn hand(value: Value) -> HandWritten {
        serde_json::from_value(value).expect("a server written by hand")
    }

    fn lines(lines: &[(&str, &str)]) -> Value {
        json!({ "response": { "headers": lines } })
    }

    /// Only what is wrong is changed.
    #[test]
    fn a_fix_changes_what_is_wrong_and_nothing_else() {
        let page = "http://localhost:3000";
        let right = [("access-control-allow-origin", page), ("vary", "accept, origin")];
        let name = ("Access-Control-Allow-Origin", page);
        let vary = ("Vary", "Origin");
        for (case, from, credentials, to) in [
            ("nothing", &[][..], false, &[name][..]),
            ("right", &right, false, &right),
            ("a slash", &[("access-control-allow-origin", "http://localhost:3000/")], false, &[name]),
            (
                "twice",
                &[("x-a", "1"), name, ("access-control-allow-origin", "*")],
                false,
                &[("x-a", "1"), name],
            ),
            (
                "a star",
                &[("access-control-allow-origin", "*")],
                false,
                &[("access-control-allow-origin", "*")],
            ),
            (
                "a star with credentials",
                &[("access-control-allow-origin", "*"), ("access-control-allow-credentials", "true")],
                true,
                &[name, ("access-control-allow-credentials", "true")],
            ),
            (
                "credentials in capitals",
                &[name, ("access-control-allow-credentials", "True"), ("Vary", "*")],
                true,
                &[name, ("Access-Control-Allow-Credentials", "true"), ("Vary", "*")],
            ),
            (
                "reflected",
                &[("access-control-allow-origin", "{origin}")],
                false,
                &[("access-control-allow-origin", "{origin}"), vary],
            ),
        ] {
            let wanted = Wanted { origin: page, credentials, preflight: None, needs_login: false };
            let fixed = allowing(&hand(lines(from)), &wanted);
            assert_eq!(fixed, hand(lines(to)), "{case}");
            assert_eq!(allowing(&fixed, &wanted), fixed, "{case}: once is enough");
        }
    }

    #[test]
    fn a_preflight_is_granted_what_it_states() {
        let origin = ("Access-Control-Allow-Origin", "*");
        for (case, from, credentials, to) in [
            (
                "an error",
                json!({ "status": 404 }),
                false,
                json!([
                    origin,
                    ["Access-Control-Allow-Methods", "PUT"],
                    ["Access-Control-Allow-Headers", "authorization, x-a"],
                ]),
            ),
            (
                "lists that lack one",
                json!({ "headers": [["access-control-allow-methods", "DELETE"], ["access-control-allow-headers", "X-A"]] }),
                false,
                json!([
                    ["Access-Control-Allow-Methods", "DELETE, PUT"],
                    ["Access-Control-Allow-Headers", "X-A, authorization"],
                    origin,
                ]),
            ),
            (
                "stars",
                json!({ "headers": [["access-control-allow-methods", "*"], ["access-control-allow-headers", "*"]] }),
                false,
                json!([
                    ["access-control-allow-methods", "*"],
                    ["Access-Control-Allow-Headers", "*, authorization"],
                    origin,
                ]),
            ),
            (
                "what is not a list",
                json!({ "headers": [["access-control-allow-methods", "GET; PUT"], ["access-control-allow-headers", "x a"]] }),
                false,
                json!([
                    ["Access-Control-Allow-Methods", "PUT"],
                    ["Access-Control-Allow-Headers", "authorization, x-a"],
                    origin,
                ]),
            ),
        ] {
            let wanted = Wanted {
                origin: "*",
                credentials,
                preflight: Some(("PUT", vec!["authorization", "x-a"])),
                needs_login: false,
            };
            let fixed = allowing(&hand(json!({ "preflight": from })), &wanted);
            assert_eq!(json!(fixed.preflight.headers), to, "{case}");
            assert!((200..=299).contains(&fixed.preflight.status), "{case}");
        }
    }

    #[test]
    fn what_is_changed_is_said() {
        let from = hand(json!({
            "preflight": { "status": 301, "redirect": "notes/" },
            "response": { "headers": [["Access-Control-Allow-Origin", "*"], ["x-a", "1"]] },
        }));
        let wanted = Wanted {
            origin: "http://localhost:3000",
            credentials: true,
            preflight: Some(("PUT", Vec::new())),
            needs_login: false,
        };
        assert_eq!(
            changes(&from, &allowing(&from, &wanted)),
            "the preflight gets the status 204, no redirect, `Access-Control-Allow-Origin: http://localhost:3000`, \
             `Access-Control-Allow-Credentials: true`, `Access-Control-Allow-Methods: PUT`; the request gets \
             `Access-Control-Allow-Origin: http://localhost:3000`, `Access-Control-Allow-Credentials: true`, \
             no `Access-Control-Allow-Origin: *`"
        );
        assert_eq!(changes(&from, &from), "");
    }
}
