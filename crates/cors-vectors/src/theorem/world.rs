//! A world so small that policies often match requests: origins and their look-alikes, methods and headers in every spelling
//! that the standard distinguishes, lengths around its limits.

use std::time::Duration;

use fetch_cors::{Policy, PolicyConfig, Problem, browser::Credentials};
use proptest::{
    collection::{self, SizeRange},
    option,
    prelude::*,
    sample::select,
};

use super::{
    meaning::{Header, Kind, Page, PageRequest, Server},
    network::Handler,
};

const PATTERNS: [&str; 44] = [
    "https://example.com",
    "https://app.example.com",
    "https://*.example.com",
    "https://*.app.example.com",
    "https://example.com:8443",
    "https://app.example.com:8443",
    "https://*.example.com:8443",
    "https://example.com:*",
    "https://*.example.com:*",
    "http://example.com",
    "http://*.example.com",
    "http://app.example.com:*",
    "http://localhost",
    "http://localhost:3000",
    "http://localhost:*",
    "http://127.0.0.1:*",
    "http://[::1]:*",
    "http://[::1]:3000",
    "https://octo.github.io",
    "https://*.github.io",
    "https://xn--bcher-kva.example",
    "https://*.example.com.",
    "tauri://localhost",
    "app://My-App",
    // Inside of the first label.
    "https://pr-*.example.com",
    "https://*-web.example.com:8443",
    "https://pr-*.app.example.com:*",
    "https://p*b.example.com",
    "https://deploy-preview-*--shop.netlify.app",
    "https://xn--bcher-*.example.com",
    "https://_*.example.com",
    "http://pr-*.example.com",
    // Octets.
    "http://192.168.*.*:5173",
    "http://192.168.1.*",
    "https://10.*.*.*:*",
    "http://127.*.*.*:3000",
    // Extensions, and other apps.
    "moz-extension://*",
    "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
    "chrome-extension://*",
    "safari-web-extension://*",
    "vscode-webview://*",
    "com.acme.app://localhost",
    "htmx://desk",
    "file://",
];

