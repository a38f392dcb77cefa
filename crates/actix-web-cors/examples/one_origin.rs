//! One front end on one other origin, without cookies: the smallest set-up.
//!
//!     cargo run -p actix-web-cors --example one_origin
//!
//! Send what a browser sends for a page of `http://localhost:5173`. The first response says which origin may read it; the
//! second is to a preflight, and allows the `PUT`:
//!
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: http://localhost:5173'
//!     curl -i -X OPTIONS http://127.0.0.1:8080/notes -H 'Origin: http://localhost:5173' -H 'Access-Control-Request-Method: PUT'
//!
//! A page of another origin can't read the notes, and the server prints why. Its preflight gets a 403:
//!
//!     curl -i http://127.0.0.1:8080/notes -H 'Origin: https://other.example'
//!     curl -i -X OPTIONS http://127.0.0.1:8080/notes -H 'Origin: https://other.example' -H 'Access-Control-Request-Method: PUT'

use std::{env, error::Error};

use actix_web::{App, HttpResponse, HttpServer, web};
use actix_web_cors::{Cors, Policy};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Prints each refusal with its reason, which a browser doesn't tell the page's script.
    tracing_subscriber::fmt().init();

    // Any method and any header, without cookies. A mistake such as "http://localhost:5173/" ends the program here, and the
    // error says what to write instead.
    let policy = Policy::allow_origin("http://localhost:5173")?;
    println!("{}", policy.summary());

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        // Around the whole application, so that preflights reach it before the routes look at their method.
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
