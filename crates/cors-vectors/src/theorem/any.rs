//! Fetches and servers of any kind: whatever a page requests and a server responds, a fetch ends, and a script reads nothing that
//! the CORS check forbids.

use std::{collections::BTreeMap, time::Duration};

use fetch_cors::browser::{
    Browser, Credentials, Engine, Mode, Next, PageOrigin, Profile, Redirect, Request, Response, ResponseType,
    Verdict,
};
use proptest::{collection, prelude::*, sample::select};

/// An arbitrary fetch, and the responses that an arbitrary server repeats.
#[derive(Clone, Debug)]
pub struct AnyFetch {
    pub profile: Profile,
    pub page: String,
    pub method: String,
    pub url: String,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub has_body: bool,
    pub content_type: Option<String>,
    pub mode: Mode,
    pub credentials: Credentials,
    pub redirect: Redirect,
    pub upload_listener: bool,
    pub now: Duration,
    pub responses: Vec<AnyResponse>,
}

#[derive(Clone, Debug)]
pub struct AnyResponse {
    pub status: u16,
    /// Whether it also allows everything that can be allowed, so that fetches get far.
    pub is_permissive: bool,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
}

const ANY_TEXTS: [&str; 40] = [
    "",
    " ",
    "*",
    "null",
    "true",
    "0",
    "5",
    "-1",
    "99999999999999999999",
    "GET",
    "patch",
    "TRACE",
    "x-a",
    "x-a, ,x-b",
    "x-a x-b",
    "*, authorization",
    "authorization",
    "content-type",
    "application/json",
    "range",
    "bytes=1-0",
    "same-origin",
    "same-site",
    "https://example.com",
    "https://example.com, *",
    "https://EXAMPLE.com:443/a?b#c",
    "https://user:secret@example.com/",
    "http://[::1",
    "http://[::1]:80/",
    "http://localhost:6000/",
    "http://example.com/",
    "https://",
    "https:/a",
    "//",
    "//app.example.com/\t",
    "/a/../b",
    "#only",
    "data:text/html;base64,aGk=",
    "file:///etc/passwd",
    "blob:https://example.com/1",
];

/// Bytes, mostly ones that mean something in some header.
pub fn any_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => select(&ANY_TEXTS[..]).prop_map(|text| text.as_bytes().to_vec()),
        2 => collection::vec(any::<u8>(), 0..12),
        1 => (select(&ANY_TEXTS[..]), select(&ANY_TEXTS[..]), any::<u8>())
            .prop_map(|(start, end, between)| [start.as_bytes(), &[between], end.as_bytes()].concat()),
    ]
}

fn any_name(usual: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![20 => select(usual).prop_map(|name| name.as_bytes().to_vec()), 1 => any_value()]
}

fn any_text() -> impl Strategy<Value = String> {
    any_value().prop_map(|value| String::from_utf8_lossy(&value).into_owned())
}

fn any_response() -> impl Strategy<Value = AnyResponse> {
    const NAMES: [&str; 9] = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "access-control-expose-headers",
        "access-control-max-age",
        "location",
        "cross-origin-resource-policy",
        "set-cookie",
    ];
    const LOCATIONS: [&str; 4] =
        ["/next", "https://example.com/", "https://api.test/a#b", "//elsewhere.test:8443"];
    let status = prop_oneof![2 => Just(200), 6 => select(&[301, 302, 303, 307, 308][..]), 1 => any::<u16>()];
    let location = proptest::option::weighted(0.9, select(&LOCATIONS[..]));
    let headers = (location, collection::vec((any_name(&NAMES), any_value()), 0..4));
    (status, prop::bool::weighted(0.8), headers, prop::bool::weighted(0.2)).prop_map(
        |(status, is_permissive, (location, mut headers), exposes_all)| {
            headers.retain(|(name, _)| location.is_none() || name != b"location");
            headers.extend(location.map(|location| (b"location".to_vec(), location.as_bytes().to_vec())));
            if exposes_all {
                headers.retain(|(name, _)| name != b"access-control-expose-headers");
                headers.push((b"access-control-expose-headers".to_vec(), b"*".to_vec()));
            }
            AnyResponse { status, is_permissive, headers }
        },
    )
}

