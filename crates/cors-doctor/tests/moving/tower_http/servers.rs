//! The move itself. The guide shows the functions' bodies as they are here.

use crate::document::{Regions, dependency, manifest, side_by_side};

pub(super) fn regions() -> Regions {
    let servers = side_by_side("tower-http", include_str!("servers.rs"), "the_move");
    Regions::from([
        ("servers".to_owned(), servers),
        ("manifest".to_owned(), manifest(&dependency("tower-http"))),
    ])
}

#[allow(dead_code, reason = "only compiled: they would serve for ever")]
mod the_move {
    use std::error::Error;

    async fn theirs() -> Result<(), Box<dyn Error>> {
        use axum::{
            Router,
            http::{HeaderValue, Method, header},
            routing::put,
        };
        use tower_http::cors::CorsLayer;

        let cors = CorsLayer::new()
            .allow_origin(["https://app.example".parse::<HeaderValue>()?])
            .allow_methods([Method::PUT])
            .allow_headers([header::CONTENT_TYPE]);
        let app = Router::new().route("/notes", put(|| async {})).layer(cors);
        axum::serve(tokio::net::TcpListener::bind(("127.0.0.1", 8080)).await?, app).await?;
        Ok(())
    }

    async fn ours() -> Result<(), Box<dyn Error>> {
        use actix_web::{App, HttpResponse, HttpServer, web};
        use actix_web_cors::{Cors, Policy};

        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;
        // Actix Web builds one application for each of its workers.
        HttpServer::new(move || {
            let cors = Cors::new(policy.clone());
            App::new().wrap(cors).route("/notes", web::put().to(HttpResponse::Ok))
        })
        .bind(("127.0.0.1", 8080))?
        .run()
        .await?;
        Ok(())
    }
}
