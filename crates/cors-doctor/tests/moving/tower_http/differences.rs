//! What a team notices first, whatever it had set up.

use std::time::Duration;

use actix_web_cors::{Cors, InvalidPolicy, Policy};
use axum::http::{HeaderValue, Method, header};
use tower_http::cors::CorsLayer;

use super::layer_served;
use crate::{
    document::{Regions, table},
    served::{APP, EVIL, Wire, response, served},
};

fn theirs() -> CorsLayer {
    CorsLayer::new()
        .allow_origin([HeaderValue::from_static(APP)])
        .allow_methods([Method::GET, Method::PUT])
        .allow_headers([header::CONTENT_TYPE])
        .max_age(Duration::from_secs(3600))
}

fn ours() -> Result<Cors, InvalidPolicy> {
    let policy = Policy::builder()
        .allow_origins([APP])
        .allow_methods(["PUT"])
        .allow_headers(["content-type"])
        .max_age(Duration::from_secs(3600))
        .build()?;
    Ok(Cors::new(policy))
}

/// A request in words and as it is, what to look at, and the two responses.
type Row = (&'static str, Wire, &'static [&'static str], &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "a preflight that is granted",
        ("OPTIONS", &[("origin", APP), ("access-control-request-method", "PUT")]),
        &[],
        "200",
        "204",
    ),
    (
        "a preflight from another origin",
        ("OPTIONS", &[("origin", EVIL), ("access-control-request-method", "PUT")]),
        &["access-control-allow-origin", "access-control-allow-methods"],
        "200, no `access-control-allow-origin`, `access-control-allow-methods: GET, PUT`",
        "403, no `access-control-allow-origin`, no `access-control-allow-methods`",
    ),
    (
        "a preflight for a method that is not listed, `DELETE`",
        ("OPTIONS", &[("origin", APP), ("access-control-request-method", "DELETE")]),
        &["access-control-allow-methods"],
        "200, `access-control-allow-methods: GET, PUT`",
        "204, `access-control-allow-methods: PUT`",
    ),
    (
        "an `OPTIONS` that is not a preflight (only the handler writes `x-total`)",
        ("OPTIONS", &[("origin", APP)]),
        &["x-total"],
        "200, no `x-total`",
        "200, `x-total: 3`",
    ),
    (
        "`GET` from another origin",
        ("GET", &[("origin", EVIL)]),
        &["access-control-allow-origin", "vary"],
        "200, no `access-control-allow-origin`, `vary: origin`",
        "200, no `access-control-allow-origin`, `vary: origin`",
    ),
];

pub(super) async fn regions() -> Regions {
    let mut rows = Vec::new();
    for &(words, wire, show, expected_theirs, expected_ours) in ROWS {
        let theirs = response!(layer_served!(theirs()), wire, show);
        let ours = response!(served!(ours().expect("a policy")), wire, show);
        assert_eq!((theirs.as_str(), ours.as_str()), (expected_theirs, expected_ours), "{words}");
        rows.push(vec![words.to_owned(), theirs, ours]);
    }
    let rows = table(&["request", "`tower-http`", "`actix-web-cors`"], &rows);
    Regions::from([("differences".to_owned(), rows)])
}
