//! An application in memory, wrapped in [`Cors`], that does with a request what a test says: the server of the vectors and of
//! the theorem.
#![allow(dead_code, reason = "every file of tests uses a part of this")]

use std::{
    cell::{Cell, RefCell},
    fmt,
    future::Future,
    pin::Pin,
    rc::Rc,
};

use actix_web::{
    App, Error, HttpResponse, HttpResponseBuilder, ResponseError,
    body::{BoxBody, MessageBody},
    dev::{Service, ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header},
    middleware::from_fn,
    test, web,
};
use actix_web_cors::{Cors, LivePolicy, Lookup, Policy, PolicySource, SourceError};

/// What an application does, and where its policy comes from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Behaviour {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, &'static str)>,
    pub(crate) ends: Ends,
    /// The application responds to preflights that are granted.
    pub(crate) forward_preflights: bool,
    pub(crate) source: SourceKind,
}

/// How a response comes about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ends {
    /// The handler makes it.
    #[default]
    Response,
    /// It is made of a handler's error.
    HandlersError,
    /// It is made of an error that nothing within the middleware has turned into a response. The handler has run.
    InnerError,
}

/// Where the policy comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// It is always the same.
    #[default]
    Always,
    /// A [`LivePolicy`].
    Live,
    /// A closure says at once.
    PerRequest,
    /// It takes time to find.
    Later,
    /// It can't be found.
    Fails,
    /// It takes time to fail.
    FailsLater,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    /// Whether the handler ran.
    pub(crate) handler: bool,
}

type Responding = Pin<Box<dyn Future<Output = Result<ServiceResponse<BoxBody>, Error>>>>;

/// A service of any type.
trait Serve {
    fn serve(&self, request: actix_http::Request) -> Responding;
}

struct AnyService<S>(Rc<S>);

impl<S, B> Serve for AnyService<S>
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    fn serve(&self, request: actix_http::Request) -> Responding {
        let service = Rc::clone(&self.0);
        Box::pin(async move { Ok(service.call(request).await?.map_into_boxed_body()) })
    }
}

/// The application.
pub(crate) struct Site {
    service: Box<dyn Serve>,
    state: Rc<State>,
}

struct State {
    behaviour: Behaviour,
    policy: RefCell<Policy>,
    live: LivePolicy,
    did_handler_run: Cell<bool>,
}

impl Site {
    pub(crate) async fn new(policy: &Policy, behaviour: Behaviour) -> Self {
        let state = Rc::new(State {
            behaviour,
            policy: RefCell::new(policy.clone()),
            live: LivePolicy::new(policy.clone()),
            did_handler_run: Cell::new(false),
        });
        let service = match state.behaviour.source {
            SourceKind::Always => start(&state, Cors::new(policy.clone())).await,
            SourceKind::Live => start(&state, Cors::new(state.live.clone())).await,
            SourceKind::PerRequest => {
                let state_of_source = Rc::clone(&state);
                let choose = move |_: &ServiceRequest| state_of_source.policy.borrow().clone();
                start(&state, Cors::per_request(choose)).await
            }
            SourceKind::Later | SourceKind::Fails | SourceKind::FailsLater => {
                start(&state, Cors::new(Slow(Rc::clone(&state)))).await
            }
        };
        Self { service, state }
    }

    /// Puts another policy in force.
    ///
    /// # Panics
    ///
    /// If the source always has the same.
    pub(crate) fn replace(&self, policy: &Policy) {
        if self.state.policy.borrow().is_same(policy) {
            return;
        }
        assert_ne!(self.state.behaviour.source, SourceKind::Always, "its policy can't be replaced");
        *self.state.policy.borrow_mut() = policy.clone();
        self.state.live.replace(policy.clone());
    }

    pub(crate) async fn serve(&self, method: &str, headers: &[(&str, &[u8])]) -> Received {
        let mut request = test::TestRequest::default().method(
            Method::from_bytes(method.as_bytes()).expect("the vectors' and the browser's methods are tokens"),
        );
        for (name, value) in headers {
            // Actix refuses a request with such a value before any middleware sees it.
            if is_expressible(value) {
                request = request.append_header((*name, *value));
            }
        }
        self.send(request.to_request()).await
    }

    pub(crate) async fn send(&self, request: actix_http::Request) -> Received {
        self.state.did_handler_run.set(false);
        let response = match self.service.serve(request).await {
            Ok(response) => response.into(),
            // As the HTTP server does with an error that nothing has turned into a response.
            Err(error) => error.error_response(),
        };
        let headers = response.headers().iter();
        Received {
            status: response.status().as_u16(),
            headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            handler: self.state.did_handler_run.get(),
        }
    }
}

/// Whether a request can have a header of this value.
pub(crate) fn is_expressible(value: &[u8]) -> bool {
    header::HeaderValue::from_bytes(value).is_ok()
}

async fn start<P: PolicySource>(state: &Rc<State>, cors: Cors<P>) -> Box<dyn Serve> {
    let cors = if state.behaviour.forward_preflights { cors.forward_preflights() } else { cors };
    let (of_handler, of_middleware) = (Rc::clone(state), Rc::clone(state));
    let handler = move || {
        let state = Rc::clone(&of_handler);
        async move { state.respond() }
    };
    let inner = move |request, next: actix_web::middleware::Next<_>| {
        let state = Rc::clone(&of_middleware);
        async move {
            let response = next.call(request).await?;
            match state.behaviour.ends {
                Ends::InnerError => Err(Failure(state.behaviour.clone()).into()),
                _ => Ok(response),
            }
        }
    };
    let app = App::new().default_service(web::to(handler)).wrap(from_fn(inner)).wrap(cors);
    Box::new(AnyService(Rc::new(test::init_service(app).await)))
}

impl State {
    fn respond(&self) -> Result<HttpResponse, Error> {
        self.did_handler_run.set(true);
        match self.behaviour.ends {
            Ends::HandlersError => Err(Failure(self.behaviour.clone()).into()),
            _ => Ok(self.behaviour.response()),
        }
    }
}

impl Behaviour {
    fn response(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).expect("a status");
        let mut response = HttpResponseBuilder::new(status);
        for line in &self.headers {
            response.append_header(*line);
        }
        response.finish()
    }
}

/// An error whose response is the one that the application would have made.
#[derive(Debug)]
struct Failure(Behaviour);

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("it failed")
    }
}

impl ResponseError for Failure {
    fn error_response(&self) -> HttpResponse {
        self.0.response()
    }
}

/// A source that takes its time, or fails.
struct Slow(Rc<State>);

impl PolicySource for Slow {
    type Future = Pin<Box<dyn Future<Output = Result<Option<Policy>, SourceError>>>>;

    fn lookup(&self, _: &ServiceRequest) -> Lookup<'_, Self::Future> {
        let policy = self.0.policy.borrow().clone();
        let kind = self.0.behaviour.source;
        if kind == SourceKind::Fails {
            return Lookup::Failed("the database is away".into());
        }
        Lookup::Later(Box::pin(async move {
            tokio::task::yield_now().await;
            if kind == SourceKind::FailsLater { Err("the database is away".into()) } else { Ok(Some(policy)) }
        }))
    }
}
