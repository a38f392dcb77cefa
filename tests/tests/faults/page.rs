//! The page's script does what it should not.

use crate::{
    fault::{Fault, Serves, fault},
    http::{Response, handler},
    layers::{Cors, app},
};

pub(crate) fn faults() -> Vec<Fault> {
    vec![
        fault("response headers on the request", "response-header-on-request", |site| {
            Cors::of(&site.page).around(app())
        })
        .header("Access-Control-Allow-Origin", "*")
        .certain("page"),
        fault("response headers, where the preflight is refused", "response-header-on-request", |site| {
            Cors { refuses_with: Some((400, "Bad Request")), is_strict: true, ..Cors::of(&site.page) }
                .around(app())
        })
        .header("Access-Control-Allow-Origin", "*")
        .certain("page"),
        fault("no scheme, so that the host is one", "url-without-scheme", |_| Serves::Nothing)
            .url("localhost:{}/api/orders/7")
            .certain("page"),
        fault("no scheme, so that it is a path", "url-without-scheme", |_| Serves::Nothing)
            .url("api.shop.example/api/orders/7")
            .verdict("unreachable")
            .likely("url-without-scheme", "page")
            .not_in_browsers("the page's own server responds"),
        fault("a mode that forbids other origins", "request-refused", |site| {
            Cors::of(&site.page).around(app())
        })
        .mode("same-origin")
        .certain("page"),
        fault("a method that no script may send", "request-refused", |site| {
            Cors::of(&site.page).around(app())
        })
        .method("TRACE")
        .certain("page"),
        fault("a secure page, and a server that is not", "mixed-content", |_| Serves::Nothing)
            .url("http://api.shop.example/api/orders/7")
            .origin("https://shop.example")
            .certain("page"),
        fault("a secure page, and a server on this machine", "nothing-wrong", |site| {
            Cors::of(&site.page).around(app())
        })
        .origin("https://shop.example")
        .verdict("allowed"),
        fault("no-cors, to make the error go away", "no-cors-mode", |_| app())
            .mode("no-cors")
            .verdict("allowed")
            .certain("page"),
        fault("a resource for its own site", "resource-policy", |_| {
            handler(|_| Response::json().header("Cross-Origin-Resource-Policy", "same-origin"))
        })
        .mode("no-cors")
        .certain("server"),
        fault("a resource policy, which CORS doesn't read", "nothing-wrong", |site| {
            Cors::of(&site.page)
                .around(handler(|_| Response::json().header("Cross-Origin-Resource-Policy", "same-origin")))
        })
        .verdict("allowed"),
        fault("a page from a file", "opaque-origin", |_| Cors::of("https://shop.example").around(app()))
            .origin("null")
            .likely("opaque-origin", "page"),
        fault("a page from a file, where one origin is fixed", "opaque-origin", |_| {
            handler(|_| Response::json().header("Access-Control-Allow-Origin", "https://shop.example"))
        })
        .origin("null")
        .certain("page"),
    ]
}
