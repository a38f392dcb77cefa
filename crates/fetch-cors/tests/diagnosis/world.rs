//! Servers in memory that know what is wrong with them: layers, each of which may respond before the next is reached.

use fetch_cors::{
    browser::{Credentials, PageOrigin, Request, Response},
    diagnosis::{Failure, Received, Sent},
};
use proptest::prelude::*;

pub(crate) const PAGE: &str = "https://app.example";
pub(crate) const OTHER: &str = "https://other.example";
pub(crate) const SESSION: &str = "Bearer 7";

/// A server, from its outermost layer to its innermost.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) front: Front,
    pub(crate) writer: Writer,
    pub(crate) cache: Cache,
    pub(crate) cors: Cors,
    /// What the router responds with to `OPTIONS` that CORS left to it.
    pub(crate) router: u16,
    pub(crate) handler: Handler,
}

/// What stands in front of CORS.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Front {
    Nothing,
    Authentication { status: u16, passes_options: bool, names_scheme: bool },
    RateLimit,
    Firewall,
    Gateway(u16),
    SlashRedirect,
    LoginRedirect { says_back: bool },
    Tunnel,
    Down,
    Closed,
    ClosesOptions,
    TimesOut,
}

/// A second layer that adds `Access-Control-Allow-Origin`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Writer {
    Nothing,
    Adds(&'static str),
    Overrides(&'static str),
}

/// What a cache returns for URLs that it knows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cache {
    Nothing,
    ForNone { says_so: bool },
    ForOther { says_so: bool },
}

#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each has a name of its own")]
pub(crate) struct Cors {
    pub(crate) style: Style,
    pub(crate) origins: Vec<&'static str>,
    pub(crate) covers_preflights: bool,
    pub(crate) covers_responses: bool,
    pub(crate) methods: Vec<&'static str>,
    pub(crate) headers: Vec<&'static str>,
    pub(crate) credentials: bool,
    pub(crate) varies: bool,
}

/// What a CORS library does with strangers, and with a method or headers that it does not allow.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Style {
    /// There is none.
    Absent,
    /// Strangers get a response without headers; the lists are sent to all others.
    Silent,
    /// The same, and a stranger's preflight goes on to the router.
    PassesOn,
    /// Responds to a preflight that it doesn't allow, for whatever reason, with 204 and no headers, as rs/cors does.
    Aborts,
    /// Always says the first origin.
    Fixed,
    /// Always says `*`.
    Star,
    /// Says whatever it was asked for.
    Reflects,
    /// Refuses with this status, whatever is not allowed, and lets requests without `Origin` pass.
    Refuses(u16),
    /// Refuses requests without `Origin`, too.
    RefusesAll(u16),
    /// Always says the whole list.
    List,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Handler {
    pub(crate) status: u16,
    /// Whether its errors are made outside of CORS.
    pub(crate) errs_outside: bool,
}

/// Who made a response.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Made {
    Front,
    Cache,
    CorsRefusal,
    Cors,
    Router,
    Handler,
}

impl Server {
    pub(crate) fn respond(&self, sent: &Sent) -> (Received, Made) {
        let (head, made) = match self.front(sent) {
            Some(Received::Response { head, body }) => (Ok((head, body)), Made::Front),
            Some(failed) => return (failed, Made::Front),
            None => {
                let (head, made) = self.behind(sent);
                (Ok((head, Vec::new())), made)
            }
        };
        let (head, body) = head.unwrap_or_else(|received: Received| unreachable!("{received:?}"));
        (Received::Response { head, body }, made)
    }

    fn front(&self, sent: &Sent) -> Option<Received> {
        let is_options = sent.method == "OPTIONS";
        let with =
            |head: Response, body: &str| Some(Received::Response { head, body: body.as_bytes().to_vec() });
        let path = sent.url.path();
        match &self.front {
            Front::Authentication { status, passes_options, names_scheme } => {
                let has_session =
                    sent.header("authorization").is_some_and(|value| value == SESSION.as_bytes());
                if has_session || is_options && *passes_options {
                    return None;
                }
                let head = Response::new(*status);
                with(if *names_scheme { head.header("www-authenticate", "Bearer") } else { head }, "")
            }
            Front::RateLimit => with(Response::new(429), ""),
            Front::Firewall => with(Response::new(403), "Forbidden"),
            Front::Gateway(status) => with(Response::new(*status), "<h1>nginx</h1>"),
            Front::SlashRedirect => with(Response::new(308).header("location", format!("{path}/")), ""),
            Front::LoginRedirect { says_back } => {
                let query = if *says_back { "?next=%2Forders" } else { "" };
                with(Response::new(302).header("location", format!("https://id.example/login{query}")), "")
            }
            Front::Tunnel if is_options => None,
            Front::Tunnel => with(
                Response::new(200)
                    .header("content-type", "text/html")
                    .header("ngrok-error-code", "ERR_NGROK_6024"),
                "<!doctype html>",
            ),
            Front::Down => Some(Received::Failed(Failure::Refused)),
            Front::Closed => Some(Received::Failed(Failure::Closed)),
            Front::ClosesOptions if is_options => Some(Received::Failed(Failure::Closed)),
            Front::ClosesOptions | Front::Nothing => None,
            Front::TimesOut => Some(Received::Failed(Failure::TimedOut)),
        }
    }

