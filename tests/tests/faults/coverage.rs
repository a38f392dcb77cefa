//! CORS covers a part of the server, or nothing of it.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{
    fault::{Fault, fault},
    http::{Request, Response, handler},
    layers::{Cors, any, api, app, in_front, is_actual, is_options},
};

fn allow() -> Response {
    Response::new(200).header("Allow", "GET,HEAD,PUT,OPTIONS").body("")
}

pub(crate) fn faults() -> Vec<Fault> {
    let mut faults = vec![
        fault("only the preflight of a PUT", "only-preflight-covered", |site| {
            in_front(is_actual, Response::json(), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .sent()
        .certain("order"),
        fault("only the preflight of a GET", "only-preflight-covered", |site| {
            in_front(is_actual, Response::json(), Cors::of(&site.page).around(app()))
        })
        .header("X-Trace", "1")
        .certain("order"),
        fault("only preflights where none is needed", "only-preflight-covered", |site| {
            in_front(is_actual, Response::json(), Cors::of(&site.page).around(app()))
        })
        .certain("order"),
        fault("the framework responds to OPTIONS", "options-answered-elsewhere", |site| {
            in_front(is_options, allow(), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .option("--try-get")
        .certain("order"),
        fault("the framework responds to OPTIONS, and no GET is confirmed", "options-answered-elsewhere", |site| {
            in_front(is_options, allow(), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .likely("no-cors", "server"),
        fault("the framework responds to OPTIONS for a GET", "options-answered-elsewhere", |site| {
            in_front(is_options, allow(), Cors::of(&site.page).around(app()))
        })
        .header("Authorization", "Bearer 7")
        .certain("order"),
        fault("no CORS at all", "no-cors", |_| app()).likely("no-cors", "server"),
        fault("no CORS at all, and OPTIONS is 405", "no-cors", |_| {
            api(&["GET", "PUT"], 405)
        })
        .method("PUT")
        .option("--try-get")
        .likely("no-cors", "server"),
        fault("no CORS at all, and OPTIONS is 200", "no-cors", |_| in_front(is_options, allow(), app()))
            .method("PUT")
            .option("--try-get")
            .likely("no-cors", "server"),
        fault("a bucket without a CORS configuration", "no-cors", |_| {
            let text = "<?xml version=\"1.0\"?><Error><Code>AccessForbidden</Code><Message>CORSResponse: CORS is not enabled for this bucket.</Message></Error>";
            in_front(is_options, Response::new(403).header("Content-Type", "application/xml").body(text), app())
        })
        .method("PUT")
        .certain("server"),
        fault("no CORS behind authentication", "no-cors", |_| {
            let is_anonymous = |request: &Request| request.header("authorization").is_none();
            in_front(is_anonymous, Response::new(401).header("WWW-Authenticate", "Bearer"), app())
        })
        .header("Authorization", "Bearer 7")
        .likely("no-cors", "server"),
        fault("nothing is at this URL", "not-found", |site| {
            in_front(|request| request.path != "/health", Response::new(404).body("not found"), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .option("--try-get")
        .option("--open-path=/health")
        .likely("not-found", "page"),
        fault("nothing is at this URL, and no GET is confirmed", "not-found", |_| {
            in_front(any, Response::new(404).body("not found"), app())
        })
        .method("PUT")
        .likely("options-not-routed", "order"),
        fault("nothing is at this URL, and CORS says so", "nothing-wrong", |site| Cors::of(&site.page).around(app()))
            .url("http://127.0.0.1:{}/api/other")
            .verdict("allowed")
            .says("404"),
        fault("one of two instances has no CORS", "inconsistent", |site| {
            let (count, new) = (AtomicUsize::new(0), Cors::of(&site.page).around(app()));
            handler(move |request| {
                if count.fetch_add(1, Ordering::Relaxed) % 2 == 0 { app()(request) } else { new(request) }
            })
        })
        .likely("cached-for-another", "front")
        .not_in_browsers("it depends on how many requests were sent before"),
    ];
    for (name, status) in [
        ("a router without OPTIONS", 404),
        ("a router that knows only GET", 405),
        ("a server that can't do it", 501),
    ] {
        faults.push(
            fault(name, "options-not-routed", move |site| {
                let refusal = Response::new(status).body("no such route");
                in_front(is_options, refusal, Cors::of(&site.page).around(app()))
            })
            .method("PUT")
            .option("--try-get")
            .certain("order"),
        );
    }
    faults.push(
        fault("a router without OPTIONS, for a GET with a header", "options-not-routed", |site| {
            in_front(is_options, Response::new(404), Cors::of(&site.page).around(app()))
        })
        .header("X-Trace", "1")
        .certain("order"),
    );
    faults.push(
        fault("a router without OPTIONS, and no GET is confirmed", "options-not-routed", |site| {
            in_front(is_options, Response::new(404), Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .likely("options-not-routed", "order"),
    );
    faults.push(
        fault("all is well", "nothing-wrong", |site| Cors::of(&site.page).around(app())).verdict("allowed"),
    );
    faults.push(
        fault("all is well with a preflight", "nothing-wrong", |site| Cors::of(&site.page).around(app()))
            .method("PUT")
            .header("X-Trace", "1")
            .credentials()
            .sent()
            .verdict("allowed"),
    );
    faults.push(
        fault("the preflight is granted, and nothing else is sent", "not-sent", |site| {
            Cors::of(&site.page).around(app())
        })
        .method("PUT")
        .verdict("undecided")
        .certain("page")
        .not_in_browsers("a browser sends it"),
    );
    faults
}