/// Pages, and the origins that browsers send for them.
const PAGES: [(&str, &str); 97] = [
    ("https://example.com", "https://example.com"),
    ("https://EXAMPLE.com:443/a/page?of#it", "https://example.com"),
    ("https://example.com:8443", "https://example.com:8443"),
    ("https://example.com:8444", "https://example.com:8444"),
    ("https://example.com:80", "https://example.com:80"),
    ("http://example.com", "http://example.com"),
    ("http://example.com:80", "http://example.com"),
    ("http://example.com:443", "http://example.com:443"),
    ("https://app.example.com", "https://app.example.com"),
    ("https://app.example.com:8443", "https://app.example.com:8443"),
    ("https://a.app.example.com", "https://a.app.example.com"),
    ("https://b.a.example.com", "https://b.a.example.com"),
    ("https://b.a.example.com:65535", "https://b.a.example.com:65535"),
    ("http://app.example.com", "http://app.example.com"),
    ("http://app.example.com:8080", "http://app.example.com:8080"),
    ("https://evilexample.com", "https://evilexample.com"),
    ("https://evil-example.com", "https://evil-example.com"),
    ("https://example.com.evil.test", "https://example.com.evil.test"),
    ("https://app.example.com.evil.test", "https://app.example.com.evil.test"),
    ("https://app.example.co", "https://app.example.co"),
    ("https://appxexample.com", "https://appxexample.com"),
    ("https://evil.test", "https://evil.test"),
    ("https://example.com.", "https://example.com."),
    ("https://app.example.com.", "https://app.example.com."),
    ("https://.example.com", "https://.example.com"),
    ("https://a..example.com", "https://a..example.com"),
    ("https://a_b.example.com", "https://a_b.example.com"),
    ("https://a!b.example.com", "https://a!b.example.com"),
    ("https://b\u{fc}cher.example", "https://xn--bcher-kva.example"),
    ("http://localhost", "http://localhost"),
    ("http://localhost:3000", "http://localhost:3000"),
    ("http://localhost:8080", "http://localhost:8080"),
    ("https://localhost:3000", "https://localhost:3000"),
    ("http://localhost.evil.test:3000", "http://localhost.evil.test:3000"),
    ("http://127.1:3000", "http://127.0.0.1:3000"),
    ("http://[0:0::1]", "http://[::1]"),
    ("http://[::1]:3000", "http://[::1]:3000"),
    ("https://octo.github.io", "https://octo.github.io"),
    ("https://evil.github.io", "https://evil.github.io"),
    ("tauri://localhost", "tauri://localhost"),
    ("app://My-App/index.html", "app://My-App"),
    ("https://pr-1.example.com", "https://pr-1.example.com"),
    ("https://pr-.example.com", "https://pr-.example.com"),
    ("https://pr--.example.com", "https://pr--.example.com"),
    ("https://xpr-1.example.com", "https://xpr-1.example.com"),
    ("https://pr-1.b.example.com", "https://pr-1.b.example.com"),
    ("https://pr-1_2.example.com", "https://pr-1_2.example.com"),
    ("https://pr-1.example.com:8443", "https://pr-1.example.com:8443"),
    ("http://pr-1.example.com", "http://pr-1.example.com"),
    ("https://pr-1.example.com.", "https://pr-1.example.com."),
    ("https://pr-1.example.com.evil.test", "https://pr-1.example.com.evil.test"),
    ("https://pr-1.evil-example.com", "https://pr-1.evil-example.com"),
    ("https://pr-1.app.example.com", "https://pr-1.app.example.com"),
    ("https://pr-1.app.example.com:8444", "https://pr-1.app.example.com:8444"),
    ("https://pb.example.com", "https://pb.example.com"),
    ("https://pxb.example.com", "https://pxb.example.com"),
    ("https://a-web.example.com:8443", "https://a-web.example.com:8443"),
    ("https://-web.example.com:8443", "https://-web.example.com:8443"),
    ("https://a-webx.example.com:8443", "https://a-webx.example.com:8443"),
    ("https://b.a-web.example.com:8443", "https://b.a-web.example.com:8443"),
    ("https://xn--bcher-web.example.com:8443", "https://xn--bcher-web.example.com:8443"),
    ("https://b\u{fc}cher.example.com", "https://xn--bcher-kva.example.com"),
    ("https://deploy-preview-7--shop.netlify.app", "https://deploy-preview-7--shop.netlify.app"),
    ("https://deploy-preview---shop.netlify.app", "https://deploy-preview---shop.netlify.app"),
    ("https://deploy-preview-7--shopx.netlify.app", "https://deploy-preview-7--shopx.netlify.app"),
    ("https://evil--shop.netlify.app", "https://evil--shop.netlify.app"),
    ("https://_a.example.com", "https://_a.example.com"),
    ("https://_a_.example.com", "https://_a_.example.com"),
    ("http://192.168.0.5:5173", "http://192.168.0.5:5173"),
    ("http://192.168.0.5", "http://192.168.0.5"),
    ("https://192.168.0.5:5173", "https://192.168.0.5:5173"),
    ("http://192.169.0.5:5173", "http://192.169.0.5:5173"),
    ("http://192.168.0.5.evil.test:5173", "http://192.168.0.5.evil.test:5173"),
    ("http://192.168.1.20", "http://192.168.1.20"),
    ("http://192.168.10.1", "http://192.168.10.1"),
    ("https://10.255.0.1:8443", "https://10.255.0.1:8443"),
    ("https://11.0.0.1:8443", "https://11.0.0.1:8443"),
    ("http://127.2:3000", "http://127.0.0.2:3000"),
    ("http://128.0.0.1:3000", "http://128.0.0.1:3000"),
    (
        "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c/popup.html",
        "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
    ),
    (
        "moz-extension://1b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
        "moz-extension://1b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
    ),
    ("moz-extension://evil.test", "moz-extension://evil.test"),
    (
        "moz-extensions://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
        "moz-extensions://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
    ),
    (
        "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c:8443",
        "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c:8443",
    ),
    (
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
    ),
    (
        "chrome-extension://abcdefghijklmnopabcdefghijklmnoq",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnoq",
    ),
    (
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop.evil.test",
        "chrome-extension://abcdefghijklmnopabcdefghijklmnop.evil.test",
    ),
    (
        "safari-web-extension://0B1F5E1C-5B5C-4B5C-8B5C-0B1F5E1C5B5C",
        "safari-web-extension://0B1F5E1C-5B5C-4B5C-8B5C-0B1F5E1C5B5C",
    ),
    ("vscode-webview://0abc.def", "vscode-webview://0abc.def"),
    ("vscode-webview://a!b", "vscode-webview://a!b"),
    ("com.acme.app://localhost", "com.acme.app://localhost"),
    ("com.acme.apps://localhost", "com.acme.apps://localhost"),
    ("htmx://desk", "htmx://desk"),
    ("htmx://desk.evil", "htmx://desk.evil"),
    ("null", "null"),
    ("data:text/html,hello", "null"),
    ("file:///home/me/page.html", "null"),
];