    fn behind(&self, sent: &Sent) -> (Response, Made) {
        let is_known = sent.url.query().is_none();
        if is_known && matches!(sent.method.as_str(), "GET" | "HEAD") && self.cache != Cache::Nothing {
            let (origin, says_so) = match self.cache {
                Cache::ForOther { says_so } => (Some(OTHER), says_so),
                Cache::ForNone { says_so } => (None, says_so),
                Cache::Nothing => unreachable!(),
            };
            let (head, _) = self.fresh(sent, origin);
            if head.status() == 200 {
                return (if says_so { head.header("age", "20") } else { head }, Made::Cache);
            }
        }
        let origin = sent.header("origin").map(|value| String::from_utf8_lossy(value).into_owned());
        self.fresh(sent, origin.as_deref())
    }

    /// What the application responds with, and what the second writer adds to it.
    fn fresh(&self, sent: &Sent, origin: Option<&str>) -> (Response, Made) {
        let (head, made) = self.application(sent, origin);
        let head = match self.writer {
            Writer::Nothing => head,
            Writer::Adds(value) => head.header("Access-Control-Allow-Origin", value),
            Writer::Overrides(value) => {
                let others = head.headers().iter().filter(|(name, _)| *name != "access-control-allow-origin");
                others
                    .fold(Response::new(head.status()), |new, (name, value)| new.header(name, value))
                    .header("Access-Control-Allow-Origin", value)
            }
        };
        (head, made)
    }

    fn application(&self, sent: &Sent, origin: Option<&str>) -> (Response, Made) {
        let is_options = sent.method == "OPTIONS";
        let text = |name| sent.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
        let method = text("access-control-request-method");
        let Cors { style, covers_preflights, covers_responses, .. } = &self.cors;
        let refusal = match style {
            Style::Refuses(status) | Style::RefusesAll(status) => Some(*status),
            _ => None,
        };
        if is_options && *style != Style::Absent && *covers_preflights {
            if matches!(style, Style::RefusesAll(_)) && origin.is_none() {
                return (Response::new(refusal.unwrap_or(403)), Made::CorsRefusal);
            }
            if let (Some(origin), Some(method)) = (origin, method) {
                let headers = text("access-control-request-headers").unwrap_or_default();
                let is_listed = self.cors.lists(origin);
                let mut names = headers.split(',').filter(|name| !name.is_empty());
                let is_all =
                    self.cors.has_method(&method) && names.all(|name| self.cors.headers.contains(&name));
                return match refusal {
                    Some(status) if !is_listed || !is_all => (Response::new(status), Made::CorsRefusal),
                    _ if *style == Style::Aborts && (!is_listed || !is_all) => {
                        (Response::new(204).header("vary", "Origin"), Made::CorsRefusal)
                    }
                    _ if *style == Style::PassesOn && !is_listed => {
                        (Response::new(self.router), Made::Router)
                    }
                    _ => (self.cors.preflight(origin), Made::Cors),
                };
            }
        }
        if is_options {
            return (Response::new(self.router), Made::Router);
        }
        let status = self.handler.status;
        let head = Response::new(status);
        let is_outside = status >= 400 && self.handler.errs_outside;
        if *style == Style::Absent || !covers_responses || is_outside {
            return (head, Made::Handler);
        }
        match (origin, refusal) {
            (Some(origin), Some(status)) if !self.cors.lists(origin) => {
                (Response::new(status), Made::CorsRefusal)
            }
            (None, Some(status)) if matches!(style, Style::RefusesAll(_)) => {
                (Response::new(status), Made::CorsRefusal)
            }
            _ => (self.cors.write(head, origin), Made::Handler),
        }
    }
}

impl Cors {
    pub(crate) fn lists(&self, origin: &str) -> bool {
        matches!(self.style, Style::Star | Style::Reflects) || self.origins.contains(&origin)
    }

    fn has_method(&self, method: &str) -> bool {
        method == "GET" || self.methods.contains(&method)
    }

    fn preflight(&self, origin: &str) -> Response {
        let head = self.write(Response::new(204), Some(origin));
        if !self.lists(origin) && self.style == Style::Silent {
            return head;
        }
        head.header("access-control-allow-methods", self.methods.join(", "))
            .header("access-control-allow-headers", self.headers.join(", "))
    }

