//! One application behind either middleware, what its responses are, and what a browser lets a page's script read of them.

use std::fmt::Write as _;

use actix_web::{HttpResponse, body::MessageBody, dev::ServiceResponse, test::TestRequest};
use actix_web_cors::testing::{Browser, Credentials, Request, get, post, put};

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
    /// With a preflight, because of its `Content-Type`.
    PostJson,
    /// With a preflight.
    PutJson,
}

impl Sent {
    fn request(self, path: &str) -> Request {
        match self {
            Self::Get => get(path),
            Self::GetWithCookies => get(path).credentials(Credentials::Include),
            Self::Post => post(path).text("1"),
            Self::PostJson => post(path).json(&1),
            Self::PutJson => put(path).json(&1),
        }
    }

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Get => "`GET`",
            Self::GetWithCookies => "`GET` with cookies",
            Self::Post => "`POST` of text",
            Self::PostJson => "`POST` of JSON",
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
    /// Only the handler writes `x-total`.
    pub(crate) has_run: bool,
}

impl Seen {
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

/// What became of each fetch.
pub(crate) async fn seen(browser: Browser, fetches: &[Fetch]) -> Vec<Seen> {
    let mut seen = Vec::new();
    for &(page, sent) in fetches {
        seen.push(seen_at(&browser, page, sent, "/items").await);
    }
    seen
}

/// What became of one fetch of a path.
pub(crate) async fn seen_at(browser: &Browser, page: &str, sent: Sent, path: &str) -> Seen {
    // A preflight that another row's fetch has paid for would hide what this one's gets.
    browser.forget_preflights();
    let outcome = browser.page(page).fetch(sent.request(path)).await;
    let responses = outcome.exchanges().iter().filter(|exchange| !exchange.is_preflight);
    let mut responses = responses.filter_map(|exchange| exchange.response.as_ref());
    Seen {
        is_allowed: outcome.is_allowed(),
        has_total: outcome.header("x-total").is_some(),
        has_run: responses.any(|response| response.header("x-total").is_some()),
    }
}

/// The handler of every application.
pub(crate) async fn handler() -> HttpResponse {
    HttpResponse::Ok().insert_header(("x-total", "3")).finish()
}

/// An application with this middleware.
macro_rules! served {
    ($cors:expr) => {{
        let handler = actix_web::web::to($crate::served::handler);
        let app = actix_web::App::new().wrap($cors).default_service(handler);
        actix_web::test::init_service(app).await
    }};
}
pub(crate) use served;

/// A whole application.
macro_rules! app_served {
    ($app:expr) => {
        actix_web::test::init_service($app).await
    };
}
pub(crate) use app_served;

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

/// The response of an application to one request, in words.
macro_rules! response {
    ($app:expr, $wire:expr, $show:expr) => {{
        let request = $crate::served::wire_request($wire).to_request();
        let response = actix_web::test::call_service(&$app, request).await;
        $crate::served::response_words(&response, $show)
    }};
}
pub(crate) use response;
