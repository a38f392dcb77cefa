//! What the middleware logs about refused requests to `tracing` subscribers, as rendered text: which rule, which value, and
//! which setting would allow it. It is the only test in its program, because a subscriber is global.

mod common;

use std::{
    io,
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpResponse, web};
use actix_web_cors::{Cors, Policy};
use common::{Table, ask, serve, wire::Wire};

/// Where the subscriber writes.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Written {
    /// What was written since the last call.
    fn take(&self) -> String {
        let bytes = std::mem::take(&mut *self.0.lock().expect("nobody panics with it"));
        String::from_utf8(bytes).expect("a subscriber writes text")
    }
}

const APP: (&str, &str) = ("origin", "https://app.example.com");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");

fn listed() -> Policy {
    Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["DELETE"])
        .allow_headers(["x-a"])
        .build()
        .expect("a valid policy")
}

#[actix_web::test]
async fn events() {
    let written = Written::default();
    let writer = written.clone();
    tracing_subscriber::fmt()
        .with_env_filter("actix_web_cors=debug")
        .without_time()
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let server = serve(|| {
        App::new()
            .service(
                web::scope("/failing")
                    .wrap(Cors::per_request(|_| Err::<Policy, _>("the database\nis away")))
                    .default_service(web::to(HttpResponse::Ok)),
            )
            .service(
                web::scope("/empty")
                    .wrap(Cors::new(Policy::builder().build().expect("a valid policy")))
                    .default_service(web::to(HttpResponse::Ok)),
            )
            .service(
                web::scope("/nested")
                    .default_service(web::to(HttpResponse::Ok))
                    .wrap(Cors::new(Policy::allow_origin("https://b.example").expect("a valid policy")))
                    .wrap(Cors::new(listed())),
            )
            .service(
                web::scope("/forwarding")
                    .default_service(web::to(HttpResponse::Ok))
                    .wrap(Cors::new(Policy::allow_origin("https://b.example").expect("a valid policy")))
                    .wrap(Cors::new(listed()).forward_preflights()),
            )
            .service(
                web::scope("/none")
                    .wrap(Cors::per_request(|_| None::<Policy>))
                    .default_service(web::to(HttpResponse::Ok)),
            )
            .service(
                web::scope("/predicate")
                    .wrap(Cors::new(listed()).allow_origins_if("customers", |_, _| false))
                    .default_service(web::to(HttpResponse::Ok)),
            )
            .service(web::scope("").wrap(Cors::new(listed())).default_service(web::to(HttpResponse::Ok)))
    });
    let endless = "x".repeat(3000);
    let long = "/".to_owned() + &endless;
    let mut table = Table::default();
    // A response shows that the application was built, and so the policy was read.
    ask(&server.url, "GET", &[]).await;
    let expected = " WARN actix_web_cors: the CORS policy lists no origin, so it allows none; list some in allow_origins, or write Policy::deny_all() if you mean it\n";
    table.row(
        "a policy for which nothing was listed, before any request",
        &written.take(),
        &expected.to_owned(),
    );
    for (name, method, path, headers, expected) in [
        ("an allowed request says nothing", "GET", "/", &[APP][..], String::new()),
        ("nor does one without an origin", "GET", "/", &[], String::new()),
        ("nor an allowed preflight", "OPTIONS", "/", &[APP, ("access-control-request-method", "DELETE"), ("access-control-request-headers", "x-a")], String::new()),
        ("nor a same-origin request", "POST", "/", &[("origin", "https://b.example"), ("sec-fetch-site", "same-origin")], String::new()),
        (
            "an origin", "GET", "/notes?secret=1", &[("origin", "https://b.example")],
            " INFO actix_web_cors: GET /notes: the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned(),
        ),
        (
            "an origin of a preflight", "OPTIONS", "/", &[("origin", "https://b.example"), PUT],
            " INFO actix_web_cors: OPTIONS /: the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins and add \"PUT\" to allow_methods rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned(),
        ),
        (
            "several origins", "GET", "/", &[APP, APP],
            " INFO actix_web_cors: GET /: the request has more than one Origin header (the first is \"https://app.example.com\"); no browser does that, so check the proxies in between rule=SeveralOrigins setting=\"allow_origins\"\n".to_owned(),
        ),
        (
            "a method", "OPTIONS", "/", &[APP, PUT],
            " INFO actix_web_cors: OPTIONS /: the method \"PUT\" is not allowed, so the browser won't send the request; to allow it, add \"PUT\" to allow_methods rule=MethodNotAllowed setting=\"allow_methods\"\n".to_owned(),
        ),
        (
            "headers", "OPTIONS", "/", &[APP, ("access-control-request-method", "GET"), ("access-control-request-headers", "x-a,x-b")],
            " INFO actix_web_cors: OPTIONS /: the headers \"x-b\" are not allowed, so the browser won't send the request; to allow it, add \"x-b\" to allow_headers rule=HeadersNotAllowed setting=\"allow_headers\"\n".to_owned(),
        ),
        (
            "cookies", "GET", "/", &[APP, ("cookie", "session=secret")],
            " INFO actix_web_cors: GET /: the request carries cookies, which the policy does not allow, so the browser withholds the response; to allow it, turn on allow_credentials rule=CredentialsNotAllowed setting=\"allow_credentials\"\n".to_owned(),
        ),
        (
            "a value that would forge a line", "GET", "/", &[("origin", "x\" rule=Fine\t\u{e9}")],
            " INFO actix_web_cors: GET /: the origin \"x\\\" rule=Fine\\t\\xc3\\xa9\" is not allowed; \"x\\\" rule=Fine\\t\\xc3\\xa9\" can't be added to allow_origins: an origin can't contain white space or control characters rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned(),
        ),
        (
            "values that would flood the log", "GET", long.as_str(), &[("origin", endless.as_str())],
            format!(" INFO actix_web_cors: GET /{}...: the origin \"{}...\" is not allowed; no browser sends such an origin rule=OriginNotAllowed setting=\"allow_origins\"\n", "x".repeat(199), "x".repeat(200)),
        ),
        (
            "a source that fails", "GET", "/failing", &[APP],
            "ERROR actix_web_cors: GET /failing: the policy source failed, so nothing is allowed: the database\\nis away\n".to_owned(),
        ),
        ("a source that fails again within a minute", "GET", "/failing", &[APP], String::new()),
        (
            "what an outer Cors decides", "GET", "/nested", &[APP],
            " INFO actix_web_cors: GET /nested: this Cors stands inside another one, whose policy applies; its own policy would refuse the request: the origin \"https://app.example.com\" is not allowed; if this is a front end of yours, add \"https://app.example.com\" to allow_origins\n".to_owned(),
        ),
        (
            "what an inner Cors refuses although the outer one forwards it", "OPTIONS", "/forwarding",
            &[APP, ("access-control-request-method", "DELETE")],
            " INFO actix_web_cors: OPTIONS /forwarding: the origin \"https://app.example.com\" is not allowed; if this is a front end of yours, add \"https://app.example.com\" to allow_origins rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned(),
        ),
        (
            "a source that finds no policy", "GET", "/none", &[APP],
            "DEBUG actix_web_cors: GET /none: no CORS policy applies, so the request passes as if there were no Cors\n".to_owned(),
        ),
        (
            "a predicate that does not allow the origin", "GET", "/predicate", &[("origin", "https://b.example")],
            " INFO actix_web_cors: GET /predicate: the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins (nor does the predicate \"customers\" allow it) rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned(),
        ),
        ("a predicate that is not asked", "GET", "/predicate", &[("origin", "null")],
            " INFO actix_web_cors: GET /predicate: the origin \"null\" is not allowed; \"null\" can't be added to allow_origins: browsers send \"null\" for sandboxed frames, local files and data: URLs, which any site can create, so allowing it would allow every site rule=OriginNotAllowed setting=\"allow_origins\"\n".to_owned()),
        ("a policy for which nothing was listed, not again", "GET", "/empty", &[], String::new()),
    ] {
        written.take();
        if name.contains("forge") {
            // `awc` would refuse to send it as a header's value.
            let origin = format!("origin: {}", headers[0].1);
            Wire::connect(&server).await.ask(method, path, &["host: x", &origin]).await.expect("a response");
        } else {
            ask(&format!("{}{path}", server.url), method, headers).await;
        }
        table.row(name, &written.take(), &expected);
    }
    table.finish();
}
