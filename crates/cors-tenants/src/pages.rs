//! The pages, as files in the program: there is nothing to install.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
    web::{self, Data, Path, Redirect, ServiceConfig},
};

use crate::api::{Service, Tenant};

/// Scripts, styles and requests only of the service's own, no inline ones, and nobody may frame a page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const HOME: &str = include_str!("../pages/home.html");
const TENANT: &str = include_str!("../pages/tenant.html");
const MISSING: &str = include_str!("../pages/missing.html");

/// Name, type and text.
const ASSETS: [(&str, &str, &str); 5] = [
    ("style.css", "text/css; charset=utf-8", include_str!("../pages/style.css")),
    ("home.js", "text/javascript; charset=utf-8", include_str!("../pages/home.js")),
    ("tenant.js", "text/javascript; charset=utf-8", include_str!("../pages/tenant.js")),
    ("request.js", "text/javascript; charset=utf-8", include_str!("../pages/request.js")),
    ("icon.svg", "image/svg+xml", include_str!("../pages/icon.svg")),
];

/// The pages that belong to no tenant.
pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(|| async { page(StatusCode::OK, HOME) }))
        .route("/favicon.ico", web::get().to(|| async { Redirect::to("/assets/icon.svg") }))
        .route("/assets/{name}", web::get().to(asset));
}

/// A tenant's page.
pub(crate) fn tenant_routes(config: &mut ServiceConfig) {
    config.route("/", web::get().to(tenant)).route("", web::get().to(add_slash));
}

async fn tenant(service: Data<Service>, tenant: Option<Tenant>) -> HttpResponse {
    let is_known = match tenant {
        // Without the database nobody knows; the page then says what is wrong.
        Some(Tenant(tenant)) => !matches!(service.instance().policy(&tenant).await, Ok(None)),
        None => false,
    };
    if is_known { page(StatusCode::OK, TENANT) } else { page(StatusCode::NOT_FOUND, MISSING) }
}

/// What the page links to is relative to its folder.
async fn add_slash(Tenant(tenant): Tenant) -> Redirect {
    Redirect::to(format!("/t/{tenant}/"))
}

async fn asset(name: Path<String>) -> HttpResponse {
    match ASSETS.iter().find(|(asset, ..)| *asset == *name) {
        Some((_, kind, text)) => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, *kind))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(*text),
        None => page(StatusCode::NOT_FOUND, MISSING),
    }
}

fn page(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY))
        .body(text)
}
