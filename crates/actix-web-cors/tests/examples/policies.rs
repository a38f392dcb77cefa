//! The examples whose policy stays the same.

use crate::running::{Example, fails};

pub(crate) fn one_origin() {
    let server = Example::start("one_origin", &[], &[]);
    let page = "http://localhost:5173";
    let read = server.get("/notes", &["Origin: http://localhost:5173"]);
    read.is_allowed(200, page);
    assert_eq!(read.body, r#"["milk","bread"]"#);
    let preflight = server.preflight("PUT", "/notes", page, &["Access-Control-Request-Headers: x-any"]);
    preflight.is_allowed(204, page);
    assert_eq!(preflight.lines("access-control-allow-methods"), ["*"]);
    server.send("PUT /notes", &["Origin: http://localhost:5173"], "").is_allowed(204, page);
    // Without cookies.
    assert!(read.lines("access-control-allow-credentials").is_empty(), "{read:?}");

    for other in ["https://other.example", "https://localhost:5173", "http://localhost:51730", "null"] {
        // The handler runs: CORS is not access control.
        let read = server.get("/notes", &[&format!("Origin: {other}")]);
        read.is_refused(200);
        server.preflight("PUT", "/notes", other, &[]).is_refused(403);
    }
    server.wait_until_printed(r#"GET /notes: the origin "https://other.example" is not allowed"#);
}

pub(crate) fn origins_from_environment() {
    let list = "https://app.example.com, http://localhost:5173";
    let server = Example::start("origins_from_environment", &[], &[("ALLOWED_ORIGINS", list)]);
    for page in ["https://app.example.com", "http://localhost:5173"] {
        let read = server.get("/notes", &[&format!("Origin: {page}")]);
        read.is_allowed(200, page);
        assert_eq!(read.lines("access-control-allow-credentials"), ["true"]);
        server.preflight("PUT", "/notes", page, &[]).is_allowed(204, page);
    }
    server.get("/notes", &["Origin: https://other.example"]).is_refused(200);
    server.preflight("PUT", "/notes", "https://other.example", &[]).is_refused(403);
}

pub(crate) fn origins_from_environment_with_mistakes() {
    let start = |variables: &[(&str, &str)]| fails("origins_from_environment", &[], variables);
    for (value, says) in [
        ("app.example.com", r#"Write "https://app.example.com""#),
        ("https://app.example.com/", r#"Write "https://app.example.com""#),
        ("*", "every site on the web"),
        ("null", "null"),
        ("https://*.github.io", "danger_allow_origins"),
        ("$FRONT_END", "$FRONT_END"),
        ("", "an origin can't be empty"),
        (" , ", "an origin can't be empty"),
    ] {
        let (has_failed, printed) = start(&[("ALLOWED_ORIGINS", value)]);
        assert!(
            has_failed && printed.contains(says) && printed.contains("ALLOWED_ORIGINS"),
            "{value:?}: expected {says:?}, printed:\n{printed}"
        );
    }
    let (has_failed, printed) = start(&[]);
    assert!(has_failed && printed.contains("Set it to a comma-separated list"), "{printed}");
}

pub(crate) fn public_and_private_paths() {
    let server = Example::start("public_and_private_paths", &[], &[]);
    let (front_end, other) = ("https://app.example.com", "https://other.example");
    for path in ["/public/prices", "/media/shared/1"] {
        let read = server.get(path, &["Origin: https://other.example"]);
        read.is_allowed(200, "*");
        assert!(read.lines("vary").is_empty(), "a cache would keep a copy per site: {read:?}");
        server.preflight("PUT", path, other, &[]).is_allowed(204, "*");
    }
    for path in ["/account/orders", "/media/own/1"] {
        server.get(path, &["Origin: https://other.example"]).is_refused(200);
        server.preflight("GET", path, other, &["Access-Control-Request-Headers: x-any"]).is_refused(403);
        let read = server.get(path, &["Origin: https://app.example.com"]);
        read.is_allowed(200, front_end);
        assert_eq!(read.lines("access-control-allow-credentials"), ["true"]);
        assert_eq!(read.lines("vary"), ["origin"]);
    }
    // A path outside of all scopes.
    server.get("/other", &["Origin: https://app.example.com"]).is_refused(404);
}

pub(crate) fn preview_deployments() {
    let matched = ["https://pr-42.shop.example", "https://shop-git-fix-cart-team.vercel.app"];
    let strangers = [
        "https://pr-42.evil.shop.example",
        "https://pr-42.shop.example.evil.example",
        "https://pr-.shop.example",
        "http://pr-42.shop.example",
        "https://shop-git-fix-cart-team.evil.vercel.app",
        "https://shop-git-fix-cart-other.vercel.app",
    ];
    let preview = Example::start("preview_deployments", &[], &[("STAGE", "preview")]);
    for origin in matched.iter().chain(&["https://shop.example"]) {
        let read = preview.get("/cart", &[&format!("Origin: {origin}")]);
        read.is_allowed(200, origin);
        assert_eq!(read.lines("access-control-allow-credentials"), ["true"]);
    }
    for origin in strangers {
        preview.get("/cart", &[&format!("Origin: {origin}")]).is_refused(200);
    }
    assert!(preview.printed().matches("\nRisk: ").count() >= 2, "{}", preview.printed());

    for variables in [&[("STAGE", "production")][..], &[]] {
        let production = Example::start("preview_deployments", &[], variables);
        production.get("/cart", &["Origin: https://shop.example"]).is_allowed(200, "https://shop.example");
        for origin in matched {
            production.get("/cart", &[&format!("Origin: {origin}")]).is_refused(200);
        }
        assert!(!production.printed().contains("Risk: "), "{}", production.printed());
    }
}

pub(crate) fn fonts_for_other_sites() {
    let server = Example::start("fonts_for_other_sites", &[], &[]);
    for headers in [&["Origin: https://other.example"][..], &["Origin: null"], &[]] {
        let font = server.get("/fonts/square.woff2", headers);
        font.is_allowed(200, "*");
        assert_eq!(font.lines("content-type"), ["font/woff2"]);
        assert_eq!(font.lines("cache-control"), ["public, max-age=31536000, immutable"]);
        assert_eq!(font.lines("cross-origin-resource-policy"), ["cross-origin"]);
        assert_eq!(font.lines("timing-allow-origin"), ["*"]);
        assert!(font.lines("vary").is_empty(), "a cache would keep a copy per site: {font:?}");
        assert!(font.body.starts_with("wOF2"), "{font:?}");
    }
    let etag = server
        .get("/fonts/square.woff2", &[])
        .lines("etag")
        .first()
        .map(|etag| format!("If-None-Match: {etag}"));
    let unchanged = server.get("/fonts/square.woff2", &[&etag.expect("an ETag")]);
    unchanged.is_allowed(304, "*");
    assert_eq!(unchanged.lines("cache-control").len(), 1, "{unchanged:?}");
    for path in ["/fonts/other.woff2", "/fonts/..%2fcors.toml", "/fonts/../cors.toml"] {
        let missing = server.get(path, &["Origin: https://other.example"]);
        assert!(matches!(missing.status, 400 | 404), "{path}: {missing:?}");
        assert!(missing.lines("cache-control").is_empty(), "{path}: {missing:?}");
    }
    server.preflight("GET", "/fonts/square.woff2", "https://other.example", &[]).is_allowed(204, "*");
}
