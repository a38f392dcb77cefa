//! Whole set-ups. The guide shows what runs in Node, and the bodies of the functions here.

use actix_web_cors::testing::Browser;

use super::{Express, express_served};
use crate::{
    document::{Regions, body, table},
    served::{APP, EVIL, Fetch, Sent, app_served, seen, seen_at},
    set_ups::{app, compared},
};

/// The name, and for which requests a page's script can read more than before, on purpose.
macro_rules! set_ups {
    ($($name:ident $wider:expr;)*) => {
        pub(super) const ALL: &[&str] = &[$($name::THEIRS),*];

        pub(super) async fn regions(express: &Express) -> Regions {
            let mut regions = Regions::new();
            $({
                let theirs = express_served!(express, $name::THEIRS);
                let theirs = seen(Browser::new(theirs), $name::FETCHES).await;
                let ours = app_served!($name::ours().expect(stringify!($name)));
                let ours = seen(Browser::new(ours), $name::FETCHES).await;
                let rust = body(include_str!("set_ups.rs"), stringify!($name), "ours");
                let rows = compared(stringify!($name), "cors", $name::FETCHES, &theirs, &ours, &$wider);
                let text = format!("```js\n{}\n```\n\n```rust\n{rust}\n```\n\n{rows}", $name::THEIRS);
                regions.insert(stringify!($name).to_owned(), text);
            })*
            regions
        }
    };
}

/// The set-up that decides by path.
pub(super) async fn by_path(express: &Express) -> Regions {
    let theirs = Browser::new(express_served!(express, by_path::THEIRS));
    let ours = Browser::new(app_served!(by_path::ours().expect("a policy")));
    let mut rows = Vec::new();
    for &(page, sent, path) in by_path::FETCHES {
        let left = seen_at(&theirs, page, sent, path).await;
        let right = seen_at(&ours, page, sent, path).await;
        assert!(!right.is_allowed || left.is_allowed, "{path} from {page}");
        let words = format!("{}, `{path}`, from `{page}`", sent.words());
        rows.push(vec![words, left.words().to_owned(), right.words().to_owned()]);
    }
    let rows = table(&["request", "`cors`", "`actix-web-cors`"], &rows);
    let rust = body(include_str!("set_ups.rs"), "by_path", "ours");
    let text = format!("```js\n{}\n```\n\n```rust\n{rust}\n```\n\n{rows}", by_path::THEIRS);
    Regions::from([("by_path".to_owned(), text)])
}

set_ups! {
    default [];
    everything [];
    environment [];
    pattern [];
    callback_error [];
    expose_all [];
    apps_and_devices [];
    route [0];
}

mod default {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] =
        &[(EVIL, Sent::Get), (EVIL, Sent::PutJson), (EVIL, Sent::GetWithCookies)];

    pub(super) const THEIRS: &str = r"app.use(cors())";

    #[allow(clippy::unnecessary_wraps, reason = "as the others")]
    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::any_origin();
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

mod everything {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        ("http://localhost:5173", Sent::GetWithCookies),
        ("http://127.0.0.1:3000", Sent::PutJson),
        (EVIL, Sent::GetWithCookies),
    ];

    pub(super) const THEIRS: &str = r"app.use(cors({ origin: true, credentials: true }))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        // Everything, but only for pages from this machine.
        let policy = Policy::builder()
            .allow_origins(["http://localhost:*", "http://127.0.0.1:*"])
            .allow_methods(["*"])
            .allow_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

mod environment {
    use std::env;

    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        (APP, Sent::GetWithCookies),
        ("https://admin.example", Sent::PutJson),
        (EVIL, Sent::GetWithCookies),
        (EVIL, Sent::PutJson),
    ];

    pub(super) const THEIRS: &str = r"const frontEnds = process.env.FRONT_ENDS ?? 'https://app.example,https://admin.example'
