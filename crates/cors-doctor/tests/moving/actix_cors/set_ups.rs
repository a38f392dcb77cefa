//! Whole set-ups. The guide shows the functions' bodies as they are here.

use crate::{
    document::{Regions, body, table},
    served::{APP, EVIL, Fetch, Sent, fetch_words, seen},
};

/// The name, and for which requests a page's script can read more than before, on purpose.
macro_rules! rows {
    ($($name:ident $wider:expr;)*) => {
        pub(super) async fn regions() -> Regions {
            let mut regions = Regions::new();
            $({
                let theirs = seen!($name::theirs(), $name::FETCHES);
                let ours = seen!($name::ours().expect(stringify!($name)), $name::FETCHES);
                let wider: &[usize] = &$wider;
                let mut rows = Vec::new();
                for (index, &fetch) in $name::FETCHES.iter().enumerate() {
                    let (left, right) = (&theirs[index], &ours[index]);
                    let is_wider = right.is_allowed && !left.is_allowed;
                    assert_eq!(is_wider, wider.contains(&index), "{}: {}", stringify!($name), fetch_words(fetch));
                    rows.push(vec![fetch_words(fetch), left.words().to_owned(), right.words().to_owned()]);
                }
                let source = include_str!("set_ups.rs");
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

rows! {
    default [];
    permissive_public [];
    permissive_development [];
    environment [];
    suffix [];
    localhost [];
    expose_all [];
    block [];
    tauri [];
    lan [];
    meilisearch [];
    qdrant [];
    martin [];
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

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<Cors, InvalidPolicy> {
        // Data that anyone may read, without cookies.
        Ok(Cors::new(Policy::any_origin()))
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
