//! Kinds of use: applications that hold more than one middleware around one router.

use crate::{
    served::{APP, EVIL, Sent},
    set_ups::{PathFetch as Fetch, app, applications},
};

applications! {
    "actix-cors", app_served, include_str!("uses.rs");
    scopes;
    by_path;
    registered;
    condition;
    function;
}

mod scopes {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        (EVIL, Sent::Get, "/public/items"),
        (EVIL, Sent::GetWithCookies, "/public/items"),
        (APP, Sent::GetWithCookies, "/account/items"),
        (EVIL, Sent::GetWithCookies, "/account/items"),
    ];

    pub(super) fn theirs() -> app!() {
        let public = actix_cors::Cors::default().allow_any_origin().allow_any_method().allow_any_header();
        let private = actix_cors::Cors::default()
            .allowed_origin("https://app.example")
            .allowed_methods(["GET", "POST"])
            .supports_credentials();
        App::new()
            .service(web::scope("/public").wrap(public).route("/items", web::get().to(handler)))
            .service(web::scope("/account").wrap(private).route("/items", web::get().to(handler)))
    }

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let public = Policy::any_origin();
        let private = Policy::builder().allow_origins(["https://app.example"]).allow_credentials().build()?;
        Ok(App::new()
            .service(web::scope("/public").wrap(Cors::new(public)).route("/items", web::get().to(handler)))
            .service(web::scope("/account").wrap(Cors::new(private)).route("/items", web::get().to(handler))))
    }
}

mod by_path {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        (EVIL, Sent::Get, "/widget/items"),
        (APP, Sent::Get, "/account/items"),
        (EVIL, Sent::Get, "/account/items"),
    ];

    pub(super) fn theirs() -> app!() {
        let cors = actix_cors::Cors::default()
            .allowed_origin("https://app.example")
            .allowed_origin_fn(|_, head| head.uri.path().starts_with("/widget/"))
            .allowed_methods(["GET"]);
        App::new().wrap(cors).default_service(web::to(handler))
    }

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let (public, private) = (Policy::any_origin(), Policy::allow_origin("https://app.example")?);
        let cors = Cors::per_request(move |request| {
            if request.path().starts_with("/widget/") { public.clone() } else { private.clone() }
        });
        Ok(App::new().wrap(cors.ignores_origin()).default_service(web::to(handler)))
    }
}

mod registered {
    use std::{
        collections::HashSet,
        sync::{Arc, RwLock},
    };

    use actix_web::{App, http::header::HeaderValue, web};
    use actix_web_cors::{Cors, Origin, Policy};

    use super::{EVIL, Fetch, Sent, app};
    use crate::served::handler;

    type Failed = Box<dyn std::error::Error>;

    pub(super) const FETCHES: &[Fetch] =
        &[("https://shop.example", Sent::Get, "/items"), (EVIL, Sent::Get, "/items")];

    pub(super) fn theirs() -> app!() {
        let shops = HashSet::from([HeaderValue::from_static("https://shop.example")]);
        let shops = Arc::new(RwLock::new(shops));
        let cors = actix_cors::Cors::default()
            .allowed_origin_fn(move |origin, _| shops.read().is_ok_and(|shops| shops.contains(origin)))
            .allowed_methods(["GET"]);
        App::new().wrap(cors).default_service(web::to(handler))
    }

    pub(super) fn ours() -> Result<app!(), Failed> {
        let shops: HashSet<Origin> = HashSet::from(["https://shop.example".parse()?]);
        let shops = Arc::new(RwLock::new(shops));
        let policy = Policy::allow_origin("https://app.example")?;
        let cors = Cors::new(policy).allow_origins_if("shops", move |origin, _| {
            shops.read().is_ok_and(|shops| shops.contains(origin))
        });
        Ok(App::new().wrap(cors).default_service(web::to(handler)))
    }
}

mod condition {
    use actix_web::{App, middleware::Condition, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[(EVIL, Sent::Get, "/items")];

    pub(super) fn theirs() -> app!() {
        let is_enabled = true;
        let cors = actix_cors::Cors::default().allow_any_origin().allow_any_method().allow_any_header();
        App::new().wrap(Condition::new(is_enabled, cors)).default_service(web::to(handler))
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let is_enabled = true;
        let cors = Cors::new(Policy::any_origin());
        Ok(App::new().wrap(Condition::new(is_enabled, cors)).default_service(web::to(handler)))
    }
}

mod function {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::PutJson, "/items"), (EVIL, Sent::PutJson, "/items")];

    pub(super) fn theirs() -> app!() {
        fn cors(front_ends: &[String]) -> actix_cors::Cors {
            let cors = actix_cors::Cors::default().allowed_methods(["PUT"]).allowed_header("content-type");
            front_ends.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
        }

        let front_ends = ["https://app.example".to_owned()];
        App::new().wrap(cors(&front_ends)).default_service(web::to(handler))
    }

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        fn policy(front_ends: &[String]) -> Result<Policy, InvalidPolicy> {
            Policy::builder()
                .allow_origins(front_ends)
                .allow_methods(["PUT"])
                .allow_headers(["content-type"])
                .build()
        }

        let front_ends = ["https://app.example".to_owned()];
        let policy = policy(&front_ends)?; // before `HttpServer::new`, whose closure can't return an error
        Ok(App::new().wrap(Cors::new(policy.clone())).default_service(web::to(handler)))
    }
}
