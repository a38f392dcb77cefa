use super::{
    Grant, Ingredients,
    quote::{double, list},
};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let origins = format!("CORS_ALLOWED_ORIGINS = [{}]", double(&grant.origin));
    let mut settings = vec![origins.clone()];
    let mut imports = Vec::new();
    if !grant.methods.is_empty() {
        imports.push("default_methods");
        settings.push(format!("CORS_ALLOW_METHODS = (*default_methods, {})", list(&grant.methods, double)));
    }
    if !grant.headers.is_empty() {
        imports.push("default_headers");
        settings.push(format!("CORS_ALLOW_HEADERS = (*default_headers, {})", list(&grant.headers, double)));
    }
    if !grant.exposed.is_empty() {
        settings.push(format!("CORS_EXPOSE_HEADERS = [{}]", list(&grant.exposed, double)));
    }
    if grant.credentials {
        settings.push("CORS_ALLOW_CREDENTIALS = True".to_owned());
    }
    let allow = settings.join("; ");
    imports.sort_unstable();
    let import = if imports.is_empty() {
        String::new()
    } else {
        format!("from corsheaders.defaults import {}\n\n", imports.join(", "))
    };
    Ingredients {
        code: format!(
            "{import}INSTALLED_APPS = [\"corsheaders\", *INSTALLED_APPS]\nMIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", *MIDDLEWARE]\n{}",
            settings.join("\n")
        ),
        allow,
        before_others: "MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", …]: first",
        respond_to_options: "MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", …]: first, before CommonMiddleware",
        on_errors: "MIDDLEWARE = [\"corsheaders.middleware.CorsMiddleware\", …]: first",
        one_writer: "remove the headers from the proxy in front, or from the views",
        traps: &[
            "CORS_ALLOWED_ORIGIN_REGEXES are matched at the beginning only: end each with $.",
            "APPEND_SLASH redirects a URL without its slash, which a preflight can't follow: request the URL with the slash.",
            "A POST with cookies needs the origin in CSRF_TRUSTED_ORIGINS, too.",
        ],
    }
}
