//! What either refuses when the server starts.

use std::time::Duration;

use actix_web_cors::{Policy, PolicyBuilder};
use axum::http::{HeaderValue, Method, header};
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, Any, CorsLayer};

use crate::{
    document::{Regions, code, table},
    served::APP,
};

fn theirs() -> CorsLayer {
    CorsLayer::new().allow_origin([origin(APP)])
}

fn ours() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

fn origin(text: &'static str) -> HeaderValue {
    HeaderValue::from_static(text)
}

/// Whether the server would start: the layer panics where it is put around a router.
fn starts(layer: impl FnOnce() -> CorsLayer) -> bool {
    crate::panic_of(|| axum::Router::<()>::new().layer(layer())).is_none()
}

fn ours_says(policy: PolicyBuilder) -> String {
    match policy.build() {
        Ok(_) => "starts".to_owned(),
        Err(invalid) => {
            let problem = invalid.problems()[0].to_string();
            problem.split_once(": ").map_or(problem.clone(), |(_, why)| why.to_owned())
        }
    }
}

macro_rules! row {
    (|$a:ident| $theirs:expr, |$b:ident| $ours:expr) => {{
        let ($a, $b) = (theirs(), ours());
        let (code_theirs, code_ours) =
            (code(stringify!($theirs), stringify!($a)), code(stringify!($ours), stringify!($b)));
        let theirs = if starts(|| $theirs) { "starts" } else { "panics" };
        vec![code_theirs, code_ours, theirs.to_owned(), ours_says($ours)]
    }};
}

#[allow(clippy::too_many_lines, reason = "a table")]
pub(super) fn regions() -> Regions {
    let rows = [
        row!(|theirs| theirs.allow_origin(Any).allow_credentials(true), |ours| ours
            .allow_origins(["*"])
            .allow_credentials()),
        row!(|theirs| theirs.allow_origin(AllowOrigin::mirror_request()).allow_credentials(true), |ours| {
            ours.allow_origins(["*"]).allow_credentials()
        }),
        row!(|theirs| theirs.allow_methods(Any).allow_credentials(true), |ours| ours
            .allow_methods(["*"])
            .allow_credentials()),
        row!(|theirs| theirs.allow_headers(Any).allow_credentials(true), |ours| ours
            .allow_headers(["*"])
            .allow_credentials()),
        row!(|theirs| theirs.expose_headers(Any).allow_credentials(true), |ours| ours
            .expose_headers(["*"])
            .allow_credentials()),
        row!(|theirs| theirs.allow_origin([origin("*")]), |ours| ours.allow_origins(["*"])),
        row!(|theirs| theirs.allow_origin([origin("https://app.example/")]), |ours| ours
            .allow_origins(["https://app.example/"])),
        row!(|theirs| theirs.allow_origin([origin("app.example")]), |ours| ours
            .allow_origins(["app.example"])),
        row!(|theirs| theirs.allow_origin([origin("null")]), |ours| ours.allow_origins(["null"])),
        row!(|theirs| theirs.allow_headers([header::ORIGIN]), |ours| ours.allow_headers(["origin"])),
        row!(|theirs| theirs.allow_headers([header::COOKIE]), |ours| ours.allow_headers(["cookie"])),
        row!(|theirs| theirs.allow_methods([Method::TRACE]), |ours| ours.allow_methods(["TRACE"])),
        row!(|theirs| theirs.max_age(Duration::from_secs(172_800)), |ours| ours
            .max_age(Duration::from_secs(172_800))),
    ];
    // Echoing methods and headers is how `tower-http` says it.
    assert!(starts(|| {
        let layer = theirs().allow_methods(AllowMethods::mirror_request());
        layer.allow_headers(AllowHeaders::mirror_request()).allow_credentials(true)
    }));
    let head = ["there", "here", "`tower-http`", "`actix-web-cors`"];
    Regions::from([("refused".to_owned(), table(&head, &rows))])
}
