//! The move itself, and what becomes of tests. The guide shows the functions' bodies as they are here.

use crate::document::{Regions, dependency, manifest, side_by_side};

pub(super) fn regions() -> Regions {
    let both = |name| (String::from(name), side_by_side("actix-cors", include_str!("checklist.rs"), name));
    Regions::from([
        both("servers"),
        both("tests"),
        ("manifest".to_owned(), manifest(&dependency("actix-cors"))),
    ])
}

#[allow(dead_code, reason = "only compiled: they would serve for ever")]
mod servers {
    use actix_web::{App, HttpResponse, HttpServer, web};

    async fn theirs() -> std::io::Result<()> {
        use actix_cors::Cors;

        HttpServer::new(|| {
            let cors = Cors::default()
                .allowed_origin("https://app.example")
                .allowed_methods(["GET", "PUT"])
                .allowed_header("content-type");
            App::new().wrap(cors).route("/notes", web::put().to(HttpResponse::NoContent))
        })
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
        Ok(())
    }

    async fn ours() -> std::io::Result<()> {
        use actix_web_cors::{Cors, Policy};

        // Once, before anything listens: a mistake ends `main` here, with its correction.
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;

        HttpServer::new(move || {
            let cors = Cors::new(policy.clone());
            App::new().wrap(cors).route("/notes", web::put().to(HttpResponse::NoContent))
        })
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
        Ok(())
    }
}

pub(crate) mod tests {
    use actix_web::{
        App, HttpResponse,
        http::Method,
        test::{TestRequest, call_service, init_service},
        web,
    };
    use actix_web_cors::{Cors, Policy};

    pub(crate) async fn both_pass() {
        theirs().await;
        ours().await.expect("a policy");
    }

    async fn theirs() {
        let cors = actix_cors::Cors::default().allowed_origin("https://app.example").allowed_methods(["PUT"]);
        let app = App::new().wrap(cors).route("/notes", web::put().to(HttpResponse::NoContent));
        let app = init_service(app).await;

        let preflight = |origin| {
            let request = TestRequest::with_uri("/notes").method(Method::OPTIONS);
            request.insert_header(("Origin", origin)).insert_header(("Access-Control-Request-Method", "PUT"))
        };
        let response = call_service(&app, preflight("https://app.example").to_request()).await;
        assert_eq!(response.status(), 200);
        let response = call_service(&app, preflight("https://evil.example").to_request()).await;
        assert_eq!(response.status(), 400);
    }

    async fn ours() -> Result<(), Box<dyn std::error::Error>> {
        use actix_web_cors::testing::{Browser, assert_allowed, assert_blocked, put};

        let policy =
            Policy::builder().allow_origins(["https://app.example"]).allow_methods(["PUT"]).build()?;
        let app = App::new().wrap(Cors::new(policy)).route("/notes", web::put().to(HttpResponse::NoContent));
        let browser = Browser::new(init_service(app).await);

        assert_allowed!(browser.page("https://app.example").fetch(put("/notes")).await);
        assert_blocked!(browser.page("https://evil.example").fetch(put("/notes")).await);
        Ok(())
    }
}

/// What the guide says about old clients.
pub(crate) async fn preflight_status_gives_the_old_status_back() {
    let policy = actix_web_cors::Policy::allow_origin(crate::served::APP).expect("a policy");
    let cors = actix_web_cors::Cors::new(policy).preflight_status(200);
    let preflight =
        ("OPTIONS", &[("origin", crate::served::APP), ("access-control-request-method", "PUT")][..]);
    assert_eq!(crate::served::response!(crate::served::served!(cors), preflight, &[]), "200");
}
