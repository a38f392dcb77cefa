//! Whole set-ups. The guide shows the functions' bodies as they are here.

use super::layer_served;
use crate::{
    served::{APP, EVIL, Fetch, Sent},
    set_ups::set_ups,
};

set_ups! {
    "tower-http", layer_served, include_str!("set_ups.rs");
    default [];
    permissive [];
    very_permissive [];
    environment [];
    suffix [];
    expose_all [];
    apps_and_devices [];
}

mod default {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use tower_http::cors::CorsLayer;

    use super::{APP, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::Get), (APP, Sent::PutJson)];

    pub(super) fn theirs() -> CorsLayer {
        CorsLayer::new()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::deny_all()))
    }
}

mod permissive {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use tower_http::cors::CorsLayer;

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> CorsLayer {
        CorsLayer::permissive()
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // If scripts read no header of yours, `Policy::any_origin()` is enough.
        let policy = Policy::builder()
            .allow_origins(["*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .expose_headers(["*"])
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod very_permissive {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use tower_http::cors::CorsLayer;

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("http://localhost:5173", Sent::GetWithCookies),
        ("http://127.0.0.1:3000", Sent::PutJson),
        (EVIL, Sent::GetWithCookies),
    ];

    pub(super) fn theirs() -> CorsLayer {
        CorsLayer::very_permissive()
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // Everything, but only for pages from this machine.
        let policy = Policy::builder()
            .allow_origins(["http://localhost:*", "http://127.0.0.1:*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod environment {
    use std::env;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use axum::http::{HeaderValue, Method, header};
    use tower_http::cors::CorsLayer;

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        (APP, Sent::GetWithCookies),
        ("https://admin.example", Sent::PutJson),
        (EVIL, Sent::GetWithCookies),
        (EVIL, Sent::PutJson),
    ];

    pub(super) fn theirs() -> CorsLayer {
        let variable = env::var("FRONT_ENDS")
            .unwrap_or_else(|_| "https://app.example, https://admin.example".to_owned());
        // What is not a header value is left out, and nobody is told.
        let origins: Vec<HeaderValue> =
            variable.split(',').filter_map(|origin| origin.trim().parse().ok()).collect();
        CorsLayer::new()
            .allow_origin(origins)
            .allow_methods([Method::GET, Method::POST, Method::PUT])
            .allow_headers([header::CONTENT_TYPE])
            .allow_credentials(true)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let variable = env::var("FRONT_ENDS")
            .unwrap_or_else(|_| "https://app.example, https://admin.example".to_owned());
        let policy = Policy::builder()
            .allow_origins_from(&variable)
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod suffix {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use tower_http::cors::{AllowOrigin, CorsLayer};

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("https://example.com", Sent::Get),
        ("https://app.example.com", Sent::Get),
        ("https://evilexample.com", Sent::Get),
        ("http://app.example.com", Sent::Get),
    ];

    pub(super) fn theirs() -> CorsLayer {
        CorsLayer::new()
            .allow_origin(AllowOrigin::predicate(|origin, _| origin.as_bytes().ends_with(b"example.com")))
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy =
            Policy::builder().allow_origins(["https://example.com", "https://*.example.com"]).build()?;
        Ok(Cors::new(policy))
    }
}

mod expose_all {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use axum::http::{HeaderName, HeaderValue};
    use tower_http::cors::CorsLayer;

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::GetWithCookies), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> CorsLayer {
        // `Any` panics with credentials.
        CorsLayer::new()
            .allow_origin([HeaderValue::from_static("https://app.example")])
            .expose_headers([HeaderName::from_static("x-total")])
            .allow_credentials(true)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // Each response lists its own headers.
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .expose_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod apps_and_devices {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};
    use tower_http::cors::{AllowOrigin, CorsLayer};

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("tauri://localhost", Sent::Get),
        ("http://tauri.localhost", Sent::Get),
        ("http://192.168.1.20:5173", Sent::Get),
        ("http://192.168.evil.example", Sent::Get),
    ];

    pub(super) fn theirs() -> CorsLayer {
        CorsLayer::new().allow_origin(AllowOrigin::predicate(|origin, _| {
            origin == "tauri://localhost"
                || origin == "http://tauri.localhost"
                || origin.as_bytes().starts_with(b"http://192.168.")
        }))
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["tauri://localhost", "http://tauri.localhost", "http://192.168.*.*:5173"])
            .build()?;
        Ok(Cors::new(policy))
    }
}
