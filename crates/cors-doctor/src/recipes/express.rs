use super::{
    Grant, Ingredients,
    quote::{list, single},
};

pub(super) fn four(grant: &Grant) -> Ingredients {
    recipe(grant, "app.options('*', cors(options)) before the routes, or app.use(cors(options))")
}

pub(super) fn five(grant: &Grant) -> Ingredients {
    recipe(
        grant,
        "app.use(cors(options)) before the routes; Express 5 has no path '*', it is '/{*path}' there",
    )
}

fn recipe(grant: &Grant, respond_to_options: &'static str) -> Ingredients {
    let mut options = vec![format!("origin: [{}]", single(&grant.origin))];
    for (option, values) in
        [("methods", &grant.methods), ("allowedHeaders", &grant.headers), ("exposedHeaders", &grant.exposed)]
    {
        if !values.is_empty() {
            options.push(format!("{option}: [{}]", list(values, single)));
        }
    }
    if grant.credentials {
        options.push("credentials: true".to_owned());
    }
    Ingredients {
        code: format!(
            "const cors = require('cors')\n\nconst app = express()\napp.use(cors({{\n  {},\n}}))\n// authentication and routes come after it",
            options.join(",\n  ")
        ),
        allow: format!("app.use(cors({{ {} }})), before the routes", options.join(", ")),
        before_others: "app.use(cors(options)) before app.use(authentication)",
        respond_to_options,
        on_errors: "app.use(cors(options)) first; an error handler must not remove headers",
        one_writer: "remove the headers from the proxy in front, or res.setHeader from the handlers",
        traps: &[
            "methods and allowedHeaders replace the defaults: name every method that pages use.",
            "origin: '*' with credentials: true sends *, which browsers refuse.",
            "A string as origin is sent to everybody; a list is compared with the request.",
        ],
    }
}
