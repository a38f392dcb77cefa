//! What `actix-cors` starts with, and this library refuses to.

use std::time::Duration;

use actix_web::{dev::Transform as _, test::ok_service};
use actix_web_cors::{Policy, PolicyBuilder, testing::Browser};

use crate::{
    document::{Regions, code, table},
    served::{APP, Sent, seen, served},
};

fn theirs() -> actix_cors::Cors {
    actix_cors::Cors::default()
}

fn ours() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

/// The code of both, and what each does with it when the server starts.
macro_rules! row {
    (|$a:ident| $theirs:expr, |$b:ident| $ours:expr) => {{
        let ($a, $b) = (theirs(), ours());
        let starts = $theirs.new_transform(ok_service()).into_inner().is_ok();
        let there = code(stringify!($theirs), stringify!($a));
        let instead = code(stringify!($ours), stringify!($b));
        let invalid = $ours.build().expect_err(&instead);
        let [problem] = invalid.problems() else { panic!("{instead}: {invalid}") };
        let problem = problem.to_string();
        let (_, why) = problem.split_once(": ").expect("a reason");
        assert!(starts, "{there}: it does not start either");
        vec![there, instead, why.to_owned()]
    }};
}

pub(super) fn regions() -> Regions {
    let rows = [
        row!(|theirs| theirs.allowed_header("origin"), |ours| ours.allow_headers(["origin"])),
        row!(|theirs| theirs.allowed_header("cookie"), |ours| ours.allow_headers(["cookie"])),
        row!(|theirs| theirs.allowed_header("referer"), |ours| ours.allow_headers(["referer"])),
        row!(|theirs| theirs.allowed_header("content-length"), |ours| ours.allow_headers(["content-length"])),
        row!(|theirs| theirs.allowed_header("access-control-allow-origin"), |ours| ours
            .allow_headers(["access-control-allow-origin"])),
        row!(|theirs| theirs.max_age(172_800), |ours| ours.max_age(Duration::from_secs(172_800))),
        row!(|theirs| theirs.allowed_origin("null"), |ours| ours.allow_origins(["null"])),
        row!(|theirs| theirs.allowed_origin("https://app.example/"), |ours| ours
            .allow_origins(["https://app.example/"])),
        row!(|theirs| theirs.allowed_origin("app.example"), |ours| ours.allow_origins(["app.example"])),
        row!(|theirs| theirs.allow_any_origin().supports_credentials(), |ours| ours
            .allow_origins(["*"])
            .allow_credentials()),
        row!(|theirs| theirs.allowed_origin("http://app.example.com").supports_credentials(), |ours| ours
            .allow_origins(["http://app.example.com"])
            .allow_credentials()),
        row!(|theirs| theirs.allowed_methods(["patch"]), |ours| ours.allow_methods(["patch"])),
        row!(|theirs| theirs.allowed_methods(["TRACE"]), |ours| ours.allow_methods(["TRACE"])),
        row!(|theirs| theirs.expose_headers(["set-cookie"]), |ours| ours.expose_headers(["set-cookie"])),
    ];
    let variables = [
        "https://app.example,https://b.example",
        "https://app.example, https://b.example",
        "https://app.example,",
        "https://app.example/",
        "*",
        "",
    ];
    let variables: Vec<Vec<String>> = variables.into_iter().map(variable).collect();
    Regions::from(
        [
            ("refused", table(&["there", "here", "why it is refused"], &rows)),
            ("variables", table(&["the variable", "`actix-cors`", "`actix-web-cors`"], &variables)),
        ]
        .map(|(name, rows)| (name.to_owned(), rows)),
    )
}

/// A variable with a list: there split at commas, here by `allow_origins_from`; whether either starts.
fn variable(text: &str) -> Vec<String> {
    let theirs = text.split(',').fold(theirs(), actix_cors::Cors::allowed_origin);
    let theirs =
        if theirs.new_transform(ok_service()).into_inner().is_ok() { "starts" } else { "does not start" };
    let ours = match Policy::builder().allow_origins_from(text).build() {
        Ok(policy) if policy.allows_any_origin() => "starts, and allows any origin".to_owned(),
        Ok(_) => "starts".to_owned(),
        Err(invalid) => format!("does not start: {}", invalid.problems()[0]),
    };
    vec![format!("`{text:?}`"), theirs.to_owned(), ours]
}

/// What the guide says below the table of variables.
pub(crate) async fn with_a_slash_at_the_end_actix_cors_starts_and_matches_no_page() {
    let theirs = theirs().allowed_origin("https://b.example/").allowed_methods(["GET"]);
    let seen = seen(Browser::new(served!(theirs)), &[("https://b.example", Sent::Get)]).await;
    assert!(!seen[0].is_allowed);
}