const SERVERS: [Server; 6] = [
    Server { origin: "https://api.test", path: "/" },
    Server { origin: "https://api.test", path: "/items/1?a=b#c" },
    Server { origin: "https://api.test:8443", path: "/" },
    Server { origin: "https://example.com", path: "/api" },
    Server { origin: "http://localhost:8080", path: "/" },
    Server { origin: "http://[::1]:8080", path: "/" },
];

const METHODS: [&str; 19] = [
    "GET", "get", "HEAD", "POST", "post", "PUT", "put", "Put", "DELETE", "delete", "OPTIONS", "options",
    "PATCH", "patch", "Custom", "CUSTOM", "custom", "PROPFIND", "*",
];
const LISTED_METHODS: [&str; 10] =
    ["PUT", "put", "DELETE", "delete", "OPTIONS", "PATCH", "Custom", "PROPFIND", "GET", "post"];
const LISTED_HEADERS: [&str; 13] = [
    "content-type",
    "Content-Type",
    "authorization",
    "Authorization",
    "x-a",
    "X-B",
    "x-a-longer-name",
    "accept",
    "accept-language",
    "range",
    "if-none-match",
    "cache-control",
    "x-http-method-override",
];
const EXPOSED_HEADERS: [&str; 9] = [
    "etag",
    "ETag",
    "x-a",
    "X-B",
    "location",
    "content-type",
    "vary",
    "authorization",
    "access-control-allow-origin",
];
const MAX_AGES: [Option<u64>; 6] = [None, Some(0), Some(1), Some(4), Some(60), Some(86_400)];

/// Safelisted one by one: <https://fetch.spec.whatwg.org/#cors-safelisted-request-header>.
const SAFELISTED: [(&str, &str); 16] = [
    ("accept", "text/html, */*;q=0.1"),
    ("Accept", "b\u{fc}cher"),
    ("accept", ""),
    ("accept", "tab\tinside"),
    ("Accept-Language", "en-GB, de;q=0.5"),
    ("accept-language", "*"),
    ("content-language", "de"),
    ("content-type", "text/plain"),
    ("Content-Type", " Text/PLAIN ;charset=utf-8 "),
    ("content-type", "multipart/form-data; boundary=a"),
    ("content-type", "application/x-www-form-urlencoded"),
    ("content-type", "text/plain;"),
    ("range", "bytes=0-"),
    ("Range", "bytes=0-99"),
    ("range", "bytes=5-00000000000000000000000000000000000000000007"),
    ("range", "bytes=7-7"),
];
const UNSAFE: [(&str, &str); 37] = [
    ("x-a", "1"),
    ("X-A", "2"),
    ("x-b", ""),
    ("x-a-longer-name", "1"),
    ("x-c", "1"),
    ("*", "1"),
    ("Authorization", "Basic YTpi"),
    ("if-none-match", "\"v1\""),
    ("cache-control", "no-cache"),
    ("user-agent", "me"),
    ("dpr", "2"),
    ("last-event-id", "1"),
    ("second", "not forbidden, because it has no hyphen"),
    ("x-http-method-override", "PATCH"),
    ("x-http-method-override", "\"TRACE\""),
    ("accept", "a(b"),
    ("accept", "\"quoted\""),
    ("accept", "\u{7f}"),
    ("accept", "\u{1}"),
    ("accept-language", "en_GB"),
    ("accept-language", "b\u{fc}cher"),
    ("content-language", "de, \"en\""),
    ("content-language", "a\tb"),
    ("Content-Type", "Application/JSON"),
    ("content-type", "text/html"),
    ("content-type", "text/plain, application/json"),
    ("content-type", "text/plain; charset=\"utf-8\""),
    ("content-type", "text/plainer"),
    ("content-type", "text"),
    ("content-type", ""),
    ("range", "bytes=9-3"),
    ("range", "bytes=-5"),
    ("range", "bytes=0-1,4-5"),
    ("range", "bytes= 0-1"),
    ("range", "items=0-1"),
    ("range", "bytes=0"),
    ("range", "bytes=00000000000000000000000000000000000000000007-6"),
];
/// The headers that pages send most.
const USUAL: [(&str, &str); 4] =
    [("X-B", "3"), ("x-a", "1"), ("authorization", "Bearer token"), ("content-type", "application/json")];
