use super::{Grant, Ingredients, quote::double};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    // A dollar sign would begin a variable, and nothing quotes it.
    let value = |text: &str| double(&text.replace('$', ""));
    let mut lines = vec!["add_header Access-Control-Allow-Origin $cors_origin always;".to_owned()];
    if grant.credentials {
        lines.push("add_header Access-Control-Allow-Credentials true always;".to_owned());
    }
    for (name, values) in [
        ("Access-Control-Allow-Methods", &grant.methods),
        ("Access-Control-Allow-Headers", &grant.headers),
        ("Access-Control-Expose-Headers", &grant.exposed),
    ] {
        if !values.is_empty() {
            lines.push(format!("add_header {name} {} always;", value(&values.join(", "))));
        }
    }
    lines.push("add_header Vary Origin always;".to_owned());
    let allow = format!(
        "map $http_origin $cors_origin {{ {} $http_origin; }} and {}",
        value(&grant.origin),
        lines.join(" ")
    );
    Ingredients {
        code: format!(
            "# in http {{ }}\nmap $http_origin $cors_origin {{\n    {} $http_origin;\n}}\n\n# in the location\n{}\nif ($request_method = OPTIONS) {{\n    return 204;\n}}",
            value(&grant.origin),
            lines.join("\n")
        ),
        allow,
        before_others: "if ($request_method = OPTIONS) { return 204; } in the location, which runs before auth_request",
        respond_to_options: "if ($request_method = OPTIONS) { return 204; } in the location, next to its add_header lines",
        on_errors: "add_header Access-Control-Allow-Origin $cors_origin always; without always, errors get no header",
        one_writer: "proxy_hide_header Access-Control-Allow-Origin; where nginx writes it; or remove nginx's add_header",
        traps: &[
            "Without always, add_header leaves out every error response.",
            "add_header is not inherited by a block that has an add_header of its own: repeat all of them there.",
            "If the application behind it writes the headers, too, they are there twice: proxy_hide_header for each, or remove nginx's.",
        ],
    }
}
