//! The middleware in an application in memory, for any request head as it comes over the wire: the response has exactly the
//! lines that the naive definition says, each once; the handler runs when it should; a browser makes of it what the policy means.

#![no_main]

#[path = "../../crates/actix-web-cors/tests/site/mod.rs"]
mod site;

use std::{collections::BTreeSet, time::Duration};

use actix_http::h1::{Codec, Message};
use actix_web::rt::Runtime;
use arbitrary::{Arbitrary, Unstructured};
use bytes::BytesMut;
use cors_vectors::theorem::network::Incoming;
use fetch_cors::{
    Origin, Policy, PolicyConfig,
    browser::{Browser, Credentials, Next, PageOrigin, Profile, Request, Response},
    server::exposed_names,
};
use fuzz::{
    config::{Config, Name, valid},
    naive::{self, Kind},
    origins::Instance,
    vector::{self, vector},
};
use libfuzzer_sys::fuzz_target;
use site::{Behaviour, Ends, Received, Site, SourceKind};
use tokio_util::codec::Decoder as _;

#[derive(Arbitrary, Debug)]
struct Input {
    config: Config,
    status: u8,
    headers: Vec<u8>,
    ends: u8,
    forwards: bool,
    source: u8,
    heads: Vec<Head>,
}

#[derive(Arbitrary, Debug)]
enum Head {
    Raw(Vec<u8>),
    Lines { method: u8, lines: Vec<Line> },
}

#[derive(Arbitrary, Debug)]
enum Line {
    Origin(Instance),
    Method(Name),
    Headers(Vec<Name>),
    Site(u8),
    Raw(Vec<u8>),
}

/// What a handler writes.
const LINES: [(&str, &str); 18] = [
    ("content-type", "application/json"),
    ("etag", "\"v1\""),
    ("x-a", "1"),
    ("X-A", "2"),
    ("x-b", "3"),
    ("location", "/items/1"),
    ("set-cookie", "a=b"),
    ("connection", "close"),
    ("access-control-allow-origin", "*"),
    ("Access-Control-Allow-Origin", "https://a.example"),
    ("access-control-allow-credentials", "true"),
    ("access-control-allow-methods", "*"),
    ("access-control-expose-headers", "*"),
    ("access-control-max-age", "86400"),
    ("vary", "accept-encoding"),
    ("Vary", "Origin, cookie"),
    ("vary", ""),
    ("vary", "access-control-request-method,ORIGIN"),
];

std::thread_local! {
    static RUNTIME: Runtime = Runtime::new().expect("a runtime starts");
}

fuzz_target!(|data: &[u8]| {
    if let Some(vector) = vector(data) {
        let (_, policy) = valid(vector::policy(&vector));
        let request = vector::incoming(&vector);
        let mut head = format!("{} / HTTP/1.1\r\n", request.method).into_bytes();
        for (name, value) in &request.headers {
            head.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        }
        // Without it, Actix refuses the request before any middleware sees it.
        if request.headers.iter().all(|(name, _)| name != "host") {
            head.extend(b"host: api.example\r\n");
        }
        head.extend(b"\r\n");
        serve(&policy, Behaviour { status: 200, ..Behaviour::default() }, &[head]);
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        any_head(&input);
    }
});

fn any_head(input: &Input) {
    let (_, policy) = input.config.valid();
    let config = policy.to_config();
    let entries = [config.allow_origins.as_slice(), &config.danger_allow_origins].concat();
    let headers: Vec<(&str, &str)> =
        input.headers.iter().take(8).map(|line| LINES[usize::from(*line) % LINES.len()]).collect();
    let status = [200, 201, 204, 304, 404, 500][usize::from(input.status % 6)];
    let behaviour = Behaviour {
        status,
        headers,
        ends: [Ends::Response, Ends::HandlersError, Ends::InnerError][usize::from(input.ends % 3)],
        forward_preflights: input.forwards,
        source: [
            SourceKind::Always,
            SourceKind::Live,
            SourceKind::PerRequest,
            SourceKind::Later,
            SourceKind::Fails,
        ][usize::from(input.source % 5)],
    };
    let heads: Vec<Vec<u8>> = input.heads.iter().take(4).map(|head| wire(head, &entries)).collect();
    serve(&policy, behaviour, &heads);
}

fn serve(policy: &Policy, behaviour: Behaviour, heads: &[Vec<u8>]) {
    let config = policy.to_config();
    RUNTIME.with(|runtime| {
        let site = runtime.block_on(Site::new(policy, behaviour.clone()));
        for head in heads {
            let mut bytes = BytesMut::from(&head[..]);
            // The codec starts a clock, which needs the runtime.
            let decoded = runtime.block_on(async { Codec::default().decode(&mut bytes) });
            let Ok(Some(Message::Item(request))) = decoded else { continue };
            let received_head = Incoming {
                method: request.method().to_string(),
                headers: request
                    .head()
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
                    .collect(),
            };
            let received = runtime.block_on(site.send(request));
            check(&config, &behaviour, &received_head, &received);
        }
    });
}

