//! The requests that are looked at from all sides. `{page}`, `{api}`, `{alias}` and `{attacker}` stand for the Lab's
//! origins, `{page host}` and so on for their hosts, `{session}` for the id of the Lab's session.

use serde_json::Value;

use crate::{Tried, forms::Outcome, page::Names, said};

/// A policy, a request, and what the page has to show of it. All of it is written by hand: none of the page's words or
/// drawings comes from the code that makes them.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    policy: &'static str,
    request: &'static str,
    /// How often it is sent. The last time is looked at.
    pub(crate) sends: usize,
    pub(crate) observed: Outcome,
    /// As [`Diagram`](crate::diagram::Diagram) prints it: the lanes, then a line for each message.
    pub(crate) diagram: &'static [&'static str],
    /// Headers that must, or must not, be shown: the message's number as in the diagram, the name, and the value if any.
    pub(crate) headers: &'static [(usize, &'static str, Option<&'static str>)],
    /// What *Why* has to speak of.
    pub(crate) why: &'static [&'static str],
    /// What it must not speak of.
    pub(crate) why_not: &'static [&'static str],
    /// The section of the standard.
    pub(crate) rule: &'static str,
    pub(crate) fix: Fix,
    /// What `WebKit` writes to its console, whose driver doesn't tell.
    pub(crate) webkit_console: &'static str,
}

/// What becomes of the fix that is proposed.
pub(crate) enum Fix {
    /// There is none: it is allowed.
    NotNeeded,
    /// None that a policy could bring: there is no button.
    NotByPolicy,
    /// A click makes this policy of it, which allows the request.
    Makes(&'static str),
}

impl Case {
    pub(crate) fn is_blocked(&self) -> bool {
        self.observed == Outcome::Blocked
    }

    pub(crate) fn policy(&self, names: &Names) -> Tried<Value> {
        serde_json::from_str(&names.fill(self.policy)).map_err(said)
    }

