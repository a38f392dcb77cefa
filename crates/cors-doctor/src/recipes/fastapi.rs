use super::{
    Grant, Ingredients,
    quote::{double, list},
};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let mut arguments = vec![format!("allow_origins=[{}]", double(&grant.origin))];
    for (argument, values) in [
        ("allow_methods", &grant.methods),
        ("allow_headers", &grant.headers),
        ("expose_headers", &grant.exposed),
    ] {
        if !values.is_empty() {
            arguments.push(format!("{argument}=[{}]", list(values, double)));
        }
    }
    if grant.credentials {
        arguments.push("allow_credentials=True".to_owned());
    }
    Ingredients {
        code: format!(
            "from starlette.middleware.cors import CORSMiddleware\n\n# After all routes. As the outermost layer it covers unhandled errors, too.\napp = CORSMiddleware(\n    app,\n    {},\n)",
            arguments.join(",\n    ")
        ),
        allow: format!("app = CORSMiddleware(app, {})", arguments.join(", ")),
        before_others: "app = CORSMiddleware(app, …) after everything else: add_middleware puts the last one outermost",
        respond_to_options: "app = CORSMiddleware(app, …) around the application, not a dependency of a route",
        on_errors: "app = CORSMiddleware(app, …): app.add_middleware does not cover an unhandled 500",
        one_writer: "remove the headers from the proxy in front, or CORSMiddleware",
        traps: &[
            "app.add_middleware(CORSMiddleware, …) stays inside of the handler for unhandled errors, so a 500 has no CORS headers.",
            "allow_methods replaces the default, which is GET alone.",
            "allow_origins=[\"*\"] with allow_credentials=True lets every site in with cookies.",
        ],
    }
}
