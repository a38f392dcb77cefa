//! What servers are composed of: each layer has the next one inside.

use crate::http::{Handler, Outcome, Request, Response, handler};

/// CORS, as most libraries have it.
#[derive(Clone)]
pub(crate) struct Cors {
    pub(crate) origins: Vec<String>,
    pub(crate) methods: &'static str,
    pub(crate) headers: &'static str,
    pub(crate) allows_credentials: bool,
    /// With what it refuses a preflight; some respond with success and leave the headers out.
    pub(crate) refuses_with: Option<(u16, &'static str)>,
    /// It refuses methods and headers, too, instead of leaving that to the browser.
    pub(crate) is_strict: bool,
}

impl Cors {
    pub(crate) fn of(origin: &str) -> Self {
        Self {
            origins: vec![origin.to_owned()],
            methods: "GET, PUT, DELETE",
            headers: "authorization, content-type, x-trace",
            allows_credentials: true,
            refuses_with: None,
            is_strict: false,
        }
    }

    fn allow(&self, origin: &str, response: Response) -> Response {
        let response = response.header("Vary", "Origin");
        if !self.origins.iter().any(|listed| listed == origin) {
            return response;
        }
        let response = response.header("Access-Control-Allow-Origin", origin);
        if self.allows_credentials {
            response.header("Access-Control-Allow-Credentials", "true")
        } else {
            response
        }
    }

    fn preflight(&self, request: &Request) -> Response {
        let is_listed = |list: &str, name: &str| list.split(", ").any(|item| item.eq_ignore_ascii_case(name));
        let method = request.header("access-control-request-method").unwrap_or_default();
        let names = request.header("access-control-request-headers").unwrap_or_default();
        let mut names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
        let is_origin = self.origins.iter().any(|listed| listed == request.origin());
        let is_rest = is_listed(self.methods, method) && names.all(|name| is_listed(self.headers, name));
        if let Some((status, body)) = self.refuses_with
            && (!is_origin || self.is_strict && !is_rest)
        {
            return Response::new(status).header("Vary", "Origin").body(body);
        }
        self.allow(request.origin(), Response::new(204))
            .header("Access-Control-Allow-Methods", self.methods)
            .header("Access-Control-Allow-Headers", self.headers)
    }

    /// This layer around another.
    pub(crate) fn around(self, inner: Handler) -> Handler {
        handler(move |request| {
            if request.is_preflight() {
                return self.preflight(request).into();
            }
            map(inner(request), |response| self.allow(request.origin(), response))
        })
    }
}

/// Changes the response, if there is one.
pub(crate) fn map(outcome: Outcome, change: impl FnOnce(Response) -> Response) -> Outcome {
    match outcome {
        Outcome::Response(response) => change(response).into(),
        other => other,
    }
}

/// An application whose router knows some methods of `/api/orders/7`, and `/health`.
pub(crate) fn api(methods: &'static [&'static str], otherwise: u16) -> Handler {
    handler(move |request| match request.path.as_str() {
        "/health" => Response::json(),
        "/api/orders/7" if methods.contains(&request.method.as_str()) => Response::json(),
        "/api/orders/7" => Response::new(otherwise).body("no such route"),
        _ => Response::new(404).body("not found"),
    })
}

/// The same with the usual methods.
pub(crate) fn app() -> Handler {
    api(&["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"], 404)
}

/// Whatever matches gets this response instead of the next layer's.
pub(crate) fn in_front(
    matches: impl Fn(&Request) -> bool + Send + Sync + 'static,
    response: Response,
    inner: Handler,
) -> Handler {
    handler(move |request| if matches(request) { response.clone().into() } else { inner(request) })
}

/// Authentication by a header, with this response to whoever has none. `/health` is open.
pub(crate) fn authentication(response: Response, inner: Handler) -> Handler {
    let is_refused = |request: &Request| {
        request.path != "/health"
            && request.header("authorization").is_none()
            && request.header("cookie").is_none()
    };
    in_front(is_refused, response, inner)
}

/// Changes each response on its way out, as a proxy does.
pub(crate) fn rewriting(
    change: impl Fn(&Request, Response) -> Response + Send + Sync + 'static,
    inner: Handler,
) -> Handler {
    handler(move |request| map(inner(request), |response| change(request, response)))
}

pub(crate) fn is_options(request: &Request) -> bool {
    request.method == "OPTIONS"
}

/// Whatever is not an `OPTIONS`.
pub(crate) fn is_actual(request: &Request) -> bool {
    request.method != "OPTIONS"
}

pub(crate) fn any(_: &Request) -> bool {
    true
}
