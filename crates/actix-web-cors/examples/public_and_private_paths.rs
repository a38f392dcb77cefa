//! Two policies in one application: data that anybody may read, and the account of a user who is logged in.
//!
//!     cargo run -p actix-web-cors --example public_and_private_paths
//!
//! Any page may read the prices, but only the front end may read the account, with cookies:
//!
//!     curl -i http://127.0.0.1:8080/public/prices -H 'Origin: https://other.example'
//!     curl -i http://127.0.0.1:8080/account/orders -H 'Origin: https://other.example'
//!     curl -i http://127.0.0.1:8080/account/orders -H 'Origin: https://app.example.com'
//!     curl -i http://127.0.0.1:8080/media/shared/1 -H 'Origin: https://other.example'
//!     curl -i http://127.0.0.1:8080/media/own/1 -H 'Origin: https://other.example'
//!
//! Which of the two ways?
//!
//! - **By scope**, if your routes are grouped already. Each policy stands next to what it is for. A path outside of all scopes has no
//!   policy, so a page that requests it sees a CORS error and not the 404.
//! - **Per request**, if one service has both kinds of paths, or if a tenant or a host decides. A preflight has the URL of the actual
//!   request, but no cookie, no `Authorization` and no header of your own. So look only at the path, the query and the host.

use std::{env, error::Error};

use actix_web::{App, HttpServer, web};
use actix_web_cors::{Cors, Policy};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let public = Policy::any_origin();
    let private = Policy::builder().allow_origins(["https://app.example.com"]).allow_credentials().build()?;

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        let (shared, own) = (public.clone(), private.clone());
        let by_path = Cors::per_request(move |request| {
            if request.path().starts_with("/media/shared/") { shared.clone() } else { own.clone() }
        });
        App::new()
            .service(
                web::scope("/public")
                    .wrap(Cors::new(public.clone()))
                    .route("/prices", web::get().to(|| async { "milk 1.20" })),
            )
            .service(
                web::scope("/account")
                    .wrap(Cors::new(private.clone()))
                    .route("/orders", web::get().to(|| async { "three bottles of milk" })),
            )
            .service(
                web::scope("/media")
                    // The closure looks at the path only. So `Vary` need not name `Origin`, and a cache keeps one copy for all.
                    .wrap(by_path.ignores_origin())
                    .route("/{owner}/{id}", web::get().to(|| async { "a picture" })),
            )
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
