use super::{
    Grant, Ingredients,
    quote::{double, list},
};

pub(super) fn recipe(grant: &Grant) -> Ingredients {
    let mut calls = vec![format!("cors.setAllowedOrigins(List.of({}));", double(&grant.origin))];
    for (call, values) in [
        ("setAllowedMethods", &grant.methods),
        ("setAllowedHeaders", &grant.headers),
        ("setExposedHeaders", &grant.exposed),
    ] {
        if !values.is_empty() {
            calls.push(format!("cors.{call}(List.of({}));", list(values, double)));
        }
    }
    if grant.credentials {
        calls.push("cors.setAllowCredentials(true);".to_owned());
    }
    let allow = calls.join(" ");
    Ingredients {
        code: format!(
            "@Bean\nSecurityFilterChain security(HttpSecurity http) throws Exception {{\n    return http\n        .cors(Customizer.withDefaults())\n        // what else the chain has\n        .build();\n}}\n\n@Bean\nCorsConfigurationSource corsConfigurationSource() {{\n    var cors = new CorsConfiguration();\n    {}\n    var source = new UrlBasedCorsConfigurationSource();\n    source.registerCorsConfiguration(\"/**\", cors);\n    return source;\n}}",
            calls.join("\n    ")
        ),
        allow,
        before_others: "http.cors(Customizer.withDefaults()) in the SecurityFilterChain, with a CorsConfigurationSource bean",
        respond_to_options: "http.cors(Customizer.withDefaults()) in the SecurityFilterChain",
        on_errors: "http.cors(Customizer.withDefaults()): the filter runs before what fails",
        one_writer: "remove the headers from the proxy in front, or @CrossOrigin where the bean covers it",
        traps: &[
            "WebMvcConfigurer.addCorsMappings and @CrossOrigin alone are not enough under Spring Security: preflights get 401 before they run.",
            "setAllowedOrigins(List.of(\"*\")) with credentials throws at the first request, which becomes a 500.",
            "setAllowedMethods replaces the defaults: name every method that pages use.",
        ],
    }
}
