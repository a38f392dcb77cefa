//! `docs/from-tower-http.md`.

mod differences;
mod options;
mod refused;
mod servers;
mod set_ups;
mod uses;

use std::io;

use crate::document::{self, Regions};

/// Every method of `tower_http::cors::CorsLayer`, and what its values are made by.
const THEIRS: [&str; 18] = [
    "new",
    "permissive",
    "very_permissive",
    "allow_credentials",
    "allow_headers",
    "max_age",
    "allow_methods",
    "allow_origin",
    "expose_headers",
    "allow_private_network",
    "vary",
    "Any",
    "exact",
    "list",
    "mirror_request",
    "predicate",
    "async_predicate",
    "dynamic",
];

pub(crate) async fn guide() {
    let mut regions = Regions::new();
    regions.extend(differences::regions().await);
    regions.extend(set_ups::regions().await);
    regions.extend(uses::regions().await);
    regions.extend(options::regions().await);
    regions.extend(refused::regions());
    regions.extend(servers::regions());
    regions.insert("versions".to_owned(), document::measured("tower-http", document::locked("tower-http")));
    document::check("from-tower-http.md", regions, &THEIRS);
}

/// The handler of every application.
async fn handler() -> [(&'static str, &'static str); 1] {
    [("x-total", "3")]
}

/// Serves on a port of loopback for as long as the test runs.
fn serve(router: axum::Router) -> io::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    listener.set_nonblocking(true)?;
    let port = listener.local_addr()?.port();
    let listener = tokio::net::TcpListener::from_std(listener)?;
    actix_web::rt::spawn(async move { axum::serve(listener, router).await });
    Ok(port)
}

/// A router as an application in memory.
macro_rules! router_served {
    ($router:expr) => {
        $crate::relay::relayed!($crate::tower_http::serve($router).expect("a port"), "")
    };
}
use router_served;

/// A router with one layer around every path.
macro_rules! layer_served {
    ($layer:expr) => {
        $crate::tower_http::router_served!(
            axum::Router::new().fallback($crate::tower_http::handler).layer($layer)
        )
    };
}
use layer_served;
