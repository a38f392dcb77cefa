//! Preview deployments, whose origins nobody knows in advance, for an API with cookies.
//!
//!     STAGE=preview cargo run -p actix-web-cors --example preview_deployments
//!
//! The number of a pull request stands inside the first label, so the pattern has its `*` there:
//!
//!     curl -i http://127.0.0.1:8080/cart -H 'Origin: https://pr-42.shop.example'
//!     curl -i http://127.0.0.1:8080/cart -H 'Origin: https://shop-git-fix-cart-team.vercel.app'
//!
//! The `*` matches only letters, digits and `-`, so these origins are not allowed:
//!
//!     curl -i http://127.0.0.1:8080/cart -H 'Origin: https://pr-42.evil.shop.example'
//!     curl -i http://127.0.0.1:8080/cart -H 'Origin: https://pr-42.shop.example.evil.example'
//!
//! **What it means:** whoever can open a pull request can run a script in its preview, and that script acts as any user who opens
//! it. So give previews an API of their own, with test accounts, and leave the patterns out of production (`STAGE=production`). When
//! the program starts, it prints these risks.

use std::{env, error::Error};

use actix_web::{App, HttpServer, web};
use actix_web_cors::{Cors, InvalidPolicy, Policy};

fn policy(stage: &str) -> Result<Policy, InvalidPolicy> {
    let policy = Policy::builder().allow_origins(["https://shop.example"]).allow_credentials();
    if stage != "preview" {
        return policy.build();
    }
    policy
        // Names below a domain that is yours: nobody else can deploy there.
        .allow_origins(["https://pr-*.shop.example"])
        // Names below a host's domain are first come, first served: a stranger can choose one that matches. The policy takes such
        // an entry only in this list, and moving it to the other one is an error that says so.
        .danger_allow_origins(["https://shop-git-*-team.vercel.app"])
        .build()
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    // A stage that nobody named is production: forgetting the variable allows less, not more.
    let policy = policy(&env::var("STAGE").unwrap_or_default())?;
    println!("{}", policy.summary());

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Cors::new(policy.clone()))
            .route("/cart", web::get().to(|| async { "three bottles of milk" }))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
