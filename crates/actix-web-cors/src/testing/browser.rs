//! The browser in front of applications in memory: it sends the requests, which the model in `fetch-cors` leaves to others,
//! and adds what that model lacks, cookies and a clock. Only the model decides whether a script is given a response.

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
    outcome::{Exchange, Outcome, Response},
    request::Request,
};

/// A browser whose network is an application in memory, made by [`init_service`](actix_web::test::init_service).
///
/// It stands for the tabs of one user: all its [`page`](Self::page)s share the preflights that it remembers, and the
/// cookies. Give each test its own browser, so that tests don't affect each other.
///
/// ```
/// use actix_web::{App, test, web};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, assert_allowed, get},
/// };
///
/// #[actix_web::main]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     let policy = Policy::allow_origin("https://app.example")?;
///     let app = App::new().wrap(Cors::new(policy)).route("/items", web::get().to(|| async { "[]" }));
///     let browser = Browser::new(test::init_service(app).await);
///
///     let outcome = browser.page("https://app.example").fetch(get("/items")).await;
///     assert_allowed!(outcome);
///     assert_eq!(outcome.text()?, "[]");
///     Ok(())
/// }
/// ```
#[must_use = "a browser does nothing until one of its pages fetches something"]
pub struct Browser {
    network: Network,
    model: RefCell<browser::Browser>,
    jar: RefCell<Jar>,
    clock: Cell<Clock>,
}

/// The applications, which outcomes share with the browser, to send probes.
#[derive(Clone)]
pub(super) struct Network {
    /// URLs without a host go to the first.
    servers: Rc<Vec<Server>>,
}

#[derive(Clone)]
struct Server {
    /// Its origin, as a URL.
    url: Url,
    app: App,
}

/// An application of any type.
type App = Rc<dyn Fn(actix_http::Request) -> Pin<Box<dyn Future<Output = Response>>>>;

