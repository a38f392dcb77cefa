//! One application behind either middleware, what its responses are, and what a browser lets a page's script read of them.

use std::fmt::Write as _;

use actix_web::{body::MessageBody, dev::ServiceResponse, test::TestRequest};
use actix_web_cors::testing::{Credentials, Outcome, Request, get, post, put};

/// The front end in most rows.
pub(crate) const APP: &str = "https://app.example";
/// A site that nobody meant to allow.
pub(crate) const EVIL: &str = "https://evil.example";

/// What a page's script sends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sent {
    Get,
    GetWithCookies,
    /// Without a preflight, as a form does.
    Post,
    /// With a preflight.
    PutJson,
}

impl Sent {
    pub(crate) fn request(self) -> Request {
        match self {
            Self::Get => get("/items"),
            Self::GetWithCookies => get("/items").credentials(Credentials::Include),
            Self::Post => post("/items").text("1"),
            Self::PutJson => put("/items").json(&1),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Get => "`GET`",
            Self::GetWithCookies => "`GET` with cookies",
            Self::Post => "`POST` of text",
            Self::PutJson => "`PUT` of JSON",
        }
    }
}

/// A page, and what its script sends.
pub(crate) type Fetch = (&'static str, Sent);

/// In words.
pub(crate) fn fetch_words((page, sent): Fetch) -> String {
    format!("{} from `{page}`", sent.words())
}

/// What became of a fetch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) is_allowed: bool,
    /// Whether the script could read `x-total`, which is not CORS-safelisted.
    pub(crate) has_total: bool,
    pub(crate) has_run: bool,
}

impl Seen {
    pub(crate) fn new(outcome: &Outcome, has_run: bool) -> Self {
        let has_total = outcome.header("x-total").is_some();
        Self { is_allowed: outcome.is_allowed(), has_total, has_run }
    }

    pub(crate) fn words(&self) -> &'static str {
        match (self.is_allowed, self.has_total, self.has_run) {
            (true, _, false) => "a refusal is read, and the handler has not run",
            (true, true, true) => "read, with every header",
            (true, false, true) => "read",
            (false, _, true) => "blocked, after the handler has run",
            (false, _, false) => "blocked, and the handler has not run",
        }
    }
}

/// An application with this middleware, and the number of times that its handler ran.
macro_rules! served {
    ($cors:expr) => {{
        let runs = std::rc::Rc::new(std::cell::Cell::new(0));
        let count = std::rc::Rc::clone(&runs);
        let handler = actix_web::web::to(move || {
            count.set(count.get() + 1);
            async { actix_web::HttpResponse::Ok().insert_header(("x-total", "3")).finish() }
        });
        let app = actix_web::App::new().wrap($cors).default_service(handler);
        (actix_web::test::init_service(app).await, runs)
    }};
}
pub(crate) use served;

/// What became of each fetch.
macro_rules! seen {
    ($cors:expr, $fetches:expr) => {{
        let (app, runs) = $crate::served::served!($cors);
        let browser = actix_web_cors::testing::Browser::new(app);
        let mut seen = Vec::new();
        for &(page, sent) in $fetches {
            runs.set(0);
            let outcome = browser.page(page).fetch(sent.request()).await;
            seen.push($crate::served::Seen::new(&outcome, runs.get() > 0));
        }
        seen
    }};
}
pub(crate) use seen;

/// A request as it goes over the wire: a method, and header lines.
pub(crate) type Wire = (&'static str, &'static [(&'static str, &'static str)]);

pub(crate) fn wire_request((method, headers): Wire) -> TestRequest {
    let request = TestRequest::with_uri("/items").method(method.parse().expect("a method"));
    headers.iter().fold(request, |request, &header| request.insert_header(header))
}

/// The status and some headers of a response. Lists are sorted: `actix-cors` writes them in an order that differs by process.
pub(crate) fn response_words<B: MessageBody>(response: &ServiceResponse<B>, show: &[&str]) -> String {
    let mut words = format!("{}", response.status().as_u16());
    for &name in show {
        let lines = response.headers().get_all(name).map(|line| line.to_str().expect("ASCII"));
        let mut items: Vec<&str> = lines.flat_map(|line| line.split(',')).map(str::trim).collect();
        items.sort_unstable();
        let _ = match items.as_slice() {
            [] => write!(words, ", no `{name}`"),
            items => write!(words, ", `{name}: {}`", items.join(", ")),
        };
    }
    words
}

/// The response to one request in words.
macro_rules! response {
    ($cors:expr, $wire:expr, $show:expr) => {{
        let (app, _) = $crate::served::served!($cors);
        let request = $crate::served::wire_request($wire).to_request();
        let response = actix_web::test::call_service(&app, request).await;
        $crate::served::response_words(&response, $show)
    }};
}
pub(crate) use response;