/// The bytes of a request.
fn wire(head: &Head, entries: &[String]) -> Vec<u8> {
    let (method, lines) = match head {
        Head::Raw(raw) => return raw.clone(),
        Head::Lines { method, lines } => (method, lines),
    };
    let method = ["GET", "OPTIONS", "POST", "OPTIONS"][usize::from(method % 4)];
    let mut bytes = format!("{method} /a?b HTTP/1.1\r\nhost: api.example\r\n").into_bytes();
    for line in lines.iter().take(8) {
        let (name, value) = match line {
            Line::Origin(instance) => ("Origin: ", instance.of(entries)),
            Line::Method(name) => ("Access-Control-Request-Method: ", name.method().into_bytes()),
            Line::Headers(names) => {
                let names: Vec<String> = names.iter().map(Name::header).collect();
                ("access-control-request-headers: ", names.join(",").into_bytes())
            }
            Line::Site(site) => (
                "sec-fetch-site: ",
                ["same-origin", "cross-site", "none", ""][usize::from(site % 4)].as_bytes().to_vec(),
            ),
            Line::Raw(raw) => ("", raw.clone()),
        };
        bytes.extend([name.as_bytes(), &value, b"\r\n"].concat());
    }
    bytes.extend(b"\r\n");
    bytes
}

fn check(config: &PolicyConfig, behaviour: &Behaviour, request: &Incoming, received: &Received) {
    let shown = || format!("{config:?}\n{behaviour:?}\n{:?}\n{received:?}", request.headers);
    for (name, value) in &received.headers {
        assert!(!value.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{}", shown());
        let times = received.headers.iter().filter(|(other, _)| other == name).count();
        assert!(!name.starts_with("access-control-") || times == 1, "{name} {times} times: {}", shown());
    }
    let written: Vec<(&str, &[u8])> = received
        .headers
        .iter()
        .filter(|(name, _)| name.starts_with("access-control-"))
        .map(|(name, value)| (name.as_str(), value.as_slice()))
        .collect();
    let own: Vec<&str> = behaviour.headers.iter().map(|(name, _)| *name).collect();
    let own = (behaviour.status != 304).then(|| exposed_names(own));
    let (kind, expected) = naive::response(config, request, own.as_deref());
    if behaviour.source == SourceKind::Fails {
        let is_preflight = matches!(kind, Kind::Granted | Kind::Refused);
        assert!(written.is_empty(), "{}", shown());
        assert_eq!(received.handler, !is_preflight, "{}", shown());
        assert!(!is_preflight || received.status == 503, "{}", shown());
        return;
    }
    let is_forwarded = kind == Kind::Granted && behaviour.forward_preflights;
    let (status, runs) = match kind {
        Kind::Granted if !is_forwarded => (204, false),
        Kind::Refused => (403, false),
        _ => (behaviour.status, true),
    };
    assert_eq!((received.status, received.handler), (status, runs), "{}", shown());
    let mut written = written;
    written.sort_unstable();
    let lines: Vec<(&str, &[u8])> = expected
        .iter()
        .filter(|(name, _)| *name != "vary")
        .map(|(name, value)| (*name, value.as_slice()))
        .collect();
    assert_eq!(written, lines, "{}", shown());

    // `Vary` has what the policy read and what the handler wrote, each once.
    let names = |value: &str| -> Vec<String> {
        let names = value.split(',').map(|name| name.trim().to_ascii_lowercase());
        names.filter(|name| !name.is_empty()).collect()
    };
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    let listed: Vec<String> = received
        .headers
        .iter()
        .filter(|(name, _)| name == "vary")
        .flat_map(|(_, value)| names(&text(value)))
        .collect();
    let needed =
        expected.iter().filter(|(name, _)| *name == "vary").flat_map(|(_, value)| names(&text(value)));
    let mut needed: BTreeSet<String> = needed.collect();
    if behaviour.source == SourceKind::PerRequest {
        // What a closure reads is not known (`Cors::ignores_origin`).
        needed.insert("origin".to_owned());
    }
    let of_handler: Vec<String> = if runs {
        let lines = behaviour.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("vary"));
        lines.flat_map(|(_, value)| names(value)).collect()
    } else {
        Vec::new()
    };
    for name in needed.iter().chain(&of_handler) {
        assert!(listed.contains(name), "Vary lacks {name}: {}", shown());
    }
    for name in &listed {
        assert!(needed.contains(name) || of_handler.contains(name), "Vary has {name}: {}", shown());
        let times = listed.iter().filter(|other| *other == name).count();
        let by_handler = of_handler.iter().filter(|other| *other == name).count();
        assert!(times <= by_handler.max(1), "Vary repeats {name}: {}", shown());
    }
    if request.method == "GET" {
        browser_agrees(config, request, received, kind == Kind::Allowed);
    }
}

/// A page of this origin that requests it reads it if the policy allows that.
fn browser_agrees(config: &PolicyConfig, request: &Incoming, received: &Received, is_allowed: bool) {
    let mut origins = request.headers.iter().filter(|(name, _)| name == "origin");
    let (Some((_, origin)), None) = (origins.next(), origins.next()) else { return };
    let Some(origin) = str::from_utf8(origin).ok().and_then(|text| text.parse::<Origin>().ok()) else {
        return;
    };
    let Some(page) = PageOrigin::of(origin.as_str()).filter(|page| page.to_string() == origin.as_str())
    else {
        return;
    };
    let response = received
        .headers
        .iter()
        .fold(Response::new(received.status), |response, (name, value)| response.header(name, value));
    for credentials in [Credentials::Omit, Credentials::Include] {
        let mut browser = Browser::new(Profile::STANDARD);
        let fetch = Request::new(page.clone(), "GET", "https://api.example/a?b").credentials(credentials);
        let Next::Send(exchange) = browser.fetch(fetch, Duration::ZERO) else { return };
        let Next::Done(verdict) = exchange.receive(&mut browser, &response, Duration::ZERO) else { return };
        let may_read = is_allowed && (credentials == Credentials::Omit || config.allow_credentials)
            || origin.as_str() == "https://api.example";
        assert_eq!(verdict.is_allowed(), may_read, "{config:?} {origin} {credentials:?} {received:?}");
    }
}
