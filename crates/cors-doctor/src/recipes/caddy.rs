use super::{Grant, Ingredients, quote::double};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let mut lines = vec![format!("Access-Control-Allow-Origin {}", double(&grant.origin))];
    if grant.credentials {
        lines.push("Access-Control-Allow-Credentials true".to_owned());
    }
    for (name, values) in [
        ("Access-Control-Allow-Methods", &grant.methods),
        ("Access-Control-Allow-Headers", &grant.headers),
        ("Access-Control-Expose-Headers", &grant.exposed),
    ] {
        if !values.is_empty() {
            lines.push(format!("{name} {}", double(&values.join(", "))));
        }
    }
    lines.push("+Vary Origin".to_owned());
    let origin = double(&grant.origin);
    Ingredients {
        code: format!(
            "@cors header Origin {origin}\nheader @cors {{\n\t{}\n}}\n\n@preflight {{\n\tmethod OPTIONS\n\theader Access-Control-Request-Method *\n}}\nrespond @preflight 204",
            lines.join("\n\t")
        ),
        allow: format!("@cors header Origin {origin} and header @cors {{ {} }}", lines.join("; ")),
        before_others: "respond @preflight 204 with the matcher method OPTIONS; it runs before reverse_proxy",
        respond_to_options: "@preflight method OPTIONS and respond @preflight 204",
        on_errors: "header @cors { … } without defer: deferred headers are not on Caddy's own error responses",
        one_writer: "reverse_proxy … { header_down -Access-Control-Allow-Origin }, or remove the header directive",
        traps: &[
            "If the application behind it writes the headers, too, they are there twice: header_down -Access-Control-Allow-Origin.",
        ],
    }
}