    fn write(&self, head: Response, origin: Option<&str>) -> Response {
        let head = if self.varies { head.header("vary", "Origin") } else { head };
        let value = match self.style {
            Style::Fixed => self.origins.first().map(|first| (*first).to_owned()),
            Style::Star => Some("*".to_owned()),
            Style::List => Some(self.origins.join(", ")),
            _ => origin.filter(|origin| self.lists(origin)).map(ToOwned::to_owned),
        };
        let Some(value) = value else { return head };
        let head = head.header("Access-Control-Allow-Origin", value);
        if self.credentials { head.header("access-control-allow-credentials", "true") } else { head }
    }
}

/// What a page's script requests.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) method: &'static str,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) includes_credentials: bool,
}

impl Wish {
    pub(crate) fn request(&self) -> Request {
        let page = PageOrigin::of(PAGE).expect("an origin");
        let mut request = Request::new(page, self.method, "https://api.example/orders/7");
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        if self.method != "GET" && self.method != "HEAD" {
            request = request.body(None);
        }
        if self.includes_credentials { request.credentials(Credentials::Include) } else { request }
    }
}

pub(crate) fn wish() -> impl Strategy<Value = Wish> {
    let method = prop::sample::select(vec!["GET", "GET", "GET", "HEAD", "POST", "PUT", "DELETE"]);
    let headers = prop::sample::subsequence(
        vec![("content-type", "application/json"), ("authorization", SESSION), ("x-request-id", "7")],
        0..=3,
    );
    (method, headers, prop::bool::weighted(0.3)).prop_map(|(method, headers, includes_credentials)| Wish {
        method,
        headers,
        includes_credentials,
    })
}

pub(crate) fn server() -> impl Strategy<Value = Server> {
    let front = prop_oneof![
        10 => Just(Front::Nothing),
        4 => (prop::sample::select(vec![401, 403, 407]), any::<bool>(), any::<bool>()).prop_map(
            |(status, passes_options, names_scheme)| Front::Authentication { status, passes_options, names_scheme }
        ),
        1 => Just(Front::RateLimit),
        1 => Just(Front::Firewall),
        1 => prop::sample::select(vec![413, 502, 503, 504, 521]).prop_map(Front::Gateway),
        1 => Just(Front::SlashRedirect),
        1 => any::<bool>().prop_map(|says_back| Front::LoginRedirect { says_back }),
        1 => Just(Front::Tunnel),
        1 => prop::sample::select(vec![Front::Down, Front::Closed, Front::ClosesOptions, Front::TimesOut]),
    ];
    let writer = prop_oneof![
        8 => Just(Writer::Nothing),
        1 => prop::sample::select(vec!["*", PAGE, OTHER]).prop_map(Writer::Adds),
        1 => prop::sample::select(vec!["*", OTHER]).prop_map(Writer::Overrides),
    ];
    let cache = prop_oneof![
        8 => Just(Cache::Nothing),
        1 => any::<bool>().prop_map(|says_so| Cache::ForNone { says_so }),
        1 => any::<bool>().prop_map(|says_so| Cache::ForOther { says_so }),
    ];
    let router = prop::sample::select(vec![200, 204, 404, 405, 501, 400]);
    let handler = (prop::sample::select(vec![200, 200, 200, 204, 400, 404, 500]), any::<bool>())
        .prop_map(|(status, errs_outside)| Handler { status, errs_outside });
    (front, writer, cache, cors(), router, handler).prop_map(
        |(front, writer, cache, cors, router, handler)| Server {
            front,
            writer,
            cache,
            cors,
            router,
            handler,
        },
    )
}

fn cors() -> impl Strategy<Value = Cors> {
    let style = prop_oneof![
        2 => Just(Style::Absent),
        3 => Just(Style::Silent),
        2 => Just(Style::PassesOn),
        2 => Just(Style::Aborts),
        1 => Just(Style::Fixed),
        1 => Just(Style::Star),
        1 => Just(Style::Reflects),
        2 => prop::sample::select(vec![400, 403, 500]).prop_map(Style::Refuses),
        1 => prop::sample::select(vec![400, 403, 500]).prop_map(Style::RefusesAll),
        1 => Just(Style::List),
    ];
    let origins = prop::sample::select(vec![
        vec![PAGE, OTHER],
        vec![PAGE, OTHER],
        vec![OTHER],
        vec!["http://app.example"],
        vec!["https://www.app.example", OTHER],
    ]);
    let methods =
        prop::sample::select(vec![vec!["POST", "HEAD", "PUT", "DELETE"], vec!["POST", "HEAD"], vec!["POST"]]);
    let headers = prop::sample::select(vec![
        vec!["content-type", "authorization", "x-request-id"],
        vec!["content-type", "authorization"],
        vec!["content-type"],
    ]);
    let covers = prop_oneof![4 => Just((true, true)), 1 => Just((true, false)), 1 => Just((false, true))];
    (style, origins, methods, headers, covers, prop::bool::weighted(0.7), any::<bool>()).prop_map(
        |(style, origins, methods, headers, (covers_preflights, covers_responses), credentials, varies)| {
            Cors {
                style,
                origins,
                covers_preflights,
                covers_responses,
                methods,
                headers,
                credentials,
                varies,
            }
        },
    )
}