/// From <https://fetch.spec.whatwg.org/#forbidden-request-header>.
const IGNORED: [(&str, &str); 12] = [
    ("cookie", "a=b"),
    ("Origin", "https://example.com"),
    ("host", "example.com"),
    ("date", "today"),
    ("access-control-request-method", "PUT"),
    ("Access-Control-Request-Headers", "x-a"),
    ("sec-fetch-site", "same-origin"),
    ("Sec-", "1"),
    ("proxy-authorization", "1"),
    ("content-length", "0"),
    ("x-http-method-override", "TRACE"),
    ("X-Method-Override", "GET, trace"),
];

pub const HANDLERS_HEADERS: [(&str, &str); 14] = [
    ("content-type", "application/json"),
    ("Content-Length", "2"),
    ("cache-control", "no-store"),
    ("expires", "0"),
    ("etag", "\"v1\""),
    ("location", "/items/1"),
    ("x-a", "1"),
    ("X-A", "2"),
    ("x-b", "3"),
    ("authorization", "token"),
    ("vary", "accept-encoding"),
    ("set-cookie", "a=b"),
    ("Set-Cookie", "c=d; Secure"),
    ("set-cookie2", "e=f"),
];

/// A policy, and the config that its author wrote.
#[derive(Clone)]
pub struct Rules {
    pub config: PolicyConfig,
    pub policy: Policy,
}

impl std::fmt::Debug for Rules {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.config.fmt(f)
    }
}

impl Rules {
    /// Makes a valid policy from a config, with as few changes as possible.
    fn of(mut config: PolicyConfig) -> Self {
        if config.allow_credentials {
            config.allow_origins.retain(|pattern| pattern != "*");
        }
        let policy = Policy::try_from(config.clone()).unwrap_or_else(|invalid| {
            // Some of the origins need an opt-in.
            let risky: Vec<usize> = invalid.problems().iter().filter_map(Problem::index).collect();
            for (index, origin) in std::mem::take(&mut config.allow_origins).into_iter().enumerate() {
                let list = if risky.contains(&index) {
                    &mut config.danger_allow_origins
                } else {
                    &mut config.allow_origins
                };
                list.push(origin);
            }
            Policy::try_from(config.clone()).expect("no other mistake is made of these parts")
        });
        Self { config, policy }
    }

    pub fn max_age(&self) -> Duration {
        Duration::from_secs(self.config.max_age.unwrap_or(5))
    }
}

/// A policy for each pattern, and a request of each page.
pub fn patterns_and_pages() -> (Vec<Rules>, Vec<PageRequest>) {
    let rules = PATTERNS.map(|pattern| {
        let mut config = PolicyConfig::default();
        config.allow_origins = vec![pattern.to_owned()];
        config.allow_credentials = true;
        Rules::of(config)
    });
    let requests = PAGES.map(|(address, origin)| PageRequest {
        page: Page { address: address.to_owned(), origin: origin.to_owned() },
        server: SERVERS[0],
        method: "GET".to_owned(),
        headers: Vec::new(),
        body: None,
        credentials: Credentials::Include,
        upload_listener: false,
    });
    (rules.into(), requests.into())
}

pub fn rules() -> impl Strategy<Value = Rules> {
    config().prop_map(Rules::of)
}

/// A policy, and its successor, which differs in some settings.
pub fn rules_and_their_successors() -> impl Strategy<Value = (Rules, Rules)> {
    (config(), config(), 1..64_u8).prop_map(|(before, other, changes)| {
        let mut after = before.clone();
        let is_changed = |setting: u8| changes >> setting & 1 == 1;
        if is_changed(0) {
            after.allow_origins = other.allow_origins;
            after.danger_allow_origins = other.danger_allow_origins;
        }
        if is_changed(1) {
            after.allow_methods = other.allow_methods;
        }
        if is_changed(2) {
            after.allow_headers = other.allow_headers;
        }
        if is_changed(3) {
            after.expose_headers = other.expose_headers;
        }
        if is_changed(4) {
            after.allow_credentials = other.allow_credentials;
        }
        if is_changed(5) {
            after.max_age = other.max_age;
        }
        (Rules::of(before), Rules::of(after))
    })
}

