//! CORS is there, and what it says is wrong: origins, credentials, methods, headers.

use crate::{
    fault::{Fault, Site, fault},
    http::{Handler, Response, handler},
    layers::{Cors, app, rewriting},
};

const SHOP: &str = "https://shop.example";

/// A server that says this to everybody, in each response.
fn says(lines: &'static [(&'static str, &'static str)]) -> impl Fn(&Site) -> Handler {
    move |site| {
        let page = site.page.clone();
        handler(move |request| {
            let response = if request.method == "OPTIONS" { Response::new(204) } else { Response::json() };
            let line = |response: Response, (name, value): &(&str, &str)| {
                response.header(name, value.replace("{page}", &page))
            };
            lines.iter().fold(response, line)
        })
    }
}

fn origins() -> Vec<Fault> {
    let mut faults = vec![
        fault("silent to others", "origin-not-listed", |_| Cors::of(SHOP).around(app()))
            .method("PUT")
            .certain("headers"),
        fault("silent to others at a GET", "origin-not-listed", |_| Cors::of(SHOP).around(app()))
            .likely("origin-not-listed", "headers"),
        fault("the name of this machine instead of its address", "origin-not-listed", |site| {
            let other = if site.page.contains("localhost") {
                site.page.replace("localhost", "127.0.0.1")
            } else {
                site.page.replace("127.0.0.1", "localhost")
            };
            Cors::of(&other).around(app())
        })
        .certain("headers")
        .says("http://127.0.0.1:3000"),
        fault("https instead of http", "origin-not-listed", |site| {
            Cors::of(&site.page.replace("http:", "https:")).around(app())
        })
        .method("PUT")
        .certain("headers")
        .says("https://localhost:3000"),
        fault("a slash at the end of the list's entry", "origin-not-listed", |site| {
            Cors::of(&format!("{}/", site.page)).around(app())
        })
        .certain("headers")
        .says("http://localhost:3000/"),
        fault("the port of another tool", "origin-not-listed", |_| {
            Cors::of("http://localhost:5173").around(app())
        })
        .certain("headers")
        .says("http://localhost:5173")
        .not_in_browsers("its page may have another host"),
        fault(
            "one fixed origin",
            "origin-not-listed",
            says(&[("Access-Control-Allow-Origin", SHOP), ("Access-Control-Allow-Methods", "PUT")]),
        )
        .method("PUT")
        .certain("headers")
        .says(SHOP),
        fault(
            "one fixed origin at a GET",
            "origin-not-listed",
            says(&[("Access-Control-Allow-Origin", SHOP)]),
        )
        .certain("headers")
        .says(SHOP),
        fault(
            "a list",
            "list-of-origins",
            says(&[("Access-Control-Allow-Origin", "https://shop.example, {page}")]),
        )
        .certain("server"),
        fault("a slash at the end", "not-an-origin", says(&[("Access-Control-Allow-Origin", "{page}/")]))
            .certain("server"),
        fault("a pattern", "not-an-origin", says(&[("Access-Control-Allow-Origin", "https://*.example")]))
            .certain("server"),
        fault(
            "a host without a scheme",
            "not-an-origin",
            says(&[("Access-Control-Allow-Origin", "localhost:3000")]),
        )
        .certain("server"),
        fault("a proxy adds a star", "two-writers", |site| {
            let add = |_: &_, response: Response| response.header("Access-Control-Allow-Origin", "*");
            rewriting(add, Cors::of(&site.page).around(app()))
        })
        .certain("front"),
        fault("a proxy adds the same origin", "two-writers", |site| {
            let page = site.page.clone();
            let add =
                move |_: &_, response: Response| response.header("Access-Control-Allow-Origin", page.clone());
            rewriting(add, Cors::of(&site.page).around(app()))
        })
        .method("PUT")
        .certain("front"),
        fault("a proxy adds an origin of its own", "two-writers", |site| {
            let add = |_: &_, response: Response| response.header("Access-Control-Allow-Origin", SHOP);
            rewriting(add, Cors::of(&site.page).around(app()))
        })
        .certain("front"),
        fault("a star in all responses", "nothing-wrong", says(&[("Access-Control-Allow-Origin", "*")]))
            .verdict("allowed"),
    ];
    for (name, status, body) in [
        ("refused as Starlette does", 400, "Disallowed CORS origin"),
        ("refused as Spring does", 403, "Invalid CORS request"),
        ("refused as actix-cors does", 400, "Origin is not allowed to make this request"),
    ] {
        faults.push(
            fault(name, "origin-not-listed", move |_| {
                Cors { refuses_with: Some((status, body)), is_strict: true, ..Cors::of(SHOP) }.around(app())
            })
            .method("PUT")
            .certain("headers"),
        );
    }
    faults.push(
        fault("refused without a word", "origin-not-listed", |_| {
            Cors { refuses_with: Some((403, "")), ..Cors::of(SHOP) }.around(app())
        })
        .method("PUT")
        .certain("headers"),
    );
    faults
}

