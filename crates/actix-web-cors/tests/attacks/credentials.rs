//! What is open by default, and `*` together with credentials.

use actix_web_cors::{Cors, LivePolicy, Policy, PolicyConfig};

use super::{app, ask, lets_in, policy};

const WITH_COOKIE: [(&str, &[u8]); 2] = [("origin", b"https://evil.example"), ("cookie", b"session=1")];

/// `*` that became the request's origin, with credentials: rs/cors (CVE-2018-20744), gorilla/handlers (CVE-2017-20146), hono
/// (CVE-2026-54290), `RESTEasy` (GHSA-972r-f3fv-whm3), Javalin (issue 1632).
#[actix_web::test]
async fn cve_2018_20744_any_origin_is_never_reflected() {
    let public = Policy::builder()
        .allow_origins(["*"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .expose_headers(["*"])
        .build()
        .expect("a valid policy");
    for policy in [Policy::any_origin(), public] {
        let app = app(Cors::new(policy)).await;
        let preflight = [WITH_COOKIE[0], ("access-control-request-method", b"PUT")];
        let with_authorization = [WITH_COOKIE[0], ("authorization", b"Basic x")];
        for (method, lines) in [
            ("GET", &WITH_COOKIE[..]),
            ("POST", &WITH_COOKIE[..]),
            ("GET", &with_authorization),
            ("OPTIONS", &preflight),
            ("GET", &[("origin", b"null")]),
        ] {
            let seen = ask(&app, method, lines).await;
            assert!(seen.has("access-control-allow-origin: *"), "{method} {seen:?}");
            assert!(seen.lines.iter().all(|line| !line.contains("evil.example")), "{method} {seen:?}");
            assert!(
                seen.lines.iter().all(|line| !line.starts_with("access-control-allow-credentials")),
                "{method} {seen:?}"
            );
        }
    }
}

/// Fiber could be set to allow any origin with credentials. Here no spelling of that starts.
#[actix_web::test]
async fn cve_2024_25124_any_origin_with_credentials_is_refused() {
    let spellings: [&[&str]; 12] = [
        &["*"],
        &["https://app.example.com", "*"],
        &["*", "*"],
        &["https://*"],
        &["https://*:*"],
        &["http://*"],
        &["*://*"],
        &["*://*:*"],
        &["*:*"],
        &["*.*"],
        &["https://*.com"],
        &["https://*.*"],
    ];
    for origins in spellings {
        let built = Policy::builder().allow_origins(origins).allow_credentials().build();
        assert!(built.is_err(), "{origins:?}");
        let opted_in = Policy::builder().danger_allow_origins(origins).allow_credentials().build();
        let is_a_suffix = origins == ["https://*.com"];
        assert_eq!(opted_in.is_ok(), is_a_suffix && opted_in.is_ok(), "{origins:?} by an opt-in");
        let mut config = PolicyConfig::default();
        config.allow_origins = origins.iter().map(ToString::to_string).collect();
        config.allow_credentials = true;
        assert!(Policy::try_from(config).is_err(), "{origins:?} in a configuration");
        let list = Policy::builder().allow_origins_from(&origins.join(",")).allow_credentials();
        assert!(list.build().is_err(), "{origins:?} in an environment variable");
    }
}

/// `@koa/cors` (CVE-2023-49803) and Tomcat's filter (CVE-2018-8014) allowed everybody if nothing was set.
#[actix_web::test]
async fn cve_2023_49803_nothing_is_allowed_by_default() {
    let from_json = |text: &str| {
        let config: PolicyConfig = serde_json::from_str(text).expect("a configuration");
        Policy::try_from(config).expect("a valid policy")
    };
    let built = |builder: actix_web_cors::PolicyBuilder| builder.build().expect("a valid policy");
    for (name, policy) in [
        ("an empty builder", built(Policy::builder())),
        ("no origin, credentials", built(Policy::builder().allow_credentials())),
        ("no origin, everything else", built(Policy::builder().allow_methods(["*"]).allow_headers(["*"]))),
        ("an empty list", built(Policy::builder().allow_origins([""; 0]))),
        ("a default configuration", Policy::try_from(PolicyConfig::default()).expect("a valid policy")),
        ("an empty configuration", from_json("{}")),
        ("an empty list in a configuration", from_json(r#"{"allow_origins": []}"#)),
        ("deny_all", Policy::deny_all()),
        ("a live policy that was emptied", LivePolicy::new(Policy::deny_all()).current()),
    ] {
        let app = app(Cors::new(policy)).await;
        for origin in
            ["https://evil.example", "https://app.example.com", "null", "http://localhost:3000", "*", ""]
        {
            assert!(!lets_in(&app, origin).await, "{name}: {origin:?}");
        }
    }
    for variable in ["", " ", ",", " , "] {
        let policy = Policy::builder().allow_origins_from(variable).build();
        let Ok(policy) = policy else { continue };
        assert!(!lets_in(&app(Cors::new(policy)).await, "https://evil.example").await, "{variable:?}");
    }
    // Whoever lists an origin gets neither credentials nor headers that were not listed.
    let app = app(Cors::new(policy(&["https://app.example.com"], false))).await;
    let seen = ask(&app, "GET", &[("origin", b"https://app.example.com"), ("cookie", b"session=1")]).await;
    assert_eq!(seen.lines, ["access-control-allow-origin: https://app.example.com", "vary: origin"]);
}
