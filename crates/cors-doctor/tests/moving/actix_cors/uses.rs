//! Kinds of use: applications that hold more than one middleware around one router.

use actix_web_cors::testing::Browser;

use crate::{
    document::{Regions, body, table},
    served::{APP, EVIL, Sent, seen_at},
};

/// What a page's script sends to a path.
type Fetch = (&'static str, Sent, &'static str);

macro_rules! uses {
    ($($name:ident;)*) => {
        pub(super) async fn regions() -> Regions {
            let mut regions = Regions::new();
            $({
                let theirs = Browser::new(actix_web::test::init_service($name::theirs()).await);
                let ours = $name::ours().expect(stringify!($name));
                let ours = Browser::new(actix_web::test::init_service(ours).await);
                let mut rows = Vec::new();
                for &(page, sent, path) in $name::FETCHES {
                    let (left, right) = (seen_at(&theirs, page, sent, path).await, seen_at(&ours, page, sent, path).await);
                    let words = format!("{}, `{path}`, from `{page}`", sent.words());
                    assert!(!right.is_allowed || left.is_allowed, "{}: {words}", stringify!($name));
                    rows.push(vec![words, left.words().to_owned(), right.words().to_owned()]);
                }
                let source = include_str!("uses.rs");
                let text = format!(
                    "```rust\n// actix-cors\n{}\n\n// actix-web-cors\n{}\n```\n\n{}",
                    body(source, stringify!($name), "theirs"),
                    body(source, stringify!($name), "ours"),
                    table(&["request", "`actix-cors`", "`actix-web-cors`"], &rows)
                );
                regions.insert(stringify!($name).to_owned(), text);
            })*
            regions
        }
    };
}

uses! {
    scopes;
    by_path;
    registered;
    condition;
}

/// What an application is made of, whatever its middleware makes of a body.
macro_rules! app {
    () => {
        App<
            impl ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<impl MessageBody>,
                Error = actix_web::Error,
                InitError = (),
            >,
        >
    };
}

mod scopes {
    use actix_web::{
        App,
        body::MessageBody,
        dev::{ServiceFactory, ServiceRequest, ServiceResponse},
        web,
    };
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};
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
    use actix_web::{
        App,
        body::MessageBody,
        dev::{ServiceFactory, ServiceRequest, ServiceResponse},
        web,
    };
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};
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

    use actix_web::{
        App,
        body::MessageBody,
        dev::{ServiceFactory, ServiceRequest, ServiceResponse},
        http::header::HeaderValue,
        web,
    };
    use actix_web_cors::{Cors, Origin, Policy};

    use super::{EVIL, Fetch, Sent};
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
    use actix_web::{
        App,
        body::MessageBody,
        dev::{ServiceFactory, ServiceRequest, ServiceResponse},
        middleware::Condition,
        web,
    };
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};
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