/// The address that requests seem to come from: applications may need one, for rate limits for example.
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

    /// Puts the application at an origin of your choice: `http://localhost:8080`, or one on the page's site, so that
    /// `SameSite` cookies are sent.
    ///
    /// ```
    /// use actix_web::{App, HttpResponse, test, web};
    /// use actix_web_cors::{
    ///     Cors, Policy,
    ///     testing::{Browser, assert_allowed, get},
    /// };
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = Policy::allow_origin("https://app.example.com")?;
    ///     let files = App::new().wrap(Cors::new(Policy::any_origin())).route("/logo", web::get().to(|| async { "<svg/>" }));
    ///     let api = App::new().wrap(Cors::new(policy)).route(
    ///         "/logo",
    ///         web::get().to(|| async {
    ///             HttpResponse::Found().insert_header(("location", "https://files.example/logo")).finish()
    ///         }),
    ///     );
    ///     let browser = Browser::at("https://api.example.com", test::init_service(api).await)
    ///         .also_at("https://files.example", test::init_service(files).await);
    ///
    ///     let outcome = browser.page("https://app.example.com").fetch(get("/logo")).await;
    ///     assert_allowed!(outcome);
    ///     assert_eq!(outcome.text()?, "<svg/>");
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If it is not an `http` or `https` origin without a path, such as `https://api.example.com`.
    #[track_caller]
    pub fn at<S, B, E>(origin: &str, app: S) -> Self
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        Self {
            network: Network { servers: Rc::new(vec![Server { url: server_url(origin), app: shared(app) }]) },
            model: RefCell::default(),
            jar: RefCell::default(),
            clock: Cell::new(Clock::start()),
        }
    }

    /// Puts another application at another origin: the page's own, or where a redirect leads. A request to an origin without
    /// an application gets no response, and the [`Outcome`] says so.
    ///
    /// # Panics
    ///
    /// As with [`at`](Self::at), and if this origin already has an application.
    #[track_caller]
    pub fn also_at<S, B, E>(mut self, origin: &str, app: S) -> Self
    where
        S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
        B: MessageBody + 'static,
        E: Into<Error> + 'static,
    {
        let url = server_url(origin);
        assert!(
            self.network.server(&url).is_none(),
            "there already is an application at {origin}; choose another origin"
        );
        Rc::make_mut(&mut self.network.servers).push(Server { url, app: shared(app) });
        self
    }

    /// Follows an engine's rules where they differ from the standard's: how long a preflight is remembered at most, for
    /// example. The default is [`Profile::STANDARD`].
    pub fn profile(self, profile: Profile) -> Self {
        Self { model: RefCell::new(browser::Browser::new(profile)), ..self }
    }

    /// Opens a page, whose script can then fetch. Takes its origin, or its whole URL; `null` is the origin of a sandboxed
    /// frame or a local file.
    ///
    /// # Panics
    ///
    /// If it is not a URL.
    #[track_caller]
    pub fn page(&self, origin: &str) -> Page<'_> {
        let Some(origin) = PageOrigin::of(origin) else {
            panic!("\"{origin}\" is not the URL of a page: write one such as \"https://app.example\"");
        };
        Page { browser: self, origin }
    }

    /// Lets time pass for the preflights and cookies that the browser keeps. No other clock is read: without this, nothing
    /// ever expires.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_web::{App, HttpResponse, test, web};
    /// use actix_web_cors::{
    ///     Cors, Policy,
    ///     testing::{Browser, Profile, put},
    /// };
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let policy = Policy::allow_origin("https://app.example")?.with_max_age(Duration::from_secs(86_400))?;
    ///     let app = App::new().wrap(Cors::new(policy)).route("/items/1", web::put().to(HttpResponse::NoContent));
    ///     // Safari remembers a preflight for ten minutes, whatever the server says.
    ///     let browser = Browser::new(test::init_service(app).await).profile(Profile::WEBKIT);
    ///     let page = browser.page("https://app.example");
    ///
    ///     assert_eq!(page.fetch(put("/items/1")).await.exchanges().len(), 2);
    ///     assert_eq!(page.fetch(put("/items/1")).await.exchanges().len(), 1, "the preflight is remembered");
    ///     browser.advance(Duration::from_secs(600));
    ///     assert_eq!(browser.now(), Duration::from_secs(600));
    ///     assert_eq!(page.fetch(put("/items/1")).await.exchanges().len(), 2);
    ///
    ///     browser.forget_preflights();
    ///     assert_eq!(page.fetch(put("/items/1")).await.exchanges().len(), 2);
    ///     Ok(())
    /// }
    /// ```
    pub fn advance(&self, by: Duration) {
        let mut clock = self.clock.get();
        clock.advance(by);
        self.clock.set(clock);
    }

    /// How much time has passed since the browser was made: the sum of all [`advance`](Self::advance)s.
    pub fn now(&self) -> Duration {
        self.clock.get().now()
    }

    /// Forgets all preflights, as a private window would.
    pub fn forget_preflights(&self) {
        self.model.borrow_mut().forget_preflights();
    }

    /// The cookies that the browser keeps, without expired ones, in the order in which they were first set.
    pub fn cookies(&self) -> Vec<StoredCookie> {
        self.jar.borrow().cookies(self.now()).cloned().collect()
    }

    /// Stores a cookie, as if the user had visited the server and its response had this `Set-Cookie`. Takes the header's
    /// value, as text or as a [`Cookie`](actix_web::cookie::Cookie).
    ///
    /// ```
    /// use actix_web::{App, test};
    /// use actix_web_cors::{
    ///     Cors, Policy,
    ///     testing::{Browser, SameSite},
    /// };
    ///
    /// #[actix_web::main]
    /// async fn main() {
    ///     let app = App::new().wrap(Cors::new(Policy::deny_all()));
    ///     let browser = Browser::new(test::init_service(app).await);
    ///     browser.set_cookie("session=s3cret; Secure; HttpOnly; SameSite=None");
    ///     browser.set_cookie_at("https://app.example/", "theme=dark");
    ///
    ///     let cookies = browser.cookies();
    ///     assert_eq!((cookies[0].name.as_str(), cookies[0].same_site), ("session", Some(SameSite::None)));
    ///     assert_eq!((cookies[1].value.as_str(), cookies[1].domain.as_str()), ("dark", "app.example"));
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// If browsers refuse it; the message says why.
    #[track_caller]
    pub fn set_cookie(&self, cookie: impl fmt::Display) {
        self.set_cookie_by(self.network.first(), &cookie.to_string());
    }

    /// The same, for a visit to a URL of your choice.
    ///
    /// # Panics
    ///
    /// If it is not a URL, or browsers refuse the cookie; the message says why.
    #[track_caller]
    pub fn set_cookie_at(&self, url: &str, cookie: impl fmt::Display) {
        match Url::parse(url) {
            Ok(url) => self.set_cookie_by(&url, &cookie.to_string()),
            Err(error) => {
                panic!("\"{url}\" is not a URL: {error}; write one such as \"https://api.example/\"")
            }
        }
    }

    fn place<'a>(&self, url: &'a Url, is_same_site: bool) -> Place<'a> {
        let missing_is_lax = self.model.borrow().profile().missing_same_site_is_lax;
        Place { url, is_same_site, missing_is_lax, clock: self.clock.get() }
    }

    #[track_caller]
    fn set_cookie_by(&self, url: &Url, cookie: &str) {
        let place = self.place(url, true);
        if let Err(why) = self.jar.borrow_mut().store(cookie.as_bytes(), place) {
            panic!("{why}");
        }
    }

    async fn fetch(&self, page: PageOrigin, request: Request) -> Outcome {
        // A URL that can't be resolved stays as it is, so that the model says what is wrong with it.
        let url = self.network.first().join(&request.url).map_or_else(|_| request.url.clone(), String::from);
        let fetched = request.of_page(page.clone(), url);
        let mut exchanges = Vec::new();
        let mut next = self.model.borrow_mut().fetch(fetched.clone(), self.now());
        let verdict = loop {
            match next {
                Next::Done(verdict) => break verdict,
                Next::Send(exchange) => {
                    let sent = self.send(&exchange, &request).await;
                    let mut model = self.model.borrow_mut();
                    next = match &sent.response {
                        Some(response) => exchange.receive(&mut model, &head_of(response), self.now()),
                        None => exchange.fail(&mut model),
                    };
                    exchanges.push(sent);
                }
            }
        };
        Outcome {
            request: request.to_string(),
            page,
            verdict,
            exchanges,
            fetched,
            network: self.network.clone(),
        }
    }

    /// <https://fetch.spec.whatwg.org/#concept-http-network-or-cache-fetch>: what a browser adds to the request, and what it
    /// keeps of the response.
    async fn send(&self, exchange: &browser::Exchange, request: &Request) -> Exchange {
        let url = exchange.url();
        let is_same_site = exchange.page().is_same_site(url);
        let place = || self.place(url, is_same_site);
        let mut sent = Exchange {
            is_preflight: exchange.is_preflight(),
            method: exchange.method().to_owned(),
            url: url.clone(),
            headers: vec![("host".to_owned(), host(url).into_bytes())],
            body: if exchange.has_body() { request.body() } else { Bytes::new() },
            response: None,
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
        match self.network.exchange(&sent).await {
            Ok(response) => sent.response = Some(response),
            Err(why) => sent.notes.push(why),
        }
        let set_cookies = sent.response.iter().flat_map(|response| &response.headers);
        let mut set_cookies =
            set_cookies.filter(|(name, _)| name == "set-cookie").map(|(_, line)| line.as_slice()).peekable();
        if exchange.includes_credentials() {
            let mut jar = self.jar.borrow_mut();
            sent.notes.extend(set_cookies.filter_map(|line| jar.store(line, place()).err()));
        } else if set_cookies.peek().is_some() {
            let why = if exchange.is_preflight() {
                "browsers ignore cookies in the response to a preflight"
            } else {
                no_credentials(request)
            };
            sent.notes.push(format!("no cookie was stored: {why}"));
        }
        sent
    }
}

