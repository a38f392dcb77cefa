use std::fmt::Write as _;

use super::{
    Grant, Ingredients,
    quote::{double, list},
};

pub(super) fn actix_web_cors(grant: &Grant) -> Ingredients {
    let mut calls = format!(".allow_origins([{}])", double(&grant.origin));
    for (call, values) in [
        ("allow_methods", &grant.methods),
        ("allow_headers", &grant.headers),
        ("expose_headers", &grant.exposed),
    ] {
        if !values.is_empty() {
            let _ = write!(calls, ".{call}([{}])", list(values, double));
        }
    }
    if grant.credentials {
        calls += ".allow_credentials()";
    }
    let code = format!(
        "let policy = Policy::builder(){}\n    .build()?;\n\nHttpServer::new(move || App::new().wrap(Cors::new(policy.clone())))",
        calls.replace(".allow_", "\n    .allow_").replace(".expose_", "\n    .expose_")
    );
    Ingredients {
        code,
        allow: format!("Policy::builder(){calls}.build()?"),
        before_others: "App::new().wrap(authentication).wrap(Cors::new(policy)): the last wrap is the outermost",
        respond_to_options: "App::new().wrap(Cors::new(policy)), not web::resource(…).wrap(…)",
        on_errors: "App::new().wrap(Cors::new(policy)) as the last wrap covers every error response",
        one_writer: "remove the headers from the proxy in front, or this middleware",
        traps: &["The last wrap is the outermost: wrap Cors last."],
    }
}

pub(super) fn actix_cors(grant: &Grant) -> Ingredients {
    // It compares every requested method with the list, GET and POST, too.
    let mut methods = vec!["GET".to_owned(), "POST".to_owned()];
    methods
        .extend(grant.methods.iter().filter(|method| !["GET", "POST"].contains(&method.as_str())).cloned());
    let mut calls = format!(".allowed_origin({})", double(&grant.origin));
    for (call, values) in [
        ("allowed_methods", &methods),
        ("allowed_headers", &grant.headers),
        ("expose_headers", &grant.exposed),
    ] {
        if !values.is_empty() {
            let _ = write!(calls, ".{call}([{}])", list(values, double));
        }
    }
    if grant.credentials {
        calls += ".supports_credentials()";
    }
    let code = format!(
        "HttpServer::new(|| {{\n    let cors = Cors::default(){};\n    App::new().wrap(cors)\n}})",
        calls
            .replace(".allowed_", "\n        .allowed_")
            .replace(".expose_", "\n        .expose_")
            .replace(".supports_", "\n        .supports_")
    );
    Ingredients {
        code,
        allow: format!("Cors::default(){calls}"),
        before_others: "App::new().wrap(authentication).wrap(cors): the last wrap is the outermost",
        respond_to_options: "App::new().wrap(cors), not web::resource(…).wrap(cors)",
        on_errors: "App::new().wrap(cors) as the last wrap",
        one_writer: "remove the headers from the proxy in front, or .wrap(cors)",
        traps: &[
            "The last wrap is the outermost: wrap Cors last.",
            "Name every method that pages use in allowed_methods, GET and POST, too: a preflight for any other gets 400.",
        ],
    }
}
