//! A diagnosis of a server that knows what is wrong with it is never certain and wrong, and the truth is among what is named. On
//! any transcript, an examination ends within its budget, and its words are harmless.

#![no_main]

#[path = "../../crates/fetch-cors/tests/diagnosis/property.rs"]
#[allow(dead_code, unused_imports, reason = "a part of it is for the tests alone")]
mod property;
#[path = "../../crates/fetch-cors/tests/diagnosis/world.rs"]
mod world;

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use fetch_cors::{
    browser::{Browser, Credentials, Engine, Mode, PageOrigin, Profile, Redirect, Request, Response},
    diagnosis::{Case, Examination, Exchanged, Failure, Received, diagnose},
};
use fuzz::{config::Config, draw::Draws, world as world_of};
use libfuzzer_sys::fuzz_target;

world_of!(SERVERS: world::Server = world::server());
world_of!(WISHES: world::Wish = world::wish());

#[derive(Arbitrary, Debug)]
struct Input {
    page: u8,
    url: Url,
    method: u8,
    headers: Vec<(u8, Value)>,
    mode: u8,
    redirect: u8,
    engine: u8,
    include: bool,
    policy: Option<Config>,
    /// Leaves in the policy what is not valid.
    is_unchecked: bool,
    is_blocked_in_browser: bool,
    replies: Vec<Reply>,
    /// Leaves out so many of the first exchanges at the end.
    forgets: u8,
}

#[derive(Arbitrary, Debug)]
enum Url {
    Usual(u8),
    Text(String),
}

#[derive(Arbitrary, Debug)]
enum Reply {
    Response { status: u16, headers: Vec<(u8, Value)>, body: Vec<u8> },
    Usual { status: u8, headers: Vec<(u8, Value)> },
    Failed(u8),
    FailedWith(String),
    NotSent,
}

#[derive(Arbitrary, Debug)]
enum Value {
    Usual(u8),
    Raw(Vec<u8>),
}

const PAGES: [&str; 6] = [
    "https://app.example",
    "http://localhost:3000",
    "null",
    "http://app.example",
    "https://api.example",
    "file:///a",
];
const URLS: [&str; 9] = [
    "https://api.example/orders/7",
    "http://api.example/",
    "https://api.example:8443/a?b#c",
    "/a",
    "localhost:1/a",
    "https://",
    "http://localhost:3000/a",
    "https://user:secret@api.example/?token=secret",
    "https://x.ngrok-free.app/",
];
const METHODS: [&str; 8] = ["GET", "POST", "PUT", "patch", "T RACE", "HEAD", "OPTIONS", ""];
const NAMES: [&str; 22] = [
    "access-control-allow-origin",
    "access-control-allow-credentials",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-expose-headers",
    "access-control-max-age",
    "location",
    "vary",
    "age",
    "content-type",
    "cache-control",
    "www-authenticate",
    "authorization",
    "x-a",
    "server",
    "cookie",
    "set-cookie",
    "allow",
    "x-cache",
    "cross-origin-resource-policy",
    "ngrok-error-code",
    "origin",
];
const VALUES: [&str; 24] = [
    "*",
    "https://app.example",
    "https://app.example/",
    "https://app.example, *",
    "http://localhost:3000",
    "null",
    "true",
    "True",
    "PUT",
    "GET, POST, PUT",
    "x-a",
    "content-type, authorization",
    "text/html",
    "application/json",
    "Origin",
    "/login",
    "https://id.example/oauth?next=/",
    "https://api.example/orders/7/",
    "https://",
    "1",
    "http://[",
    "Bearer",
    "nginx",
    "no-store",
];
const STATUSES: [u16; 24] = [
    200, 201, 204, 206, 301, 302, 303, 304, 307, 308, 400, 401, 403, 404, 405, 407, 413, 415, 429, 500, 501,
    502, 503, 521,
];

fn choose<T: Copy>(choices: &[T], choice: u8) -> T {
    choices[usize::from(choice) % choices.len()]
}