impl Network {
    /// The server that URLs without a host go to.
    fn first(&self) -> &Url {
        // It is made with one, and never loses any.
        &self.servers[0].url
    }

    fn server(&self, url: &Url) -> Option<&Server> {
        self.servers.iter().find(|server| server.url.origin() == url.origin())
    }

    /// Hands the request to the application at the URL's origin; the error says why there is no response.
    pub(super) async fn exchange(&self, sent: &Exchange) -> Result<Response, String> {
        let Some(server) = self.server(&sent.url) else {
            return Err(format!(
                "there is no application at {}: put one there with Browser::also_at",
                sent.url.origin().ascii_serialization()
            ));
        };
        let request =
            to_actix(sent).ok_or("Actix Web can't read such a request, and would respond with 400")?;
        let mut response = (server.app)(request).await;
        let is_null_body_status = matches!(response.status, 101 | 103 | 204 | 205 | 304);
        if sent.method == "HEAD" || is_null_body_status {
            response.body = Bytes::new();
        }
        Ok(response)
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.servers.iter().map(|server| server.url.as_str())).finish()
    }
}

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser")
            .field("servers", &self.network)
            .field("now", &self.now())
            .finish_non_exhaustive()
    }
}

/// A page in a [`Browser`], made by [`Browser::page`].
///
/// ```
/// use actix_web::{App, test};
/// use actix_web_cors::{
///     Cors, Policy,
///     testing::{Browser, assert_blocked, get},
/// };
///
/// #[actix_web::main]
/// async fn main() {
///     let app = App::new().wrap(Cors::new(Policy::deny_all()));
///     let browser = Browser::new(test::init_service(app).await);
///     let page = browser.page("https://app.example/orders?page=2");
///     assert_eq!(page.origin().to_string(), "https://app.example");
///     assert_blocked!(page.fetch(get("/items")).await);
/// }
/// ```
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

    /// Does what the browser does when the page's script calls `fetch()`: sends a preflight if one is needed, sends the
    /// request, follows redirects, and decides what the script is given.
    ///
    /// # Panics
    ///
    /// If the application panics. Otherwise no request and no response makes it panic: a request that browsers refuse to send
    /// gets a verdict like any other.
    pub async fn fetch(&self, request: Request) -> Outcome {
        self.browser.fetch(self.origin.clone(), request).await
    }
}

