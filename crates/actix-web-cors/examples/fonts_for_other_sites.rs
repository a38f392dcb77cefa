//! Static files that every site may use: fonts, which browsers always request by CORS, and whatever else is public.
//!
//!     cargo run -p actix-web-cors --example fonts_for_other_sites
//!     cargo run -p actix-web-cors --example fonts_for_other_sites -- your/folder
//!
//! `fonts/square.woff2`, next to this file, has a single glyph, U+25A0. A page of any site shows it by
//! `@font-face { font-family: Square; src: url(http://127.0.0.1:8080/fonts/square.woff2) }`, and this is what the browser gets:
//!
//!     curl -si http://127.0.0.1:8080/fonts/square.woff2 -H 'Origin: https://other.example' -o /dev/null -D -
//!
//! - `Access-Control-Allow-Origin: *`, whoever requests it and without `Vary: Origin`: a cache keeps one copy for all sites.
//! - `Cache-Control`: the file is not requested again for a year, so a new version needs a new name. A 404 must not be kept, so it
//!   doesn't have this header.
//! - `Cross-Origin-Resource-Policy: cross-origin`: pages with a `Cross-Origin-Embedder-Policy` may embed a file without CORS, too, as
//!   an `<img>` does.
//! - `Timing-Allow-Origin: *`: their scripts may see how long it took (`PerformanceResourceTiming`), which CORS does not allow.
//!
//! Serve nothing from here that depends on who the user is.

use std::{env, error::Error, time::Duration};

use actix_files::Files;
use actix_web::{
    App, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, CROSS_ORIGIN_RESOURCE_POLICY, HeaderName, HeaderValue},
    },
    middleware::{Next, from_fn},
    web,
};
use actix_web_cors::{Cors, Policy};

async fn public_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let mut response = next.call(request).await?;
    let is_found = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    if is_found {
        let a_year = HeaderValue::from_static("public, max-age=31536000, immutable");
        headers.insert(CACHE_CONTROL, a_year);
    }
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    headers.insert(HeaderName::from_static("timing-allow-origin"), HeaderValue::from_static("*"));
    Ok(response)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt().init();
    let folder =
        env::args().nth(1).unwrap_or(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/fonts").to_owned());
    // A font needs no preflight. A script that sends a header of its own does, and need not send it again for a day.
    let policy = Policy::any_origin().with_max_age(Duration::from_secs(86_400))?;

    let port = env::var("PORT").map_or(Ok(8080), |port| port.parse())?;
    let server = HttpServer::new(move || {
        App::new().service(
            web::scope("/fonts")
                .wrap(from_fn(public_headers))
                .wrap(Cors::new(policy.clone()))
                .service(Files::new("", &folder)),
        )
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
