//! Something in front of CORS responds: authentication, a limit, a firewall, a login page, a cache, a platform.

use crate::{
    fault::{Fault, Site, fault},
    http::{Handler, Request, Response, handler},
    layers::{Cors, any, app, authentication, in_front, is_actual, is_options, rewriting},
};

fn unauthorized() -> Response {
    Response::new(401).header("WWW-Authenticate", "Bearer").body("{\"error\":\"unauthorized\"}")
}

/// Authentication around CORS, so that it refuses preflights, too.
fn guarded(site: &Site, response: Response) -> Handler {
    authentication(response, Cors::of(&site.page).around(app()))
}

const NO_CACHE: &str = "what a browser sends has a query of its own";

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("a token, which a preflight doesn't carry", "authentication-in-front", |site| {
            guarded(site, unauthorized())
        })
        .header("Authorization", "Bearer 7")
        .certain("order"),
        fault("a token for a PUT", "authentication-in-front", |site| guarded(site, unauthorized()))
            .method("PUT")
            .header("Authorization", "Bearer 7")
            .likely("authentication-in-front", "order"),
        fault("a token for a PUT, and an open path", "authentication-in-front", |site| {
            guarded(site, unauthorized())
        })
        .method("PUT")
        .header("Authorization", "Bearer 7")
        .option("--open-path=/health")
        .option("--try-get")
        .certain("order"),
        fault("a token, without one", "authentication-in-front", |site| guarded(site, unauthorized()))
            .method("PUT")
            .likely("authentication-in-front", "order"),
        fault("403 instead of 401", "authentication-in-front", |site| {
            guarded(site, Response::new(403).body("{\"message\":\"Missing Authentication Token\"}"))
        })
        .header("Authorization", "Bearer 7")
        .likely("authentication-in-front", "order"),
        fault("403 without a token", "authentication-in-front", |site| guarded(site, Response::new(403)))
            .method("PUT")
            .likely("authentication-in-front", "order"),
        fault("a proxy that wants a password", "authentication-in-front", |_| {
            let response = Response::new(407).header("Proxy-Authenticate", "Basic realm=\"proxy\"");
            in_front(any, response, app())
        })
        .method("PUT")
        .likely("authentication-in-front", "order"),
        fault("a session that is over, inside of CORS", "cookies-not-sent", |site| {
            Cors::of(&site.page).around(authentication(unauthorized(), app()))
        })
        .verdict("allowed")
        .likely("cookies-not-sent", "page"),
        fault("a token that is refused, inside of CORS", "nothing-wrong", |site| {
            Cors::of(&site.page).around(in_front(any, unauthorized(), app()))
        })
        .header("Authorization", "Bearer 7")
        .verdict("allowed")
        .says("401"),
        fault("a limit at the preflight", "rate-limit", |site| {
            let response = Response::new(429).header("Retry-After", "30");
            in_front(any, response, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .certain("order"),
        fault("a limit after the preflight", "rate-limit", |site| {
            in_front(is_actual, Response::new(429), Cors::of(&site.page).around(app()))
        })
        .header("X-Trace", "1")
        .certain("order"),
        fault("a limit inside of CORS", "nothing-wrong", |site| {
            Cors::of(&site.page).around(in_front(any, Response::new(429), app()))
        })
        .verdict("allowed")
        .says("429"),
        fault("a firewall that says so", "firewall", |site| {
            let response = Response::html(403, "Just a moment...").header("CF-Mitigated", "challenge");
            in_front(any, response, Cors::of(&site.page).around(app()))
        })
        .certain("front"),
        fault("a firewall that only refuses OPTIONS", "firewall", |site| {
            in_front(
                is_options,
                Response::html(403, "<h1>Forbidden</h1>"),
                Cors::of(&site.page).around(app()),
            )
        })
        .header("X-Trace", "1")
        .likely("authentication-in-front", "order"),
        fault("a firewall that refuses everything", "firewall", |site| {
            in_front(any, Response::html(403, "<h1>Request blocked</h1>"), Cors::of(&site.page).around(app()))
        })
        .likely("authentication-in-front", "order"),
        fault("a login page that knows where to go back to", "login-redirect", |site| {
            let login = Response::new(302).header("Location", "/login?next=%2Fapi%2Forders%2F7");
            in_front(|request| request.path.starts_with("/api"), login, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .certain("order"),
        fault("a login page at another host", "login-redirect", |_| {
            let to =
                "https://login.example/oauth2/authorize?client_id=7&redirect_uri=https%3A%2F%2Fapi.example";
            in_front(any, Response::new(302).header("Location", to), app())
        })
        .certain("page")
        .not_in_browsers("it leads to a host that doesn't exist"),
        fault("a login page, perhaps", "login-redirect", |_| {
            in_front(any, Response::new(302).header("Location", "/signin"), app())
        })
        .method("PUT")
        .likely("login-redirect", "order"),
        fault("a tunnel's own page", "interstitial", |site| {
            let page = Response::html(200, "<title>ngrok</title> ERR_NGROK_6024")
                .header("Ngrok-Error-Code", "ERR_NGROK_6024");
            in_front(
                |request| request.header("ngrok-skip-browser-warning").is_none(),
                page,
                Cors::of(&site.page).around(app()),
            )
        })
        .certain("page")
        .says("ngrok"),
        fault("another tunnel's own page", "interstitial", |site| {
            let page = Response::html(511, "<p>You are about to visit: x.loca.lt");
            in_front(any, page, Cors::of(&site.page).around(app()))
        })
        .certain("page"),
        fault("a page of the front end instead of data", "html-page", |site| {
            let page = Response::html(200, "<!doctype html><div id=root></div>");
            in_front(
                |request| request.path.starts_with("/api") && is_actual(request),
                page,
                Cors::of(&site.page).around(app()),
            )
        })
        .likely("html-page", "page"),
        fault("a page of the front end, with CORS headers", "html-page", |site| {
            Cors::of(&site.page)
                .around(handler(|_| Response::html(200, "<!doctype html><div id=root></div>")))
        })
        .verdict("allowed")
        .likely("html-page", "page"),
        fault("a cache has a response for another page", "cached-for-another", |site| {
            let stored = Response::json()
                .header("Age", "30")
                .header("Access-Control-Allow-Origin", "https://other.example");
            cache(stored, Cors::of(&site.page).around(app()))
        })
        .certain("front")
        .not_in_browsers(NO_CACHE),
        fault("a cache has a response for no page", "cached-for-another", |site| {
            cache(Response::json().header("X-Cache", "HIT"), Cors::of(&site.page).around(app()))
        })
        .certain("front")
        .not_in_browsers(NO_CACHE),
        fault("a cache that doesn't say so", "cached-for-another", |site| {
            cache(Response::json(), Cors::of(&site.page).around(app()))
        })
        .likely("cached-for-another", "front")
        .not_in_browsers(NO_CACHE),
        fault("a platform writes a star over the origin", "overridden", |site| {
            rewriting(star_on_actual, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .credentials()
        .sent()
        .certain("front"),
        fault("a platform writes a star over the origin of a GET", "overridden", |site| {
            rewriting(star_on_actual, Cors::of(&site.page).around(app()))
        })
        .header("X-Trace", "1")
        .credentials()
        .likely("overridden", "front"),
    ];
    faults.push(
        fault("a platform writes an origin of its own", "overridden", |site| {
            let write = |request: &Request, response: Response| {
                if request.method == "OPTIONS" {
                    return response;
                }
                response
                    .without("access-control-allow-origin")
                    .header("Access-Control-Allow-Origin", "https://console.example")
            };
            rewriting(write, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .sent()
        .likely("inconsistent", "server"),
    );
    faults
}

fn star_on_actual(request: &Request, response: Response) -> Response {
    if request.method == "OPTIONS" {
        return response;
    }
    response.without("access-control-allow-origin").header("Access-Control-Allow-Origin", "*")
}

/// A cache that has a response for this URL without a query, and for no other.
fn cache(stored: Response, inner: Handler) -> Handler {
    in_front(|request| request.method == "GET" && request.query.is_empty(), stored, inner)
}