fn no_credentials(request: &Request) -> &'static str {
    match request.credentials {
        Credentials::Omit => "the request's credentials mode is Omit",
        _ => {
            "the request's credentials mode is SameOrigin, and the URL's origin is not the page's; fetch with Credentials::Include"
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
            "\"{origin}\" is not the origin of a server: write one such as \"https://api.example\", without a path"
        ),
    }
}

/// <https://www.rfc-editor.org/rfc/rfc9110#field.host>
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

pub(super) fn head_of(response: &Response) -> browser::Response {
    let head = browser::Response::new(response.status);
    response.headers.iter().fold(head, |head, (name, value)| head.header(name, value))
}

/// The request as Actix Web's parser would have read it; `None` if the parser would have refused it.
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
            // Not appended, because the payload sets it, too.
            request.insert_header(header)
        } else {
            request.append_header(header)
        };
    }
    Some(request.to_request())
}

fn shared<S, B, E>(app: S) -> App
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = E> + 'static,
    B: MessageBody + 'static,
    E: Into<Error> + 'static,
{
    let app = Rc::new(app);
    Rc::new(move |request| {
        let app = Rc::clone(&app);
        Box::pin(async move { respond(&*app, request).await })
    })
}

/// What the server would send: an error of the service becomes a response, as in Actix Web's dispatcher.
async fn respond<S, B, E>(app: &S, request: actix_http::Request) -> Response
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
            // As in a server, the request lives until the body is sent.
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
    // The order of a map's names is arbitrary. The sort is stable, so the lines of one name keep their order.
    lines.sort_by(|(one, _), (other, _)| one.cmp(other));
    lines
}

async fn read(status: StatusCode, headers: Vec<(String, Vec<u8>)>, body: impl MessageBody) -> Response {
    let mut response = Response { status: status.as_u16(), headers, body: Bytes::new(), body_error: None };
    if matches!(body.size(), BodySize::None) {
        return response;
    }
    let (mut body, mut bytes) = (std::pin::pin!(body), BytesMut::new());
    while let Some(chunk) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
        match chunk {
            Ok(chunk) => bytes.extend_from_slice(&chunk),
            Err(error) => {
                let error: Box<dyn std::error::Error> = error.into();
                response.body_error = Some(error.to_string());
                break;
            }
        }
    }
    response.body = bytes.freeze();
    response
}