    pub(crate) fn request(&self, names: &Names) -> Tried<Value> {
        serde_json::from_str(&names.fill(self.request)).map_err(said)
    }
}

pub(crate) static CASES: &[Case] = &[
    Case {
        name: "it_is_blocked",
        policy: "{}",
        request: r#"{"path": "notes"}"#,
        sends: 1,
        observed: Outcome::Blocked,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes\"), the page’s script",
            "Browser → API: GET notes, Origin: {page host}",
            "API → Browser: 200 OK, no allow-origin; gate shut: withheld; handler ran",
            "Browser → Page: TypeError, no response",
        ],
        headers: &[
            (2, "origin", Some("{page}")),
            (2, "host", Some("{api host}")),
            (3, "content-type", Some("application/json")),
            (3, "vary", Some("origin")),
            (3, "access-control-allow-origin", None),
        ],
        why: &["Access-Control-Allow-Origin"],
        why_not: &["preflight"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::Makes(r#"{"allow_origins": ["{page}"]}"#),
        webkit_console: "Origin {page} is not allowed by Access-Control-Allow-Origin. Status code: 200",
    },
    Case {
        name: "it_is_allowed",
        policy: r#"{"allow_origins": ["{page}"], "expose_headers": ["etag"]}"#,
        request: r#"{"path": "headers"}"#,
        sends: 1,
        observed: Outcome::Readable,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"headers\"), the page’s script",
            "Browser → API: GET headers, Origin: {page host}",
            "API → Browser: 200 OK, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → Page: status 200, the script reads it",
        ],
        headers: &[
            (2, "origin", Some("{page}")),
            (3, "access-control-allow-origin", Some("{page}")),
            (3, "access-control-expose-headers", Some("etag")),
            (3, "x-total-count", Some("3")),
            (4, "etag", Some("\"lab-1\"")),
            (4, "x-total-count", None),
            (4, "access-control-allow-origin", None),
        ],
        why: &["status 200", "Access-Control-Allow-Origin", "{page}"],
        why_not: &["preflight", "cookie"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
    Case {
        name: "the_preflight_is_refused",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"method": "PUT", "path": "notes/1", "body": {"type": "text/plain", "text": "Rewritten"}}"#,
        sends: 1,
        observed: Outcome::Blocked,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes/1\"), the page’s script",
            "Browser → API: OPTIONS notes/1, may I PUT?",
            "API → Browser: 204 No Content, allow-methods: GET, HEAD, POST; gate shut: refused",
            "Browser ✗ API: PUT notes/1, never sent",
            "Browser → Page: TypeError, no response",
        ],
        headers: &[
            (1, "content-type", None),
            (2, "origin", Some("{page}")),
            (2, "access-control-request-method", Some("PUT")),
            (2, "access-control-request-headers", None),
            (3, "access-control-allow-origin", Some("{page}")),
            (3, "access-control-allow-methods", Some("GET, HEAD, POST")),
        ],
        why: &["PUT", "preflight"],
        why_not: &[],
        rule: "https://fetch.spec.whatwg.org/#cors-preflight-fetch-0",
        fix: Fix::Makes(r#"{"allow_origins": ["{page}"], "allow_methods": ["PUT"]}"#),
        webkit_console: "Method PUT is not allowed by Access-Control-Allow-Methods.",
    },
    Case {
        name: "the_preflight_is_granted",
        policy: r#"{"allow_origins": ["{page}"], "allow_methods": ["PUT"],
            "allow_headers": ["content-type", "x-request-id"]}"#,
        request: r#"{"method": "PUT", "path": "notes/1", "headers": [["x-request-id", "it's 1"]],
            "body": {"type": "application/json", "text": "{\"text\": \"It's \\\"rewritten\\\" & $HOME\"}"}}"#,
        sends: 1,
        observed: Outcome::Readable,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes/1\"), the page’s script",
            "Browser → API: OPTIONS notes/1, may I PUT with content-type,x-request-id?",
            "API → Browser: 204 No Content, allow-methods: PUT, allow-headers: content-type, x-request-id; gate open: go ahead",
            "Browser → API: PUT notes/1, Origin: {page host}",
            "API → Browser: 200 OK, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → Page: status 200, the script reads it",
        ],
        headers: &[
            (1, "x-request-id", Some("it's 1")),
            (2, "access-control-request-method", Some("PUT")),
            (2, "access-control-request-headers", Some("content-type,x-request-id")),
            (3, "access-control-allow-methods", Some("PUT")),
            (3, "access-control-allow-headers", Some("content-type, x-request-id")),
            (4, "origin", Some("{page}")),
            (4, "content-type", Some("application/json")),
            (4, "x-request-id", Some("it's 1")),
            (5, "access-control-allow-origin", Some("{page}")),
            (5, "access-control-allow-methods", None),
            (6, "content-type", Some("application/json")),
        ],
        why: &["status 200", "preflight", "{page}"],
        why_not: &["cookie"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
    Case {
        name: "it_is_redirected",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"path": "redirect", "query": "to=notes"}"#,
        sends: 1,
        observed: Outcome::Readable,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"redirect\"), the page’s script",
            "Browser → API: GET redirect, Origin: {page host}",
            "API → Browser: 302 Found, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → API: GET notes, Origin: {page host}",
            "API → Browser: 200 OK, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → Page: status 200, the script reads it",
        ],
        headers: &[
            (2, "origin", Some("{page}")),
            (3, "access-control-allow-origin", Some("{page}")),
            (4, "origin", Some("{page}")),
            (5, "access-control-allow-origin", Some("{page}")),
            (5, "location", None),
            (6, "content-type", Some("application/json")),
        ],
        why: &["status 200", "{page}"],
        why_not: &["preflight", "cookie"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
    Case {
        name: "it_is_redirected_to_another_origin",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"path": "redirect", "query": "to={alias}/s/{session}/api/notes"}"#,
        sends: 1,
        observed: Outcome::Blocked,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"redirect\"), the page’s script",
            "Browser → API: GET redirect, Origin: {page host}",
            "API → Browser: 302 Found, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → API: GET {alias host}/api/notes, Origin: null",
            "API → Browser: 200 OK, no allow-origin; gate shut: withheld; handler ran",
            "Browser → Page: TypeError, no response",
        ],
        headers: &[
            (2, "origin", Some("{page}")),
            (3, "access-control-allow-origin", Some("{page}")),
            (4, "origin", Some("null")),
            (4, "host", Some("{alias host}")),
            (5, "access-control-allow-origin", None),
        ],
        why: &["Access-Control-Allow-Origin"],
        why_not: &["preflight"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotByPolicy,
        webkit_console: "Origin null is not allowed by Access-Control-Allow-Origin. Status code: 200",
    },
    Case {
        name: "it_stays_opaque",
        policy: "{}",
        request: r#"{"path": "notes", "mode": "no-cors"}"#,
        sends: 1,
        observed: Outcome::Opaque,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes\"), the page’s script",
            "Browser → API: GET notes, no Origin",
            "API → Browser: 200 OK; gate opaque: opaque; handler ran",
            "Browser → Page: opaque, nothing to read",
        ],
        headers: &[
            (2, "origin", None),
            (2, "host", Some("{api host}")),
            (3, "content-type", Some("application/json")),
            (4, "content-type", None),
        ],
        why: &["opaque"],
        why_not: &["preflight", "names"],
        rule: "https://fetch.spec.whatwg.org/#concept-filtered-response-opaque",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
    Case {
        name: "headers_are_left_out",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"path": "notes", "headers": [["Cookie", "a=1"], ["Origin", "https://evil.example"]]}"#,
        sends: 1,
        observed: Outcome::Readable,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes\"), the browser drops Cookie, Origin",
            "Browser → API: GET notes, Origin: {page host}",
            "API → Browser: 200 OK, allow-origin: {page host}; gate open: let through; handler ran",
            "Browser → Page: status 200, the script reads it",
        ],
        headers: &[(1, "cookie", Some("a=1")), (2, "cookie", None), (2, "origin", Some("{page}"))],
        why: &["status 200", "left out"],
        why_not: &["preflight"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
    Case {
        name: "it_is_never_sent",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"path": "notes", "mode": "same-origin"}"#,
        sends: 1,
        observed: Outcome::Blocked,
        diagram: &[
            "Page {page host} | Browser yours | API {api host}",
            "Page → Browser: fetch(\"notes\"), the page’s script",
            "Browser ✗ API: GET notes, never sent",
            "Browser → Page: TypeError, no response",
        ],
        headers: &[],
        why: &["same-origin"],
        why_not: &["preflight", "Access-Control-Allow-Origin"],
        rule: "https://fetch.spec.whatwg.org/#main-fetch",
        fix: Fix::NotByPolicy,
        webkit_console: "",
    },
    Case {
        name: "the_cache_responds",
        policy: r#"{"allow_origins": ["{page}"]}"#,
        request: r#"{"path": "notes", "cached": true}"#,
        sends: 2,
        observed: Outcome::Readable,
        diagram: &[
            "Page {page host} | Browser yours | Cache shared | API {api host}",
            "Page → Browser: fetch(\"notes\"), the page’s script",
            "Browser → Cache: GET notes, Origin: {page host}",
            "Cache → Browser: 200 OK, allow-origin: {page host}; gate open: let through",
            "Browser → Page: status 200, the script reads it",
        ],
        headers: &[
            (2, "origin", Some("{page}")),
            (3, "x-lab-cache", Some("hit")),
            (3, "access-control-allow-origin", Some("{page}")),
        ],
        why: &["status 200", "{page}"],
        why_not: &["preflight", "cookie"],
        rule: "https://fetch.spec.whatwg.org/#cors-check",
        fix: Fix::NotNeeded,
        webkit_console: "",
    },
];