impl Value {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Usual(choice) => choose(&VALUES, *choice).as_bytes().to_vec(),
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

impl Reply {
    fn received(&self) -> Received {
        let response = |status, headers: &[(u8, Value)], body: &[u8]| {
            let head = Response::new(status);
            let head = headers
                .iter()
                .fold(head, |head, (name, value)| head.header(choose(&NAMES, *name), value.bytes()));
            Received::Response { head, body: body.to_vec() }
        };
        match self {
            Self::Response { status, headers, body } => response(*status, headers, body),
            Self::Usual { status, headers } => response(choose(&STATUSES, *status), headers, b""),
            Self::Failed(which) => Received::Failed(match which % 6 {
                0 => Failure::NameNotResolved,
                1 => Failure::Refused,
                2 => Failure::Closed,
                3 => Failure::Tls { why: "\u{1b}[31m".to_owned(), wants_client_certificate: *which > 127 },
                4 => Failure::TimedOut,
                _ => Failure::NotHttp,
            }),
            Self::FailedWith(why) => Received::Failed(Failure::Unknown(why.clone())),
            Self::NotSent => Received::NotSent,
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which % 3 {
        0 => {
            let (server, wish) = server_and_wish(data);
            if let Err(error) = property::check(&server, &wish, which & 64 == 0) {
                panic!("{error}\n{server:#?}\n{wish:?}");
            }
        }
        1 => {
            let (server, wish) = server_and_wish(data);
            if let Err(error) = property::check_message(&server, &wish) {
                panic!("{error}\n{server:#?}\n{wish:?}");
            }
        }
        _ => {
            if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
                any_transcript(&input);
            }
        }
    }
});

/// Each layer of the server has a seed of its own.
fn server_and_wish(data: &[u8]) -> (world::Server, world::Wish) {
    let mut draws = Draws::new(data);
    let wish = draws.draw(&WISHES);
    let server = world::Server {
        front: draws.draw(&SERVERS).front,
        writer: draws.draw(&SERVERS).writer,
        cache: draws.draw(&SERVERS).cache,
        cors: draws.draw(&SERVERS).cors,
        router: draws.draw(&SERVERS).router,
        handler: draws.draw(&SERVERS).handler,
    };
    (server, wish)
}

fn any_transcript(input: &Input) {
    let page = PageOrigin::of(choose(&PAGES, input.page)).expect("an origin");
    let url = match &input.url {
        Url::Usual(choice) => choose(&URLS, *choice),
        Url::Text(text) => text,
    };
    let mut request = Request::new(page, choose(&METHODS, input.method), url)
        .mode(choose(&[Mode::Cors, Mode::Cors, Mode::NoCors, Mode::SameOrigin], input.mode))
        .redirect(choose(&[Redirect::Follow, Redirect::Error, Redirect::Manual], input.redirect));
    for (name, value) in input.headers.iter().take(8) {
        request = request.header(choose(&NAMES, *name), value.bytes());
    }
    if input.include {
        request = request.credentials(Credentials::Include);
    }
    let engines: Vec<Profile> = Engine::ALL.into_iter().map(Profile::of).collect();
    let profile = engines.get(usize::from(input.engine % 4)).copied().unwrap_or(Profile::STANDARD);
    let headers = request.headers().count();
    let mut examination = Examination::new(Browser::new(profile), request.clone(), Duration::ZERO);
    let case = examination.case_mut();
    case.policy = input
        .policy
        .as_ref()
        .map(|policy| if input.is_unchecked { policy.written() } else { policy.valid().0 });
    case.hints.is_blocked_in_browser = input.is_blocked_in_browser;
    let mut count = 0;
    while examination.wanted().is_some() {
        count += 1;
        assert!(count <= 21 * 2 + headers + 4 + 8, "{count} requests");
        let _ = words(&examination.diagnosis());
        let reply =
            input.replies.get(count - 1).or(input.replies.last()).map_or(Received::NotSent, Reply::received);
        examination.receive(reply, Duration::ZERO);
    }
    let _ = words(&examination.diagnosis());

    // A transcript with gaps, as a recording has.
    let mut case: Case = examination.case().clone();
    let forgotten = usize::from(input.forgets % 4).min(case.exchanges.len());
    case.exchanges.drain(..forgotten);
    let _ = words(&diagnose(&case));
    case.verdict = None;
    let _ = words(&diagnose(&case));
    case.exchanges.extend(
        case.probes
            .iter()
            .map(|probed| Exchanged { sent: probed.probe.sent.clone(), received: probed.received.clone() }),
    );
    let _ = words(&diagnose(&case));
    let mut more = Examination::of(case);
    while more.wanted().is_some() {
        count += 1;
        assert!(count <= 2 * (21 * 2 + headers + 4 + 8), "{count} requests");
        more.receive(input.replies.first().map_or(Received::NotSent, Reply::received), Duration::ZERO);
    }
    let _ = words(&more.diagnosis());
}

/// Words without control characters, on as many lines as they should have.
fn words(diagnosis: &fetch_cors::diagnosis::Diagnosis) -> usize {
    let said = diagnosis.to_string();
    // The problems of a policy that is not valid stand on lines of their own.
    assert!(said.lines().count() <= 2 || said.contains("correct the policy first"), "{said}");
    let mut all = said;
    for line in &diagnosis.evidence {
        all += &line.to_string();
    }
    for note in &diagnosis.notes {
        all += &note.to_string();
    }
    all += &diagnosis.remedy.to_string();
    assert!(!all.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{all:?}");
    all.len()
}
