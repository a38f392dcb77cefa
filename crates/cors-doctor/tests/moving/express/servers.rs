//! The move itself. The guide shows the function's body as it is here.

use crate::document::{Regions, body, manifest};

pub(super) fn regions() -> Regions {
    let rust = format!("```rust\n{}\n```", body(include_str!("servers.rs"), "the_move", "ours"));
    Regions::from([("servers".to_owned(), rust), ("manifest".to_owned(), manifest("the npm package cors"))])
}

#[allow(dead_code, reason = "only compiled: it would serve for ever")]
mod the_move {
    use std::error::Error;

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