fn credentials() -> Vec<Fault> {
    vec![
        fault(
            "a star at a preflight",
            "wildcard-with-credentials",
            says(&[
                ("Access-Control-Allow-Origin", "*"),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Methods", "PUT"),
            ]),
        )
        .method("PUT")
        .credentials()
        .certain("headers"),
        fault("a star at a GET", "wildcard-with-credentials", says(&[("Access-Control-Allow-Origin", "*")]))
            .credentials()
            .certain("headers"),
        fault("the header is lacking", "credentials-not-allowed", |site| {
            Cors { allows_credentials: false, ..Cors::of(&site.page) }.around(app())
        })
        .credentials()
        .certain("headers"),
        fault(
            "a capital letter",
            "credentials-not-allowed",
            says(&[("Access-Control-Allow-Origin", "{page}"), ("Access-Control-Allow-Credentials", "True")]),
        )
        .credentials()
        .certain("headers"),
        fault("without credentials nothing is lacking", "nothing-wrong", |site| {
            Cors { allows_credentials: false, ..Cors::of(&site.page) }.around(app())
        })
        .verdict("allowed"),
    ]
}

fn lists() -> Vec<Fault> {
    let mut faults = vec![
        fault("a method", "method-not-listed", |site| {
            Cors { methods: "GET", ..Cors::of(&site.page) }.around(app())
        })
        .method("PUT")
        .certain("headers"),
        fault("a method in lower case", "method-not-listed", |site| {
            Cors { methods: "GET, PATCH", ..Cors::of(&site.page) }.around(app())
        })
        .method("patch")
        .certain("page")
        .says("PATCH"),
        fault("a method and two headers", "method-not-listed", |site| {
            Cors { methods: "GET", headers: "content-type", ..Cors::of(&site.page) }.around(app())
        })
        .method("PUT")
        .header("X-Trace", "1")
        .header("X-Tenant", "7")
        .certain("headers")
        .says("x-tenant, x-trace"),
        fault("two of three headers", "headers-not-listed", |site| {
            Cors { headers: "content-type", ..Cors::of(&site.page) }.around(app())
        })
        .method("PUT")
        .header("Content-Type", "application/json")
        .header("X-Trace", "1")
        .header("X-Tenant", "7")
        .certain("headers")
        .says("x-tenant, x-trace"),
        fault(
            "spaces instead of commas",
            "not-a-list",
            says(&[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "GET PUT DELETE")]),
        )
        .method("PUT")
        .certain("server"),
        fault(
            "a JSON array",
            "not-a-list",
            says(&[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "[\"x-trace\"]")]),
        )
        .header("X-Trace", "1")
        .certain("server"),
        fault(
            "a star for methods, with credentials",
            "wildcard-without-effect",
            says(&[
                ("Access-Control-Allow-Origin", "{page}"),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Methods", "*"),
            ]),
        )
        .method("PUT")
        .credentials()
        .certain("headers"),
        fault(
            "a star for headers, with credentials",
            "wildcard-without-effect",
            says(&[
                ("Access-Control-Allow-Origin", "{page}"),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Headers", "*"),
            ]),
        )
        .header("X-Trace", "1")
        .credentials()
        .certain("headers"),
        fault(
            "a star, which doesn't mean Authorization",
            "wildcard-without-effect",
            says(&[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "*")]),
        )
        .header("Authorization", "Bearer 7")
        .certain("headers")
        .not_in_browsers("Chromium still lets it through"),
        fault(
            "a star for headers",
            "nothing-wrong",
            says(&[("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Headers", "*")]),
        )
        .header("X-Trace", "1")
        .verdict("allowed"),
    ];
    for (name, status, body) in [
        ("a method, refused without a word", 400, ""),
        ("a method, refused in words", 403, "Invalid CORS request"),
    ] {
        faults.push(
            fault(name, "method-not-listed", move |site| {
                let refuses_with = Some((status, body));
                Cors { methods: "GET", refuses_with, is_strict: true, ..Cors::of(&site.page) }.around(app())
            })
            .method("PUT")
            .certain("headers"),
        );
    }
    faults.push(
        fault("a header, refused as Starlette does", "headers-not-listed", |site| {
            let refuses_with = Some((400, "Disallowed CORS headers"));
            Cors { headers: "content-type", refuses_with, is_strict: true, ..Cors::of(&site.page) }
                .around(app())
        })
        .header("X-Trace", "1")
        .header("Content-Type", "application/json")
        .certain("headers")
        .says("x-trace"),
    );
    faults
}

pub(crate) fn faults() -> Vec<Fault> {
    [origins(), credentials(), lists()].into_iter().flatten().collect()
}
