//! Redirects that a request can't follow, and some that it can.

use crate::{
    fault::{Fault, Site, fault},
    http::{Handler, Request, Response, handler},
    layers::{Cors, app, in_front, map},
};

/// A server that redirects whatever has this path, before CORS sees it.
fn moved(site: &Site, path: &'static str, status: u16, to: String) -> Handler {
    let redirect = Response::new(status).header("Location", to);
    in_front(move |request| request.path == path, redirect, Cors::of(&site.page).around(app()))
}

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("a slash is lacking", "redirected", |site| {
            moved(site, "/api/orders", 301, "/api/orders/".to_owned())
        })
        .url("http://127.0.0.1:{}/api/orders")
        .method("PUT")
        .certain("page"),
        fault("a slash too many", "redirected", |site| {
            moved(site, "/api/orders/7/", 308, "/api/orders/7".to_owned())
        })
        .url("http://127.0.0.1:{}/api/orders/7/")
        .header("X-Trace", "1")
        .certain("page"),
        fault("https is required", "redirected", |_| {
            handler(|request: &Request| {
                Response::new(308).header("Location", format!("https://127.0.0.1{}", request.path))
            })
        })
        .method("PUT")
        .certain("page"),
        fault("another host", "redirected", |site| {
            let to = format!("http://localhost:{}/api/orders/7", site.port);
            in_front(
                |request| request.header("host").is_some_and(|host| host.starts_with("127")),
                Response::new(301).header("Location", to),
                Cors::of(&site.page).around(app()),
            )
        })
        .method("PUT")
        .certain("page"),
        fault("another path", "redirected", |site| {
            moved(site, "/api/orders/7", 307, "/v2/orders/7".to_owned())
        })
        .method("PUT")
        .certain("page"),
        fault("another path for a GET", "redirected", |site| {
            moved(site, "/api/orders/7", 302, "/v2/orders/7".to_owned())
        })
        .certain("page"),
        fault("a Location that is not a URL", "redirected", |site| {
            let broken = handler(|_| Response::new(302).header("Location", "http://[not-a-host]/"));
            Cors::of(&site.page).around(broken)
        })
        .certain("server"),
        fault("a redirect that leads to itself", "redirected", |site| {
            let loops =
                handler(|request: &Request| Response::new(302).header("Location", request.path.clone()));
            Cors::of(&site.page).around(loops)
        })
        .certain("server"),
        fault("a redirect that the script forbids", "redirected", |site| {
            Cors::of(&site.page).around(in_front(
                |request| request.path == "/api/old",
                Response::new(302).header("Location", "/api/orders/7"),
                app(),
            ))
        })
        .url("http://127.0.0.1:{}/api/old")
        .redirect("error")
        .certain("page"),
        fault("two servers, so that the origin becomes null", "redirected", |site| {
            // The second server knows the page, but is asked from null.
            let (to, first) = (format!("http://localhost:{}/api/orders/7", site.port), Cors::of(&site.page));
            let (second, page) = (Cors::of("https://shop.example").around(app()), site.page.clone());
            handler(move |request: &Request| {
                if request.header("host").is_some_and(|host| host.starts_with("127")) {
                    let to = to.replace("localhost", "[::1]").replace("[::1]", "localhost");
                    return first
                        .clone()
                        .around(handler(move |_| Response::new(302).header("Location", to.clone())))(
                        request,
                    );
                }
                map(second(request), |response| response.header("Access-Control-Allow-Origin", page.clone()))
            })
        })
        .url("http://127.0.0.1:{}/api/old")
        .certain("page"),
        fault("a redirect that is followed", "nothing-wrong", |site| {
            Cors::of(&site.page).around(in_front(
                |request| request.path == "/api/old",
                Response::new(302).header("Location", "/api/orders/7"),
                app(),
            ))
        })
        .url("http://127.0.0.1:{}/api/old")
        .verdict("allowed"),
        fault("a redirect that is not followed", "redirected", |_| {
            handler(|_| Response::new(301).header("Location", "https://www.shop.example/api/orders/7"))
        })
        .header("X-Trace", "1")
        .certain("page"),
    ]
}
