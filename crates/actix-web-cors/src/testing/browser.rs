//! The browser in front of applications in memory: it does the sending that the model in `fetch-cors` leaves to others, and
//! adds what that doesn't know, cookies and a clock. Whether script is given an answer is decided there alone.

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    time::Duration,
};

use actix_web::{
    Error,
    body::{BodySize, MessageBody},
    dev::{Service, ServiceResponse},
    http::{
        Method, StatusCode, Uri,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    test::TestRequest,
    web::{Bytes, BytesMut},
};
use fetch_cors::browser::{self, Credentials, Next, PageOrigin, Profile, Url};

use super::{
    cookies::{Clock, Jar, Place, Selection, StoredCookie},
    outcome::{Answer, Exchange, Outcome},
    request::Request,
};

/// A browser whose network is an application in memory, made by [`init_service`](actix_web::test::init_service).
///
/// It stands for the tabs of one user: all its [`page`](Self::page)s share the preflights that it remembers, and the
/// cookies. A test that must not see another's makes a browser of its own.
///
/// ```
/// use actix_web::{App, test, web};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, assert_allowed, get},
/// };
///
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = Policy::allow_origin("https://app.example")?;
/// let app = App::new().wrap(Cors::new(policy)).route("/items", web::get().to(|| async { "[]" }));
/// let browser = Browser::new(test::init_service(app).await);
///
/// let outcome = browser.page("https://app.example").fetch(get("/items")).await;
/// assert_allowed!(outcome);
/// assert_eq!(outcome.text()?, "[]");
/// # Ok(())
/// # }
/// ```
#[must_use = "a browser does nothing until one of its pages fetches something"]
pub struct Browser {
    /// The server that URLs without a host are of comes first.
    servers: Vec<Server>,
    model: RefCell<browser::Browser>,
    jar: RefCell<Jar>,
    clock: Cell<Clock>,
}

struct Server {
    /// Its origin, as a URL.
    url: Url,
    app: App,
}

/// An application, whatever its type.
type App = Box<dyn Fn(actix_http::Request) -> Pin<Box<dyn Future<Output = Answer>>>>;

/// The address that requests seem to come from: applications may want one, to limit rates by for instance.
const PEER: ([u8; 4], u16) = ([127, 0, 0, 1], 50_000);

impl Browser {
    /// Puts the application at `https://api.example`.
    pub fn new<S, B, E>(app: S) -> Self
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        Self::at("https://api.example", app)
    }

    /// Puts the application at an origin of your choice: `http://localhost:8080`, or one on the page's site, which is what
    /// makes `SameSite` cookies go along.
    ///
    /// # Panics
    ///
    /// If it is no origin of `http` or `https`, such as `https://api.example.com`, without a path.
    #[track_caller]
    pub fn at<S, B, E>(origin: &str, app: S) -> Self
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        Self {
            servers: vec![Server { url: server_url(origin), app: boxed(app) }],
            model: RefCell::default(),
            jar: RefCell::default(),
            clock: Cell::new(Clock::start()),
        }
    }

    /// Puts another application at another origin: the page's own, or where a redirect leads. Where no application is, a
    /// request gets no answer, and the [`Outcome`] says so.
    ///
    /// # Panics
    ///
    /// As with [`at`](Self::at), and if there is one at this origin already.
    #[track_caller]
    pub fn also_at<S, B, E>(mut self, origin: &str, app: S) -> Self
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        let url = server_url(origin);
        assert!(self.server(&url).is_none(), "there is an application at {origin} already");
        self.servers.push(Server { url, app: boxed(app) });
        self
    }

    /// Follows an engine's rules instead of the standard's, where they part: how long a preflight is remembered at most,
    /// for instance. [`Profile::STANDARD`] unless it is set.
    pub fn profile(self, profile: Profile) -> Self {
        Self { model: RefCell::new(browser::Browser::new(profile)), ..self }
    }

    /// A page whose script fetches. Takes its origin, or its whole URL; `null` is the origin of a sandboxed frame or a
    /// local file.
    ///
    /// # Panics
    ///
    /// If it is no URL.
    #[track_caller]
    pub fn page(&self, origin: &str) -> Page<'_> {
        let Some(origin) = PageOrigin::of(origin) else {
            panic!("\"{origin}\" is no page's URL: write one such as \"https://app.example\"");
        };
        Page { browser: self, origin }
    }

    /// Lets time pass, for the preflights and cookies that the browser keeps. No other clock is read: without this, nothing
    /// ever expires.
    pub fn advance(&self, by: Duration) {
        let mut clock = self.clock.get();
        clock.advance(by);
        self.clock.set(clock);
    }

    /// How much time was let pass.
    pub fn now(&self) -> Duration {
        self.clock.get().now()
    }

    /// Forgets all preflights, as a private window would.
    pub fn forget_preflights(&self) {
        self.model.borrow_mut().forget_preflights();
    }

    /// The cookies that the browser keeps, in the order in which they were first set. Those that expired are not among
    /// them.
    pub fn cookies(&self) -> Vec<StoredCookie> {
        self.jar.borrow().cookies(self.now()).cloned().collect()
    }

    /// Has the browser keep a cookie, as if the user had visited the server and it had answered with this `Set-Cookie`.
    /// Takes its value, as text or as a [`Cookie`](actix_web::cookie::Cookie).
    ///
    /// # Panics
    ///
    /// If browsers refuse it; the text says why.
    #[track_caller]
    pub fn set_cookie(&self, cookie: impl fmt::Display) {
        self.set_cookie_by(&self.servers[0].url, &cookie.to_string());
    }

    /// The same, by a URL of your choice.
    ///
    /// # Panics
    ///
    /// If it is no URL, or browsers refuse the cookie; the text says why.
    #[track_caller]
    pub fn set_cookie_at(&self, url: &str, cookie: impl fmt::Display) {
        match Url::parse(url) {
            Ok(url) => self.set_cookie_by(&url, &cookie.to_string()),
            Err(error) => panic!("\"{url}\" is no URL: {error}"),
        }
    }

    #[track_caller]
    fn set_cookie_by(&self, url: &Url, cookie: &str) {
        let place = Place { url, is_same_site: true, clock: self.clock.get() };
        if let Err(why) = self.jar.borrow_mut().store(cookie.as_bytes(), place) {
            panic!("{why}");
        }
    }

    fn server(&self, url: &Url) -> Option<&Server> {
        self.servers.iter().find(|server| server.url.origin() == url.origin())
    }

    async fn fetch(&self, page: PageOrigin, request: Request) -> Outcome {
        // What can't be resolved is left as it is, for the model to say what is wrong.
        let url = self.servers[0].url.join(&request.url).map_or_else(|_| request.url.clone(), String::from);
        let asked = request.of_page(page.clone(), url);
        let mut exchanges = Vec::new();
        let mut next = self.model.borrow_mut().fetch(asked, self.now());
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let sent = self.send(&exchange, &request).await;
                    let mut model = self.model.borrow_mut();
                    next = match &sent.answer {
                        Some(answer) => exchange.receive(&mut model, &head_of(answer), self.now()),
                        None => exchange.fail(&mut model),
                    };
                    exchanges.push(sent);
                }
            }
        };
        Outcome { asked: request.to_string(), page, verdict, exchanges }
    }

    /// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>: what a browser adds to the request, and what it
    /// keeps of the answer.
    async fn send(&self, exchange: &browser::Exchange, request: &Request) -> Exchange {
        let url = exchange.url();
        let is_same_site = exchange.page().is_same_site(url);
        let place = || Place { url, is_same_site, clock: self.clock.get() };
        let mut sent = Exchange {
            is_preflight: exchange.is_preflight(),
            method: exchange.method().to_owned(),
            url: url.clone(),
            headers: vec![("host".to_owned(), host(url).into_bytes())],
            body: if exchange.has_body() { request.body() } else { Bytes::new() },
            answer: None,
            notes: Vec::new(),
        };
        sent.headers.extend(exchange.headers().iter().map(|(name, value)| (name.to_owned(), value.to_vec())));
        if exchange.has_body() || matches!(exchange.method(), "POST" | "PUT") {
            sent.headers.push(("content-length".to_owned(), sent.body.len().to_string().into_bytes()));
        }
        if !exchange.is_preflight() {
            let Selection { header, withheld } = self.jar.borrow().select(place());
            match header {
                Some(cookies) if exchange.includes_credentials() => {
                    sent.headers.push(("cookie".to_owned(), cookies.into_bytes()));
                    sent.notes.extend(withheld);
                }
                Some(_) => sent.notes.push(format!("cookies were not sent: {}", no_credentials(request))),
                None => sent.notes.extend(withheld.into_iter().filter(|_| exchange.includes_credentials())),
            }
        }
        match self.ask(&sent).await {
            Ok(answer) => sent.answer = Some(answer),
            Err(why) => sent.notes.push(why),
        }
        let set_cookies = sent.answer.iter().flat_map(|answer| &answer.headers);
        let mut set_cookies =
            set_cookies.filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_slice()).peekable();
        if exchange.includes_credentials() {
            let mut jar = self.jar.borrow_mut();
            sent.notes.extend(set_cookies.filter_map(|line| jar.store(line, place()).err()));
        } else if set_cookies.peek().is_some() {
            let why = if exchange.is_preflight() {
                "browsers take none from a preflight's answer"
            } else {
                no_credentials(request)
            };
            sent.notes.push(format!("no cookie was stored: {why}"));
        }
        sent
    }

    /// Has the application of the URL's origin answer; the error says why there is no answer.
    async fn ask(&self, sent: &Exchange) -> Result<Answer, String> {
        let Some(server) = self.server(&sent.url) else {
            return Err(format!(
                "no application is at {}: put one there with Browser::also_at",
                sent.url.origin().ascii_serialization()
            ));
        };
        let request =
            to_actix(sent).ok_or("Actix Web can't read such a request, and would answer 400 to it")?;
        let mut answer = (server.app)(request).await;
        let is_null_body_status = matches!(answer.status, 101 | 103 | 204 | 205 | 304);
        if sent.method == "HEAD" || is_null_body_status {
            answer.body = Bytes::new();
        }
        Ok(answer)
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers: Vec<&str> = self.servers.iter().map(|server| server.url.as_str()).collect();
        f.debug_struct("Browser").field("servers", &servers).field("now", &self.now()).finish_non_exhaustive()
    }
}