fn config() -> impl Strategy<Value = PolicyConfig> {
    let origins = collection::vec(
        prop_oneof![
            16 => select(&PATTERNS[..]).prop_map(ToOwned::to_owned),
            6 => small_world(true),
            1 => Just("*".to_owned()),
        ],
        0..9,
    );
    let origins = prop_oneof![
        3 => Just(vec!["*".to_owned()]),
        12 => origins,
        1 => collection::vec(small_world(true), 9..30),
    ];
    (
        origins,
        list(&LISTED_METHODS, 0..5),
        list(&LISTED_HEADERS, 0..6),
        list(&EXPOSED_HEADERS, 0..4),
        any::<bool>(),
        select(&MAX_AGES[..]),
    )
        .prop_map(|(allow_origins, methods, headers, exposed, credentials, max_age)| {
            let mut config = PolicyConfig::default();
            config.allow_origins = allow_origins;
            config.allow_methods = methods;
            config.allow_headers = headers;
            config.expose_headers = exposed;
            config.allow_credentials = credentials;
            config.max_age = max_age;
            config
        })
}

/// Some of these names, or `*`, or both: `*` makes the others redundant.
fn list(names: &'static [&'static str], size: impl Into<SizeRange>) -> impl Strategy<Value = Vec<String>> {
    let some = collection::vec(select(names), size);
    (some, prop_oneof![2 => Just(None), 1 => Just(Some("*"))])
        .prop_map(|(names, any)| names.into_iter().chain(any).map(ToOwned::to_owned).collect())
}

/// Origins of hosts and addresses that differ in little; with wildcards if requested.
fn small_world(wildcards: bool) -> impl Strategy<Value = String> {
    prop_oneof![2 => small_hosts(wildcards), 1 => small_labels(wildcards), 1 => small_addresses(wildcards)]
}

/// Origins made of two labels and two ports, at most three labels deep.
fn small_hosts(wildcards: bool) -> impl Strategy<Value = String> {
    const HOSTS: [&str; 14] = [
        "a", "b", "a.a", "a.b", "b.a", "b.b", "a.a.a", "a.a.b", "a.b.a", "a.b.b", "b.a.a", "b.a.b", "b.b.a",
        "b.b.b",
    ];
    (0..=usize::from(wildcards), select(&HOSTS[..]), small_port(wildcards))
        .prop_map(|(subdomains, host, port)| format!("https://{}{host}{port}", ["", "*."][subdomains]))
}

/// Origins whose first label has at most five letters, or a `*` for some of them.
fn small_labels(wildcards: bool) -> impl Strategy<Value = String> {
    const STARTS: [&str; 5] = ["", "a", "b", "ab", "a_"];
    const ENDS: [&str; 4] = ["a", "-b", "ba", "_"];
    let middle = if wildcards { &["*", "*", "*", "a"][..] } else { &["", "a", "b", "-", "_", "a.b"][..] };
    (
        select(&STARTS[..]),
        select(middle),
        select(&ENDS[..]),
        select(&["a.b", "b.b"][..]),
        small_port(wildcards),
    )
        .prop_map(|(start, middle, end, parent, port)| format!("https://{start}{middle}{end}.{parent}{port}"))
}

/// Private addresses, or a `*` for their last octets.
fn small_addresses(wildcards: bool) -> impl Strategy<Value = String> {
    let octet = || select(&["0", "1", "255"][..]);
    ((octet(), octet(), octet()), 0..=3 * usize::from(wildcards), small_port(wildcards)).prop_map(
        |((second, third, fourth), stars, port)| {
            let mut octets = ["10", second, third, fourth];
            octets[4 - stars..].fill("*");
            format!("https://{}{port}", octets.join("."))
        },
    )
}

fn small_port(wildcards: bool) -> impl Strategy<Value = &'static str> {
    select(if wildcards { &["", ":8443", ":*"][..] } else { &["", ":8443"][..] })
}

