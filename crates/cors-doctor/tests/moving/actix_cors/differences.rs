//! What a team notices first, whatever it had set up.

use std::time::Duration;

use actix_web_cors::{Cors, InvalidPolicy, Policy};

use crate::{
    document::{Regions, table},
    served::{APP, Wire, response, served},
};

fn theirs() -> actix_cors::Cors {
    actix_cors::Cors::default()
        .allowed_origin(APP)
        .allowed_methods(["GET", "PUT"])
        .allowed_header("content-type")
        .max_age(3600)
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

const METHODS: &str = "access-control-allow-methods";
const HEADERS: &str = "access-control-allow-headers";

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
        ("OPTIONS", &[("origin", "https://evil.example"), ("access-control-request-method", "PUT")]),
        &["access-control-allow-origin"],
        "400, no `access-control-allow-origin`",
        "403, no `access-control-allow-origin`",
    ),
    (
        "a preflight for a method that is not listed, `DELETE`",
        ("OPTIONS", &[("origin", APP), ("access-control-request-method", "DELETE")]),
        &[METHODS],
        "400, no `access-control-allow-methods`",
        "204, `access-control-allow-methods: PUT`",
    ),
    (
        "a preflight for a header that is not listed, `x-a`",
        (
            "OPTIONS",
            &[
                ("origin", APP),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "x-a"),
            ],
        ),
        &[HEADERS],
        "400, no `access-control-allow-headers`",
        "204, `access-control-allow-headers: content-type`",
    ),
    (
        "a preflight for `POST`, which is listed in neither",
        (
            "OPTIONS",
            &[
                ("origin", APP),
                ("access-control-request-method", "POST"),
                ("access-control-request-headers", "content-type"),
            ],
        ),
        &[],
        "400",
        "204",
    ),
    (
        "`Vary` of a `GET`",
        ("GET", &[("origin", APP)]),
        &["vary"],
        "200, `vary: Access-Control-Request-Headers, Access-Control-Request-Method, Origin`",
        "200, `vary: origin`",
    ),
    (
        "an `OPTIONS` that is not a preflight, because it has no `Origin`",
        ("OPTIONS", &[("access-control-request-method", "PUT")]),
        &[],
        "400",
        "200",
    ),
];

pub(super) async fn regions() -> Regions {
    let mut rows = Vec::new();
    for &(words, wire, show, expected_theirs, expected_ours) in ROWS {
        let theirs = response!(served!(theirs()), wire, show);
        let ours = response!(served!(ours().expect("a policy")), wire, show);
        assert_eq!((theirs.as_str(), ours.as_str()), (expected_theirs, expected_ours), "{words}");
        rows.push(vec![words.to_owned(), theirs, ours]);
    }
    Regions::from([(
        "differences".to_owned(),
        table(&["request", "`actix-cors`", "`actix-web-cors`"], &rows),
    )])
}
