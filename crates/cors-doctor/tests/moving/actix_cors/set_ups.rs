//! Whole set-ups. The guide shows the functions' bodies as they are here.

use crate::{
    served::{APP, EVIL, Fetch, Sent, served},
    set_ups::set_ups,
};

set_ups! {
    "actix-cors", served, include_str!("set_ups.rs");
    default [];
    permissive_public [];
    permissive_development [];
    environment [];
    suffix [];
    localhost [];
    expose_all [];
    block [];
    without_post [0];
    tauri [];
    lan [];
    meilisearch [];
    qdrant [];
    martin [];
    open_line_planner [];
    lemmy [];
    parseable [];
    hyperswitch [];
    source_cooperative [];
}

mod default {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::Get), (APP, Sent::PutJson)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::deny_all()))
    }
}

mod permissive_public {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::permissive()
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

mod permissive_development {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("http://localhost:5173", Sent::GetWithCookies),
        ("http://127.0.0.1:3000", Sent::PutJson),
        (EVIL, Sent::GetWithCookies),
        (EVIL, Sent::PutJson),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::permissive()
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // Everything, but only for pages from this machine.
        let policy = Policy::builder()
            .allow_origins(["http://localhost:*", "http://127.0.0.1:*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .expose_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod environment {
    use std::env;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        (APP, Sent::GetWithCookies),
        ("https://admin.example", Sent::PutJson),
        (EVIL, Sent::Get),
        (EVIL, Sent::PutJson),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        let variable =
            env::var("FRONT_ENDS").unwrap_or_else(|_| "https://app.example,https://admin.example".to_owned());
        let mut cors = actix_cors::Cors::default()
            .allowed_methods(["GET", "POST", "PUT"])
            .allowed_header("content-type")
            .supports_credentials();
        for origin in variable.split(',') {
            cors = cors.allowed_origin(origin);
        }
        cors
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let variable =
            env::var("FRONT_ENDS").unwrap_or_else(|_| "https://app.example,https://admin.example".to_owned());
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

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("https://example.com", Sent::Get),
        ("https://app.example.com", Sent::Get),
        ("https://evilexample.com", Sent::Get),
        ("http://app.example.com", Sent::Get),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin_fn(|origin, _| origin.as_bytes().ends_with(b"example.com"))
            .allowed_methods(["GET"])
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy =
            Policy::builder().allow_origins(["https://example.com", "https://*.example.com"]).build()?;
        Ok(Cors::new(policy))
    }
}

mod localhost {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[("http://localhost:5173", Sent::Get), ("http://localhost.evil.example", Sent::Get)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin_fn(|origin, _| origin.as_bytes().starts_with(b"http://localhost"))
            .allowed_methods(["GET"])
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder().allow_origins(["http://localhost:*"]).build()?;
        Ok(Cors::new(policy))
    }
}

mod expose_all {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::GetWithCookies), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin("https://app.example")
            .allowed_methods(["GET"])
            .expose_any_header()
            .supports_credentials()
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .expose_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod block {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(APP, Sent::Post), (EVIL, Sent::Post), ("https://api.example", Sent::Post)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin("https://app.example")
            .allowed_methods(["GET", "POST"])
            .block_on_origin_mismatch(true)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder().allow_origins(["https://app.example"]).build()?;
        Ok(Cors::new(policy).reject_disallowed_origins())
    }
}

mod without_post {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(APP, Sent::PostJson), (APP, Sent::Post), (EVIL, Sent::PostJson), (EVIL, Sent::Post)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin("https://app.example")
            .allowed_methods(["GET", "PUT"])
            .allowed_header("content-type")
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod tauri {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("tauri://localhost", Sent::PutJson),
        ("http://tauri.localhost", Sent::PutJson),
        ("http://localhost:1420", Sent::PutJson),
        (EVIL, Sent::Get),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin("tauri://localhost")
            .allowed_origin("http://tauri.localhost")
            .allowed_origin("http://localhost:1420")
            .allowed_methods(["GET", "POST", "PUT"])
            .allowed_header("content-type")
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["tauri://localhost", "http://tauri.localhost", "http://localhost:1420"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod lan {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("http://192.168.1.20:5173", Sent::Get),
        ("http://192.168.1.20:8000", Sent::Get),
        ("http://192.168.evil.example", Sent::Get),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allowed_origin_fn(|origin, _| origin.as_bytes().starts_with(b"http://192.168."))
            .allowed_methods(["GET"])
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder().allow_origins(["http://192.168.*.*:5173"]).build()?;
        Ok(Cors::new(policy))
    }
}

mod meilisearch {
    use std::time::Duration;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allow_any_origin()
            .send_wildcard()
            .allow_any_method()
            .allow_any_header()
            .max_age(86_400)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::any_origin().with_max_age(Duration::from_secs(86_400))?))
    }
}