fn page() -> impl Strategy<Value = Page> {
    let same = |origin: String| Page { address: origin.clone(), origin };
    prop_oneof![
        16 => select(&PAGES[..])
            .prop_map(|(address, origin)| Page { address: address.to_owned(), origin: origin.to_owned() }),
        8 => small_world(false).prop_map(same),
        // Around the longest label, 63 bytes, and the longest host, 253.
        1 => select(&["null", "data:text/html,hello", "file:///home/me/page.html"][..])
            .prop_map(|address| Page { address: address.to_owned(), origin: "null".to_owned() }),
        2 => (62..65_usize, 2..4_usize, 47..52_usize).prop_map(move |(label, labels, last)| {
            let start = format!("{}.", "l".repeat(label)).repeat(labels) + &"k".repeat(last);
            same(format!("https://{start}.example.com"))
        }),
        1 => (59..62_usize).prop_map(move |length| {
            same(format!("https://pr-{}.example.com", "l".repeat(length)))
        }),
    ]
}

fn header() -> impl Strategy<Value = Header> {
    let of = |kind| {
        move |(name, value): (&str, &str)| Header { name: name.to_owned(), value: value.to_owned(), kind }
    };
    prop_oneof![
        6 => select(&SAFELISTED[..]).prop_map(of(Kind::Safelisted)),
        4 => select(&USUAL[..]).prop_map(of(Kind::Unsafe)),
        4 => select(&UNSAFE[..]).prop_map(of(Kind::Unsafe)),
        2 => select(&IGNORED[..]).prop_map(of(Kind::Ignored)),
        1 => (select(&["accept", "accept-language", "content-language"][..]), 120..137_usize)
            .prop_map(|(name, length)| long(name, "", length)),
        1 => (120..137_usize).prop_map(|length| long("content-type", "text/plain;", length)),
    ]
}

/// The longest value of a safelisted header has 128 bytes.
fn long(name: &str, start: &str, length: usize) -> Header {
    let value = format!("{start}{}", "x".repeat(length - start.len()));
    Header { name: name.to_owned(), value, kind: if length <= 128 { Kind::Safelisted } else { Kind::Unsafe } }
}

/// Headers that are safelisted one by one and add up to about 1024 bytes.
fn bulk() -> impl Strategy<Value = Vec<Header>> {
    (1022..1027_usize, select(&["accept", "accept-language"][..])).prop_map(|(length, name)| {
        let lines = (0..length.div_ceil(128)).map(|line| (length - line * 128).min(128));
        lines.map(|length| long(name, "", length)).collect()
    })
}

/// A request whose method and header names have usual lengths.
pub fn page_request() -> impl Strategy<Value = PageRequest> {
    let body = select(
        &[
            ("text/plain;charset=UTF-8", Kind::Safelisted),
            ("multipart/form-data; boundary=----a", Kind::Safelisted),
            ("application/json", Kind::Unsafe),
        ][..],
    )
    .prop_map(|(value, kind)| Header { name: "content-type".to_owned(), value: value.to_owned(), kind });
    let headers = prop_oneof![
        40 => collection::vec(header(), 0..3),
        2 => (bulk(), collection::vec(header(), 0..2)).prop_map(|(bulk, more)| [bulk, more].concat()),
    ];
    (
        page(),
        select(&SERVERS[..]),
        prop_oneof![1 => select(&["GET", "POST", "PUT", "DELETE"][..]), 1 => select(&METHODS[..])],
        headers,
        option::weighted(0.3, body),
        select(
            &[Credentials::Omit, Credentials::SameOrigin, Credentials::SameOrigin, Credentials::Include][..],
        ),
        prop::bool::weighted(0.1),
    )
        .prop_map(|(page, server, method, headers, body, credentials, upload_listener)| {
            let takes_body = !["GET", "HEAD"].contains(&method.to_ascii_uppercase().as_str());
            let body = body.filter(|_| takes_body);
            PageRequest {
                page,
                server,
                method: method.to_owned(),
                headers,
                body,
                credentials,
                upload_listener,
            }
        })
}

/// A request, sometimes with a method or header names around the limit of an echo.
pub fn page_request_of_any_length() -> impl Strategy<Value = PageRequest> {
    let too_long = prop_oneof![
        20 => Just((None, None)),
        1 => (62..67_usize).prop_map(|length| (Some("M".repeat(length)), None)),
        1 => (4093..4096_usize).prop_map(|length| (None, Some("x".repeat(length)))),
    ];
    (page_request(), too_long).prop_map(|(mut page_request, (method, name))| {
        if let Some(method) = method {
            page_request.method = method;
        }
        if name.is_some() {
            page_request.headers.clear();
        }
        page_request.headers.extend(name.map(|name| Header {
            name,
            value: String::new(),
            kind: Kind::Unsafe,
        }));
        page_request
    })
}

