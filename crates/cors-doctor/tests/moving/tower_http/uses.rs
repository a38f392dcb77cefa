//! Where the layer stands.

use super::router_served;
use crate::{
    served::{APP, EVIL, Sent},
    set_ups::{PathFetch as Fetch, app, applications},
};

applications! {
    "tower-http", router_served, include_str!("uses.rs");
    route;
    nested;
    looked_up;
}

mod route {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use axum::{
        Router,
        http::{HeaderValue, Method, header},
        routing::get,
    };
    use tower_http::cors::CorsLayer;

    use super::{super::handler as items, APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::PutJson, "/items"), (EVIL, Sent::PutJson, "/items")];

    pub(super) fn theirs() -> Router {
        let cors = CorsLayer::new()
            .allow_origin([HeaderValue::from_static("https://app.example")])
            .allow_methods([Method::PUT])
            .allow_headers([header::CONTENT_TYPE]);
        Router::new().route("/items", get(items).put(items).layer(cors))
    }

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;
        // Around the resource: around `web::put()`, it would never see a preflight.
        Ok(App::new().service(web::resource("/items").wrap(Cors::new(policy)).get(handler).put(handler)))
    }
}

mod nested {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use axum::{Router, http::HeaderValue, routing::get};
    use tower_http::cors::{Any, CorsLayer};

    use super::{super::handler as items, APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        (EVIL, Sent::Get, "/public/items"),
        (APP, Sent::GetWithCookies, "/account/items"),
        (EVIL, Sent::GetWithCookies, "/account/items"),
    ];

    pub(super) fn theirs() -> Router {
        let public = CorsLayer::new().allow_origin(Any);
        let private = CorsLayer::new()
            .allow_origin([HeaderValue::from_static("https://app.example")])
            .allow_credentials(true);
        Router::new()
            .nest("/public", Router::new().route("/items", get(items)).layer(public))
            .nest("/account", Router::new().route("/items", get(items)).layer(private))
    }

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let public = Policy::builder().allow_origins(["*"]).build()?;
        let private = Policy::builder().allow_origins(["https://app.example"]).allow_credentials().build()?;
        Ok(App::new()
            .service(web::scope("/public").wrap(Cors::new(public)).route("/items", web::get().to(handler)))
            .service(web::scope("/account").wrap(Cors::new(private)).route("/items", web::get().to(handler))))
    }
}

mod looked_up {
    use actix_web::{App, dev::ServiceRequest, http::header, web};
    use actix_web_cors::{Cors, InvalidPolicy, Origin, Policy};
    use axum::Router;
    use tower_http::cors::{AllowOrigin, CorsLayer};

    use super::{super::handler as items, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] =
        &[("https://shop.example", Sent::Get, "/items"), (EVIL, Sent::Get, "/items")];

    /// As if it waited for a database.
    #[allow(clippy::unused_async, reason = "stands for what waits")]
    async fn is_registered(origin: impl AsRef<[u8]>) -> bool {
        origin.as_ref() == b"https://shop.example"
    }

    pub(super) fn theirs() -> Router {
        let origins = AllowOrigin::async_predicate(|origin, _| async move { is_registered(&origin).await });
        Router::new().fallback(items).layer(CorsLayer::new().allow_origin(origins))
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let cors = Cors::per_request_async(|request: &ServiceRequest| {
            let origin = request.headers().get(header::ORIGIN).and_then(|line| line.to_str().ok());
            let origin: Option<Origin> = origin.and_then(|origin| origin.parse().ok());
            async move {
                match origin {
                    Some(origin) if is_registered(origin.as_str()).await => Policy::allow_origin(origin),
                    _ => Ok(Policy::deny_all()),
                }
            }
        });
        Ok(App::new().wrap(cors).default_service(web::to(handler)))
    }
}