/// A page in a [`Browser`], made by [`Browser::page`].
#[derive(Clone, Debug)]
#[must_use = "a page does nothing until it fetches something"]
pub struct Page<'a> {
    browser: &'a Browser,
    origin: PageOrigin,
}

impl Page<'_> {
    /// Where it comes from.
    pub fn origin(&self) -> &PageOrigin {
        &self.origin
    }

    /// Does what the browser does when the page's script calls `fetch()`: asks first where it must, sends, follows
    /// redirects, and decides what script is given.
    ///
    /// # Panics
    ///
    /// If the application does. What an application answers makes nothing panic; nor does a request that browsers refuse
    /// to send, which is a verdict like any other.
    pub async fn fetch(&self, request: Request) -> Outcome {
        self.browser.fetch(self.origin.clone(), request).await
    }
}

fn no_credentials(request: &Request) -> &'static str {
    match request.credentials {
        Credentials::Omit => "the request's credentials mode is Omit",
        _ => {
            "the request's credentials mode is SameOrigin, and the URL's origin is not the page's; ask with Include"
        }
    }
}

#[track_caller]
fn server_url(origin: &str) -> Url {
    match Url::parse(origin) {
        Ok(url)
            if matches!(url.scheme(), "http" | "https")
                && url.path() == "/"
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none() =>
        {
            url
        }
        _ => panic!(
            "\"{origin}\" is no server's origin: write one such as \"https://api.example\", without a path"
        ),
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#field.host>
fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn head_of(answer: &Answer) -> browser::Response {
    let response = browser::Response::new(answer.status);
    answer.headers.iter().fold(response, |response, (name, value)| response.header(name, value))
}

/// The request as Actix Web's parser would have read it; none if it would not have.
fn to_actix(sent: &Exchange) -> Option<actix_http::Request> {
    let target = match sent.url.query() {
        Some(query) => format!("{}?{query}", sent.url.path()),
        None => sent.url.path().to_owned(),
    };
    // `TestRequest` panics where this fails, as with a target of 64 KiB.
    Uri::try_from(&target).ok()?;
    let mut request = TestRequest::with_uri(&target)
        .method(Method::from_bytes(sent.method.as_bytes()).ok()?)
        .peer_addr(PEER.into());
    if !sent.body.is_empty() {
        request = request.set_payload(sent.body.clone());
    }
    for (name, value) in &sent.headers {
        let header = (HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value).ok()?);
        request = if name == "content-length" {
            // Which comes with the payload, too.
            request.insert_header(header)
        } else {
            request.append_header(header)
        };
    }
    Some(request.to_request())
}

fn boxed<S, B, E>(app: S) -> App
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
    B: MessageBody + 'static,
    E: Into<Error> + 'static,
{
    let app = Rc::new(app);
    Box::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move { answer(&*app, request).await })
    })
}