pub fn any_fetch() -> impl Strategy<Value = AnyFetch> {
    let profile = select(&[Profile::STANDARD, Profile::CHROMIUM, Profile::FIREFOX, Profile::WEBKIT][..]);
    let usual = |usual: &'static [&'static str]| {
        let usual = select(usual).prop_map(ToOwned::to_owned);
        prop_oneof![6 => usual, 1 => any_text()]
    };
    (
        (
            profile,
            usual(&["https://example.com", "null", "http://localhost"]),
            usual(&["GET", "POST", "PUT"]),
        ),
        usual(&["https://api.test/", "https://example.com/", "http://localhost:8080/"]),
        collection::vec(
            (
                any_name(&["x-a", "authorization", "content-type", "range", "accept", "x-method-override"]),
                any_value(),
            ),
            0..4,
        ),
        (prop::bool::weighted(0.2), proptest::option::of(any_text())),
        select(&[Mode::Cors, Mode::Cors, Mode::NoCors, Mode::SameOrigin][..]),
        select(&[Credentials::Omit, Credentials::SameOrigin, Credentials::Include][..]),
        select(&[Redirect::Follow, Redirect::Follow, Redirect::Error, Redirect::Manual][..]),
        prop::bool::weighted(0.3),
        select(vec![Duration::ZERO, Duration::from_secs(5), Duration::MAX]),
        collection::vec(any_response(), 1..5),
    )
        .prop_map(
            |(
                (profile, page, method),
                url,
                headers,
                (has_body, content_type),
                mode,
                credentials,
                redirect,
                upload_listener,
                now,
                responses,
            )| {
                AnyFetch {
                    profile,
                    page,
                    method,
                    url,
                    headers,
                    has_body,
                    content_type,
                    mode,
                    credentials,
                    redirect,
                    upload_listener,
                    now,
                    responses,
                }
            },
        )
}

/// Runs a fetch to its end and returns the number of requests, including preflights.
pub fn check_any_fetch(browser: &mut Browser, fetch: &AnyFetch) -> usize {
    let Some(page) = PageOrigin::of(&fetch.page) else { return 0 };
    let mut request = Request::new(page, &fetch.method, &fetch.url)
        .mode(fetch.mode)
        .credentials(fetch.credentials)
        .redirect(fetch.redirect);
    for (name, value) in &fetch.headers {
        request = request.header(name, value);
    }
    if fetch.has_body {
        request = request.body(fetch.content_type.as_deref());
    }
    if fetch.upload_listener {
        request = request.upload_listener();
    }
    let (mut preflights, mut requests, mut last) = (0, 0, None);
    let mut next = browser.fetch(request, fetch.now);
    loop {
        match next {
            Next::Send(exchange) => {
                *(if exchange.is_preflight() { &mut preflights } else { &mut requests }) += 1;
                // At most twenty redirects, and one preflight before each request.
                assert!(requests <= 21 && preflights <= 21);
                let origin = exchange.headers().get("origin").unwrap_or_default();
                let scripted = &fetch.responses[(preflights + requests) % fetch.responses.len()];
                let own = scripted.headers.iter();
                let mut response = Response::new(scripted.status).header("x-b", "1");
                if scripted.is_permissive {
                    let requested = |name| exchange.headers().get(name).unwrap_or_default();
                    response = Response::new(if exchange.is_preflight() { 200 } else { scripted.status })
                        .header("x-b", "1")
                        .header("access-control-allow-origin", requested("origin"))
                        .header("access-control-allow-credentials", "true")
                        .header("access-control-allow-methods", requested("access-control-request-method"))
                        .header("access-control-allow-headers", requested("access-control-request-headers"));
                    let own = own.filter(|(name, _)| !name.starts_with(b"access-control-allow"));
                    response = own.fold(response, |response, (name, value)| response.header(name, value));
                } else {
                    response = own.fold(response, |response, (name, value)| response.header(name, value));
                }
                next = exchange.receive(browser, &response, fetch.now);
                last = Some((origin, response));
            }
            Next::Done(Verdict::Allowed(allowed)) => {
                assert!(allowed.readable_headers.iter().all(|(name, _)| !name.starts_with("set-cookie")));
                if allowed.response_type == ResponseType::Cors {
                    let (origin, response) = last.as_ref().expect("another origin responded");
                    let says = |name| response.headers().get(name).unwrap_or_default();
                    let include = fetch.credentials == Credentials::Include;
                    let allowed_origin = says("access-control-allow-origin");
                    assert!(allowed_origin == *origin || !include && allowed_origin == b"*");
                    assert!(!include || says("access-control-allow-credentials") == b"true");
                    let exposes_all = says("access-control-expose-headers") == b"*";
                    assert!(!exposes_all || include != allowed.header("x-b").is_some());
                }
                let withheld = allowed.withheld_headers.len() + allowed.readable_headers.len();
                let names = |response: &Response| {
                    let lines: BTreeMap<_, _> = response.headers().iter().collect();
                    lines.len()
                };
                assert!(
                    last.is_none_or(|(_, response)| names(&response) == withheld),
                    "every header is either readable or withheld"
                );
                break;
            }
            Next::Done(Verdict::Blocked(blocked)) => {
                // There are words for every outcome.
                assert!(!blocked.to_string().is_empty() && !blocked.why().is_empty());
                for engine in Engine::ALL {
                    let _ = blocked.console(engine);
                }
                break;
            }
        }
    }
    preflights + requests
}
