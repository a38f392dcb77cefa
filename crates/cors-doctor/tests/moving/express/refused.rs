//! What `cors` starts with, and this library refuses to.

use std::time::Duration;

use actix_web_cors::{Policy, PolicyBuilder};

use crate::{
    document::{Regions, code, table},
    served::APP,
};

fn ours() -> PolicyBuilder {
    Policy::builder().allow_origins([APP])
}

/// The options there, and what is refused here. All of them are in the program that runs, so there they start.
macro_rules! rows {
    ($($options:literal, $b:ident => $ours:expr;)*) => {
        pub(super) const ALL: &[&str] = &[$(concat!("app.use(cors({ ", $options, " }))")),*];

        pub(super) fn regions() -> Regions {
            let rows = vec![$({
                let $b = ours();
                let here = code(stringify!($ours), stringify!($b));
                let invalid = $ours.build().expect_err(&here);
                let [problem] = invalid.problems() else { panic!("{here}: {invalid}") };
                let problem = problem.to_string();
                let (_, why) = problem.split_once(": ").expect("a reason");
                vec![format!("`{}`", $options), here, why.to_owned()]
            }),*];
            Regions::from([("refused".to_owned(), table(&["there", "here", "why it is refused"], &rows))])
        }
    };
}

rows! {
    "origin: true, credentials: true", ours => ours.allow_origins(["*"]).allow_credentials();
    "origin: ['https://app.example/']", ours => ours.allow_origins(["https://app.example/"]);
    "origin: ['app.example']", ours => ours.allow_origins(["app.example"]);
    "origin: ['null']", ours => ours.allow_origins(["null"]);
    "origin: ['http://app.example.com'], credentials: true",
        ours => ours.allow_origins(["http://app.example.com"]).allow_credentials();
    "allowedHeaders: ['origin']", ours => ours.allow_headers(["origin"]);
    "allowedHeaders: ['cookie']", ours => ours.allow_headers(["cookie"]);
    "allowedHeaders: ['Access-Control-Allow-Origin']", ours => ours.allow_headers(["Access-Control-Allow-Origin"]);
    "methods: ['patch']", ours => ours.allow_methods(["patch"]);
    "methods: ['GET,PUT']", ours => ours.allow_methods(["GET,PUT"]);
    "exposedHeaders: ['set-cookie']", ours => ours.expose_headers(["set-cookie"]);
    "maxAge: 172800", ours => ours.max_age(Duration::from_secs(172_800));
}
