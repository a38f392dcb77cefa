//! Applications of Actix Web with `actix_web_cors`, in the right place and in wrong ones.

use std::{sync::mpsc, thread};

use actix_web::{
    App, Error, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    error, guard,
    http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, AUTHORIZATION, HeaderValue},
    middleware::Next,
    web,
};
use actix_web_cors::{Cors, Policy};

use crate::{
    fault::{Fault, Site, fault},
    http::{Handler, forward, handler},
};

/// Runs an application on a thread of its own until the tests end, and passes requests on to it.
fn run<F, T, B>(build: F) -> Handler
where
    F: Fn() -> App<T> + Clone + Send + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    B: MessageBody + 'static,
{
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        actix_rt::System::new().block_on(async move {
            let server =
                HttpServer::new(build).workers(1).disable_signals().bind(("127.0.0.1", 0)).expect("a port");
            sender.send(server.addrs()[0].port()).expect("somebody who waits for the port");
            server.run().await
        })
    });
    let port = receiver.recv().expect("a port");
    handler(move |request| forward(port, request))
}

fn policy(origin: &str) -> Policy {
    Policy::builder()
        .allow_origins([origin])
        .allow_methods(["GET", "PUT"])
        .allow_headers(["authorization", "x-trace"])
        .build()
        .expect("a valid policy")
}

fn cors(site: &Site) -> Cors {
    Cors::new(policy(&site.page))
}

async fn order() -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body("{\"id\":7}")
}

fn orders() -> actix_web::Resource {
    web::resource("/api/orders/7").get(order).put(order)
}

async fn authenticate(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    if request.headers().contains_key(AUTHORIZATION) || request.path() == "/health" {
        Ok(next.call(request).await?.map_into_boxed_body())
    } else {
        Ok(request.into_response(HttpResponse::Unauthorized().finish()).map_into_boxed_body())
    }
}

/// Turns what is inside into an error page of its own, as a transaction that fails does.
async fn fail(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_preflight = request.method() == "OPTIONS";
    let response = next.call(request).await?;
    if is_preflight { Ok(response) } else { Err(error::ErrorInternalServerError("no commit")) }
}

async fn add_star(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    response.headers_mut().append(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    Ok(response)
}

/// The same application for each thread of the server: all that is inside is built again.
macro_rules! app {
    ($site:ident => $app:expr) => {{
        let page = $site.page.clone();
        run(move || {
            let $site = Site { page: page.clone(), port: 0 };
            $app
        })
    }};
}

pub(crate) fn faults() -> Vec<Fault> {
    use actix_web::middleware::from_fn;
    vec![
        fault(
            "actix around the application",
            "nothing-wrong",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site))),
        )
        .method("PUT")
        .header("X-Trace", "1")
        .sent()
        .verdict("allowed"),
        fault(
            "actix around a resource",
            "nothing-wrong",
            |site| app!(site => App::new().service(orders().wrap(cors(&site)))),
        )
        .method("PUT")
        .sent()
        .verdict("allowed"),
        fault(
            "actix around the application, and nothing is found",
            "nothing-wrong",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site))),
        )
        .url("http://127.0.0.1:{}/api/other")
        .verdict("allowed")
        .says("404"),
        fault("actix around a route", "options-not-routed", |site| {
            app!(site => App::new().service(
                web::resource("/api/orders/7")
                    .route(web::get().to(order).wrap(cors(&site)))
                    .route(web::put().to(order).wrap(cors(&site))),
            ))
        })
        .method("PUT")
        .option("--try-get")
        .certain("order"),
        fault("actix behind a guard for the method", "options-not-routed", |site| {
            app!(site => App::new()
                .service(web::scope("/api").guard(guard::Get()).service(web::resource("/orders/7").get(order)).wrap(cors(&site))))
        })
        .header("X-Trace", "1")
        .certain("order"),
        fault(
            "actix with authentication in front",
            "authentication-in-front",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site)).wrap(from_fn(authenticate))),
        )
        .header("Authorization", "Bearer 7")
        .certain("order"),
        fault(
            "actix with authentication inside",
            "nothing-wrong",
            |site| app!(site => App::new().service(orders()).wrap(from_fn(authenticate)).wrap(cors(&site))),
        )
        .header("Authorization", "Bearer 7")
        .verdict("allowed"),
        fault(
            "actix with an error made outside",
            "hidden-error",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site)).wrap(from_fn(fail))),
        )
        .header("X-Trace", "1")
        .certain("server"),
        fault(
            "actix with an error made inside",
            "nothing-wrong",
            |site| app!(site => App::new().service(orders()).wrap(from_fn(fail)).wrap(cors(&site))),
        )
        .verdict("allowed")
        .says("500"),
        fault("actix around one scope of two", "no-cors", |site| {
            app!(site => App::new()
                .service(web::scope("/other").wrap(cors(&site)))
                .service(orders()))
        })
        .likely("no-cors", "server"),
        fault("actix inside of another that lists others", "origin-not-listed", |site| {
            app!(site => App::new()
                .service(web::scope("/api").service(web::resource("/orders/7").get(order)).wrap(cors(&site)))
                .wrap(Cors::new(policy("https://shop.example"))))
        })
        .header("X-Trace", "1")
        .certain("headers"),
        fault(
            "actix inside of a layer that adds a star",
            "two-writers",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site)).wrap(from_fn(add_star))),
        )
        .certain("front"),
        fault("actix that refuses others", "origin-not-listed", |_| {
            run(|| {
                let cors = Cors::new(policy("https://shop.example")).reject_disallowed_origins();
                App::new().service(orders()).wrap(cors)
            })
        })
        .method("PUT")
        .certain("headers"),
        fault(
            "actix without the method",
            "method-not-listed",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site))),
        )
        .method("DELETE")
        .certain("headers"),
        fault(
            "actix without credentials",
            "credentials-not-allowed",
            |site| app!(site => App::new().service(orders()).wrap(cors(&site))),
        )
        .credentials()
        .certain("headers"),
    ]
}