mod qdrant {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default().allow_any_origin().allow_any_method().allow_any_header()
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::any_origin()))
    }
}

mod martin {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    // Without a list of headers, `actix-cors` refuses a preflight that asks for one.
    pub(super) const FETCHES: &[Fetch] = &[(EVIL, Sent::Get), (EVIL, Sent::Post), (EVIL, Sent::PutJson)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default().allow_any_origin().allowed_methods(["GET"])
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::builder().allow_origins(["*"]).build()?))
    }
}

mod open_line_planner {
    use std::time::Duration;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[
        ("https://plan.example", Sent::PostJson),
        ("https://pr-7.plan.example", Sent::PostJson),
        ("http://localhost:3000", Sent::PostJson),
        ("http://pr-7.plan.example", Sent::PostJson),
        ("http://not-localhost:3000", Sent::PostJson),
    ];

    pub(super) fn theirs() -> actix_cors::Cors {
        // `plan.example` stands for the project's domain.
        actix_cors::Cors::default()
            .allowed_origin("https://plan.example")
            .allowed_origin("http://localhost:3000")
            .allowed_origin_fn(|origin, _| origin.as_bytes().ends_with(b".plan.example"))
            .allowed_origin_fn(|origin, _| origin.as_bytes().ends_with(b"localhost:3000"))
            .allowed_methods(["GET", "POST", "DELETE"])
            .allowed_headers(["authorization", "accept", "content-type"])
            .max_age(3600)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://plan.example", "https://*.plan.example", "http://localhost:3000"])
            .allow_methods(["DELETE"])
            .allow_headers(["authorization", "content-type"])
            .max_age(Duration::from_secs(3600))
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod lemmy {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[("http://localhost:1234", Sent::GetWithCookies), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        if cfg!(debug_assertions) { actix_cors::Cors::permissive() } else { actix_cors::Cors::default() }
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        if !cfg!(debug_assertions) {
            return Ok(Cors::new(Policy::deny_all()));
        }
        let policy = Policy::builder()
            .allow_origins(["http://localhost:*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .expose_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod parseable {
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] = &[(EVIL, Sent::Get), (EVIL, Sent::Post), (EVIL, Sent::PutJson)];

    pub(super) fn theirs() -> actix_cors::Cors {
        // Without its option for CORS, and in debug builds, it is `Cors::permissive()` in place of `Cors::default()`.
        actix_cors::Cors::default().block_on_origin_mismatch(false)
    }

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        Ok(Cors::new(Policy::deny_all()))
    }
}

mod hyperswitch {
    use std::time::Duration;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(APP, Sent::GetWithCookies), (APP, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        // With origins in its configuration. With its wildcard, it is `allow_any_origin` without credentials.
        actix_cors::Cors::default()
            .allowed_methods(["GET", "POST", "PUT", "DELETE"])
            .allow_any_header()
            .expose_any_header()
            .max_age(30)
            .allowed_origin("https://app.example")
            .supports_credentials()
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT", "DELETE"])
            .allow_headers(["*"])
            .expose_headers(["*"])
            .allow_credentials()
            .max_age(Duration::from_secs(30))
            .build()?;
        Ok(Cors::new(policy))
    }
}

mod source_cooperative {
    use std::time::Duration;

    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent};

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) fn theirs() -> actix_cors::Cors {
        actix_cors::Cors::default()
            .allow_any_origin()
            .allow_any_method()
            .allow_any_header()
            .supports_credentials()
            .block_on_origin_mismatch(false)
            .max_age(3600)
    }

    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // Credentials for every site can't be written. Public data needs none.
        Ok(Cors::new(Policy::any_origin().with_max_age(Duration::from_secs(3600))?))
    }
}