app.use(cors({ origin: frontEnds.split(','), credentials: true }))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let front_ends =
            env::var("FRONT_ENDS").unwrap_or_else(|_| "https://app.example,https://admin.example".to_owned());
        let policy = Policy::builder()
            .allow_origins_from(&front_ends)
            .allow_methods(["PUT", "PATCH", "DELETE"])
            .allow_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

mod pattern {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        ("https://example.com", Sent::Get),
        ("https://app.example.com", Sent::Get),
        ("https://evilexample.com", Sent::Get),
        ("http://app.example.com", Sent::Get),
    ];

    pub(super) const THEIRS: &str = r"app.use(cors({ origin: /example\.com$/ }))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy =
            Policy::builder().allow_origins(["https://example.com", "https://*.example.com"]).build()?;
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

mod callback_error {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] =
        &[(APP, Sent::Post), (EVIL, Sent::Post), ("https://api.example", Sent::Post)];

    pub(super) const THEIRS: &str = r"const allowed = ['https://app.example']
app.use(cors({
  origin: (origin, callback) => {
    if (!origin || allowed.includes(origin)) callback(null, true)
    else callback(new Error('not allowed by CORS'))
  }
}))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::builder().allow_origins(["https://app.example"]).build()?;
        let cors = Cors::new(policy).reject_disallowed_origins();
        Ok(App::new().wrap(cors).default_service(web::to(handler)))
    }
}

mod expose_all {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::GetWithCookies), (EVIL, Sent::GetWithCookies)];

    pub(super) const THEIRS: &str =
        r"app.use(cors({ origin: ['https://app.example'], exposedHeaders: '*', credentials: true }))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .expose_headers(["*"])
            .allow_credentials()
            .build()?;
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

mod apps_and_devices {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[
        ("tauri://localhost", Sent::Get),
        ("http://tauri.localhost", Sent::Get),
        ("http://192.168.1.20:5173", Sent::Get),
        ("http://192.168.evil.example", Sent::Get),
    ];

    pub(super) const THEIRS: &str =
        r"app.use(cors({ origin: ['tauri://localhost', 'http://tauri.localhost', /^http:\/\/192\.168\./] }))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["tauri://localhost", "http://tauri.localhost", "http://192.168.*.*:5173"])
            .build()?;
        Ok(App::new().wrap(Cors::new(policy)).default_service(web::to(handler)))
    }
}

pub(super) mod by_path {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Sent, app};
    use crate::{served::handler, set_ups::PathFetch};

    pub(super) const FETCHES: &[PathFetch] = &[
        (EVIL, Sent::Get, "/public/items"),
        (APP, Sent::Get, "/account/items"),
        (EVIL, Sent::Get, "/account/items"),
    ];

    pub(in crate::express) const THEIRS: &str = r"app.use(cors((request, callback) => {
  const isPublic = request.path.startsWith('/public/')
  callback(null, { origin: isPublic ? '*' : 'https://app.example' })
}))";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let (public, private) = (Policy::any_origin(), Policy::allow_origin("https://app.example")?);
        let cors = Cors::per_request(move |request| {
            if request.path().starts_with("/public/") { public.clone() } else { private.clone() }
        });
        Ok(App::new().wrap(cors.ignores_origin()).default_service(web::to(handler)))
    }
}

mod route {
    use actix_web::{App, web};
    use actix_web_cors::{Cors, InvalidPolicy, Policy};

    use super::{APP, EVIL, Fetch, Sent, app};
    use crate::served::handler;

    pub(super) const FETCHES: &[Fetch] = &[(APP, Sent::PutJson), (EVIL, Sent::PutJson)];

    pub(super) const THEIRS: &str = r"app.get('/items', cors({ origin: ['https://app.example'] }), handler)
app.put('/items', cors({ origin: ['https://app.example'] }), handler)";

    pub(super) fn ours() -> Result<app!(), InvalidPolicy> {
        let policy = Policy::builder()
            .allow_origins(["https://app.example"])
            .allow_methods(["PUT"])
            .allow_headers(["content-type"])
            .build()?;
        Ok(App::new().service(web::resource("/items").wrap(Cors::new(policy)).get(handler).put(handler)))
    }
}