/// Changes a request so that it matches the policy more often than by chance.
#[derive(Clone, Copy, Debug)]
pub struct Invitation {
    /// Moves the page to an allowed origin.
    origin: Option<usize>,
    /// Removes what the policy would refuse.
    drops_refused: bool,
}

pub fn invitation() -> impl Strategy<Value = Invitation> {
    (option::weighted(0.7, 0..32_usize), prop::bool::weighted(0.3))
        .prop_map(|(origin, drops_refused)| Invitation { origin, drops_refused })
}

impl PageRequest {
    pub fn invite(&mut self, config: &PolicyConfig, invitation: Invitation) {
        let is_any = |list: &[String]| list.iter().any(|listed| listed == "*");
        let entries: Vec<&String> = config.allow_origins.iter().chain(&config.danger_allow_origins).collect();
        if let Some(origin) = invitation.origin
            && !is_any(&config.allow_origins)
            && !entries.is_empty()
            // Which browsers don't send, but the apps that do enforce no CORS.
            && entries[origin % 8 % entries.len()] != "file://"
        {
            let (which, variant) = (origin % 8, origin / 8);
            let origin = instance(entries[which % entries.len()], variant);
            self.page = Page { address: origin.clone(), origin };
        }
        if invitation.drops_refused {
            if let Some(method) = config.allow_methods.first().filter(|_| !is_any(&config.allow_methods)) {
                self.method.clone_from(method);
            }
            if !is_any(&config.allow_headers) {
                let is_listed =
                    |name: &str| config.allow_headers.iter().any(|n| n.eq_ignore_ascii_case(name));
                self.headers.retain(|header| is_listed(&header.name));
            }
            if !config.allow_credentials {
                self.credentials = Credentials::SameOrigin;
            }
            self.body = None;
        }
    }
}

/// One of the origins that a pattern matches.
fn instance(pattern: &str, variant: usize) -> String {
    if let Some(scheme) = pattern.strip_suffix("-extension://*") {
        return match scheme {
            "chrome" => "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            _ => "moz-extension://0b1f5e1c-5b5c-4b5c-8b5c-0b1f5e1c5b5c",
        }
        .replace("moz", scheme);
    }
    let authority =
        pattern.replace(":*", ["", ":8443"][variant / 2]).replace("//*.", ["//a.", "//b.a."][variant % 2]);
    let is_address = authority.ends_with(".*") || authority.contains(".*.") || authority.contains(".*:");
    let star = if is_address {
        ["0", "255"]
    } else if pattern.contains("//xn--") {
        // Of `b\u{fc}cher`, which a browser can send.
        ["kva", "kva"]
    } else {
        ["a", "1-b"]
    };
    authority.replace('*', star[variant % 2])
}

/// A policy and a request that often match.
pub fn rules_and(
    page_request: impl Strategy<Value = PageRequest>,
) -> impl Strategy<Value = (Rules, PageRequest)> {
    (rules(), page_request, invitation()).prop_map(|(rules, mut page_request, invitation)| {
        page_request.invite(&rules.config, invitation);
        (rules, page_request)
    })
}

pub fn handler() -> impl Strategy<Value = Handler> {
    let status = select(&[200, 201, 204, 304, 404, 500][..]);
    (status, collection::vec(select(&HANDLERS_HEADERS[..]), 0..8))
        .prop_map(|(status, headers)| Handler { status, headers })
}

/// The time until the next request: none, or just below or above how long browsers cache preflights.
pub fn pause() -> impl Strategy<Value = Duration> {
    select(&[0, 0, 0, 1, 999, 1000, 4000, 4999, 5000, 59_000, 60_000, 86_400_000][..])
        .prop_map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use fetch_cors::browser::PageOrigin;

    use super::*;

    #[test]
    fn pages_have_the_origins_that_browsers_send_for_them() {
        for (address, origin) in PAGES {
            assert_eq!(PageOrigin::of(address).unwrap().to_string(), origin, "{address}");
        }
    }
}
