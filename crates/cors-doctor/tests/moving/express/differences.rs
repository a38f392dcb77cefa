//! What a team notices first, whatever it had set up.

use actix_web_cors::{Cors, InvalidPolicy, Policy};

use super::{Express, express_served};
use crate::{
    document::{Regions, table},
    served::{APP, EVIL, Wire, response, served},
};

pub(super) const THEIRS: &str = "app.use(cors({ origin: ['https://app.example'] }))";

fn ours() -> Result<Cors, InvalidPolicy> {
    Ok(Cors::new(Policy::builder().allow_origins([APP]).build()?))
}

/// A request in words and as it is, what to look at, and the two responses.
type Row = (&'static str, Wire, &'static [&'static str], &'static str, &'static str);

const ROWS: &[Row] = &[
    (
        "a preflight for `PUT` with the header `x-a`, which nobody listed",
        (
            "OPTIONS",
            &[
                ("origin", APP),
                ("access-control-request-method", "PUT"),
                ("access-control-request-headers", "x-a"),
            ],
        ),
        &["access-control-allow-methods", "access-control-allow-headers"],
        "204, `access-control-allow-methods: DELETE, GET, HEAD, PATCH, POST, PUT`, `access-control-allow-headers: x-a`",
        "204, `access-control-allow-methods: GET, HEAD, POST`, no `access-control-allow-headers`",
    ),
    (
        "a preflight from another origin",
        ("OPTIONS", &[("origin", EVIL), ("access-control-request-method", "PUT")]),
        &["access-control-allow-origin", "access-control-allow-methods"],
        "204, no `access-control-allow-origin`, `access-control-allow-methods: DELETE, GET, HEAD, PATCH, POST, PUT`",
        "403, no `access-control-allow-origin`, no `access-control-allow-methods`",
    ),
    (
        "an `OPTIONS` that is not a preflight (only the handler writes `x-total`)",
        ("OPTIONS", &[("origin", APP)]),
        &["x-total"],
        "204, no `x-total`",
        "200, `x-total: 3`",
    ),
    (
        "`Vary` of a `GET`",
        ("GET", &[("origin", APP)]),
        &["vary"],
        "200, `vary: Origin`",
        "200, `vary: origin`",
    ),
    (
        "`GET` from another origin",
        ("GET", &[("origin", EVIL)]),
        &["access-control-allow-origin"],
        "200, no `access-control-allow-origin`",
        "200, no `access-control-allow-origin`",
    ),
];

pub(super) async fn regions(express: &Express) -> Regions {
    let mut rows = Vec::new();
    for &(words, wire, show, expected_theirs, expected_ours) in ROWS {
        let theirs = response!(express_served!(express, THEIRS), wire, show);
        let ours = response!(served!(ours().expect("a policy")), wire, show);
        assert_eq!((theirs.as_str(), ours.as_str()), (expected_theirs, expected_ours), "{words}");
        rows.push(vec![words.to_owned(), theirs, ours]);
    }
    let rows = table(&["request", "`cors`", "`actix-web-cors`"], &rows);
    Regions::from([("differences".to_owned(), rows)])
}
