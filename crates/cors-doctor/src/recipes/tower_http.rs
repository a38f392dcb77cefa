use super::{Grant, Ingredients, quote::double};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let parsed = |values: &[String], kind: &str| {
        let values = values.iter().map(|value| format!("{}.parse::<{kind}>()?", double(value)));
        values.collect::<Vec<_>>().join(", ")
    };
    let mut calls = vec![format!(".allow_origin([{}.parse::<HeaderValue>()?])", double(&grant.origin))];
    if !grant.methods.is_empty() {
        calls.push(format!(".allow_methods([{}])", parsed(&grant.methods, "Method")));
    }
    if !grant.headers.is_empty() {
        calls.push(format!(".allow_headers([{}])", parsed(&grant.headers, "HeaderName")));
    }
    if !grant.exposed.is_empty() {
        calls.push(format!(".expose_headers([{}])", parsed(&grant.exposed, "HeaderName")));
    }
    if grant.credentials {
        calls.push(".allow_credentials(true)".to_owned());
    }
    Ingredients {
        code: format!(
            "let cors = CorsLayer::new()\n    {};\n\nlet app = Router::new()\n    .route(\"/items\", get(items))\n    .layer(cors);",
            calls.join("\n    ")
        ),
        allow: format!("CorsLayer::new(){}", calls.concat()),
        before_others: "Router::new()….layer(authentication).layer(cors): the last layer is the outermost",
        respond_to_options: ".layer(cors) on the whole Router, after its routes; not .route_layer(cors)",
        on_errors: ".layer(cors) as the last layer, outside of timeouts, limits and CatchPanicLayer",
        one_writer: "remove the headers from the proxy in front, or .layer(cors)",
        traps: &[
            "A layer covers only routes that were added before it: call .layer(cors) last.",
            "Any with allow_credentials(true) panics: list origins.",
            "An empty list of headers or methods allows none; CorsLayer::new() lists nothing.",
        ],
    }
}