/// What the server would send: an error of the service is an answer, too, as in Actix Web's dispatcher.
async fn answer<S, B, E>(app: &S, request: actix_http::Request) -> Answer
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E>,
    B: MessageBody,
    E: Into<Error>,
{
    let response = match poll_fn(|cx| app.poll_ready(cx)).await {
        Ok(()) => app.call(request).await,
        Err(error) => Err(error),
    };
    match response {
        Ok(response) => {
            // The request lives until the body was sent.
            let (_request, response) = response.into_parts();
            let (status, headers) = (response.status(), lines(response.headers()));
            read(status, headers, response.into_body()).await
        }
        Err(error) => {
            let response = error.into().error_response();
            let (status, headers) = (response.status(), lines(response.headers()));
            read(status, headers, response.into_body()).await
        }
    }
}

fn lines(headers: &HeaderMap) -> Vec<(String, Vec<u8>)> {
    let mut lines: Vec<(String, Vec<u8>)> =
        headers.iter().map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec())).collect();
    // A map's order is no order. That of the lines of one name is kept.
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    lines
}

async fn read(status: StatusCode, headers: Vec<(String, Vec<u8>)>, body: impl MessageBody) -> Answer {
    let mut answer = Answer { status: status.as_u16(), headers, body: Bytes::new(), body_error: None };
    if matches!(body.size(), BodySize::None) {
        return answer;
    }
    let (mut body, mut bytes) = (std::pin::pin!(body), BytesMut::new());
    while let Some(chunk) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                let error: Box<dyn std::error::Error> = error.into();
                answer.body_error = Some(error.to_string());
                break;
            }
        }
    }
    answer.body = bytes.freeze();
    answer
}
