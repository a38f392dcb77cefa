use super::{
    Grant, Ingredients,
    quote::{double, list},
};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let mut calls = vec![format!(".WithOrigins({})", double(&grant.origin))];
    for (call, values) in [
        ("WithMethods", &grant.methods),
        ("WithHeaders", &grant.headers),
        ("WithExposedHeaders", &grant.exposed),
    ] {
        if !values.is_empty() {
            calls.push(format!(".{call}({})", list(values, double)));
        }
    }
    if grant.credentials {
        calls.push(".AllowCredentials()".to_owned());
    }
    Ingredients {
        code: format!(
            "builder.Services.AddCors(options => options.AddDefaultPolicy(policy => policy\n    {}));\n\napp.UseRouting();\napp.UseCors();\napp.UseAuthentication();\napp.UseAuthorization();",
            calls.join("\n    ")
        ),
        allow: format!("options.AddDefaultPolicy(policy => policy{})", calls.concat()),
        before_others: "app.UseCors() after app.UseRouting(), before app.UseAuthentication()",
        respond_to_options: "app.UseCors() after app.UseRouting(), before app.UseAuthorization()",
        on_errors: "app.UseCors() before what fails; app.UseExceptionHandler() before app.UseCors()",
        one_writer: "remove the headers from the proxy in front, or from IIS (customHeaders in web.config)",
        traps: &[
            "An origin with a slash at its end never matches.",
            "AllowAnyOrigin with AllowCredentials throws at the start.",
        ],
    }
}
