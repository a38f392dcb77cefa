//! An application behind nginx: who writes the CORS headers, what nginx has to forward, and how to do without CORS.
//!
//!     cargo run -p actix-web-cors --example behind_nginx
//!     nginx -p "$(mktemp -d)" -c "$PWD/crates/actix-web-cors/examples/nginx.conf"
//!
//! `nginx.conf`, next to this file, shows both ways. **The API at an origin of its own** is on port 8001. Only the application
//! writes CORS headers, and nginx passes preflights on, too:
//!
//!     curl -i http://127.0.0.1:8001/notes -H 'Origin: https://app.example.com'
//!     curl -i -X OPTIONS http://127.0.0.1:8001/notes -H 'Origin: https://app.example.com' -H 'Access-Control-Request-Method: PUT'
//!
//! **The page and the API at one origin** are on port 8002: open `http://127.0.0.1:8002/`. Its script sends `PUT /api/notes` without a
//! preflight, and needs no policy. If you can choose, choose this. `reject_disallowed_origins` lets the request pass, because it is
//! same-origin: the browser says so in `Sec-Fetch-Site`, or else `Origin` and `Host` agree. So nginx must leave `Host` as it is:
//!
//!     curl -i -X PUT http://127.0.0.1:8002/api/notes -H 'Origin: http://127.0.0.1:8002'
//!     curl -i -X PUT http://127.0.0.1:8002/api/notes -H 'Origin: https://other.example'
//!
//! The last one gets a 403.

use std::{env, error::Error};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use actix_web_cors::{Cors, Policy};

/// The address of the client, and the URL's start that it sees: both from `X-Forwarded-…`, which anybody could send, if nginx
/// didn't replace them.
async fn notes(request: HttpRequest) -> String {
    let connection = request.connection_info();
    let client = connection.realip_remote_addr().unwrap_or("nobody");
    format!("notes for {client}, from {}://{}\n", connection.scheme(), connection.host())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["PUT"])
        .allow_credentials()
        .build()?;

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(Cors::new(policy.clone()).reject_disallowed_origins())
            .service(web::resource("/notes").get(notes).put(HttpResponse::NoContent))
    })
    // On loopback, so that nobody reaches the application without nginx.
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
