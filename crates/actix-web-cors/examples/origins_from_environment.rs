//! Origins from an environment variable, with cookies: the same program on each stage, and each stage's own front ends.
//!
//!     ALLOWED_ORIGINS='https://app.example.com, http://localhost:5173' cargo run -p actix-web-cors --example origins_from_environment
//!
//! Each of them may send cookies and read the response; nobody else may:
//!
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: https://app.example.com'
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: http://localhost:5173'
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: https://other.example'
//!
//! Try `ALLOWED_ORIGINS=app.example.com`, or leave the variable out: the program ends and says what to write. `*` is refused, too,
//! because any site could then act as your users.

use std::{env, error::Error};

use actix_web::{App, HttpResponse, HttpServer, web};
use actix_web_cors::{Cors, Policy};

fn policy() -> Result<Policy, Box<dyn Error>> {
    // No default: one that is right on your machine is wrong on the server, and then nobody notices that the variable is missing.
    let origins = env::var("ALLOWED_ORIGINS").map_err(|error| {
        format!("ALLOWED_ORIGINS: {error}. Set it to a comma-separated list such as https://app.example.com")
    })?;
    let policy = Policy::builder()
        .allow_origins_from(&origins)
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type"])
        .allow_credentials()
        .build()
        .inspect_err(|_| eprintln!("in ALLOWED_ORIGINS:"))?;
    Ok(policy)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let policy = policy()?;
    println!("{}", policy.summary());

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new().wrap(Cors::new(policy.clone())).service(
            web::resource("/notes")
                .get(|| async { HttpResponse::Ok().json(["milk", "bread"]) })
                .put(HttpResponse::NoContent),
        )
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
