//! The cookie jar, rule by rule: what one fetch sets, and what the next one sends.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use actix_web::{
    App, Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{Service, ServiceResponse},
    http::{StatusCode, header::HeaderValue},
    test::init_service,
    web,
};
use actix_web_cors::{
    Cors, Policy,
    testing::{Browser, Credentials, Outcome, Profile, Request, Url, get},
};

/// Responds to any request with a `Set-Cookie` for each `set` in the query. It allows every origin of these tests.
async fn server()
-> impl Service<actix_http::Request, Response = ServiceResponse<impl MessageBody>, Error = Error> {
    let policy = Policy::builder()
        .allow_origins(["https://app.example.com", "https://other.test", "http://localhost:3000"])
        .allow_methods(["PUT"])
        .allow_credentials()
        .build()
        .expect("a valid policy");
    init_service(App::new().wrap(Cors::new(policy)).default_service(web::to(handler))).await
}

async fn handler(request: HttpRequest, query: web::Query<Vec<(String, String)>>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    for (name, value) in query.iter() {
        match name.as_str() {
            "set" => drop(response.append_header(("set-cookie", value.as_str()))),
            "to" => drop(response.status(StatusCode::FOUND).insert_header(("location", value.as_str()))),
            _ => {}
        }
    }
    response.body(request.path().to_owned())
}

/// Every host in the tables below has the same application.
async fn browser() -> Browser {
    let mut browser = Browser::at("https://api.example.com", server().await);
    for origin in [
        "https://example.com",
        "https://app.example.com",
        "https://deep.api.example.com",
        "http://api.example.com",
        "https://other.test",
        "https://me.github.io",
        "http://localhost:8080",
        "http://me.localhost:8080",
        "http://127.0.0.1:8080",
        "https://127.0.0.1",
        "https://[::1]",
    ] {
        browser = browser.also_at(origin, server().await);
    }
    browser
}

fn setting(url: &str, lines: &[&str]) -> Request {
    let mut url = Url::parse(url).expect("a URL");
    url.query_pairs_mut().extend_pairs(lines.iter().map(|line| ("set", line)));
    get(url)
}

fn sent(outcome: &Outcome) -> String {
    outcome.exchanges().last().and_then(|last| last.header("cookie")).unwrap_or_default()
}

/// A rule; the URL that sets cookies and their lines; the URL that is fetched next, and the `Cookie` that is sent to it. Both
/// fetches are same-origin.
type FirstPartyRow = (&'static str, &'static str, &'static [&'static str], &'static str, &'static str);

const API: &str = "https://api.example.com/";

const FIRST_PARTY: &[FirstPartyRow] = &[
    ("a cookie comes back", API, &["a=1"], API, "a=1"),
    ("several do", API, &["a=1", "b=2"], API, "a=1; b=2"),
    ("the value may hold =", API, &["a=1=2"], API, "a=1=2"),
    ("quotation marks stay", API, &["a=\"1\""], API, "a=\"1\""),
    ("white space around goes", API, &["  a =  1 ; Path=/"], API, "a=1"),
    ("the last of a name wins", API, &["a=1", "a=2"], API, "a=2"),
    ("one that is set again keeps its place", API, &["a=1", "b=2", "a=3"], API, "a=3; b=2"),
    (
        "another path is another cookie",
        API,
        &["a=1; Path=/", "a=2; Path=/x"],
        "https://api.example.com/x",
        "a=2; a=1",
    ),
    ("unknown attributes are ignored", API, &["a=1; Priority=High; x"], API, "a=1"),
    ("no pair, no cookie", API, &["a"], API, ""),
    ("no name, no cookie", API, &["=1"], API, ""),
    // Hosts.
    ("host-only without Domain, at a subdomain", API, &["a=1"], "https://deep.api.example.com/", ""),
    ("host-only without Domain, at its parent", API, &["a=1"], "https://example.com/", ""),
    ("an empty Domain counts as none", API, &["a=1; Domain="], "https://deep.api.example.com/", ""),
    (
        "a Domain, at a subdomain",
        API,
        &["a=1; Domain=api.example.com"],
        "https://deep.api.example.com/",
        "a=1",
    ),
    ("a parent Domain, at a sibling", API, &["a=1; Domain=example.com"], "https://app.example.com/", "a=1"),
    ("a parent Domain, at itself", API, &["a=1; Domain=example.com"], "https://example.com/", "a=1"),
    (
        "a Domain's leading dot and case are ignored",
        API,
        &["a=1; Domain=.EXAMPLE.com"],
        "https://example.com/",
        "a=1",
    ),
    (
        "a subdomain as Domain is refused",
        API,
        &["a=1; Domain=deep.api.example.com"],
        "https://deep.api.example.com/",
        "",
    ),
    ("a sibling as Domain is refused", API, &["a=1; Domain=app.example.com"], "https://app.example.com/", ""),
    ("a Domain that is a suffix but not a parent is refused", API, &["a=1; Domain=le.com"], API, ""),
    ("a top-level Domain is refused", API, &["a=1; Domain=com"], API, ""),
    (
        "a public suffix is refused",
        "https://me.github.io/",
        &["a=1; Domain=github.io"],
        "https://me.github.io/",
        "",
    ),
    ("a Domain that is not a host is refused", API, &["a=1; Domain=a/b@c:1"], API, ""),
    (
        "the last Domain counts",
        API,
        &["a=1; Domain=other.test; Domain=example.com"],
        "https://example.com/",
        "a=1",
    ),
    (
        "localhost as Domain is host-only",
        "http://localhost:8080/",
        &["a=1; Domain=localhost"],
        "http://localhost:8080/",
        "a=1",
    ),
    (
        "an address as Domain is host-only",
        "https://127.0.0.1/",
        &["a=1; Domain=127.0.0.1"],
        "https://127.0.0.1/",
        "a=1",
    ),
    (
        "an address has no parent domain",
        "https://127.0.0.1/",
        &["a=1; Domain=0.0.1"],
        "https://127.0.0.1/",
        "",
    ),
    ("cookies ignore ports", "https://127.0.0.1/", &["a=1"], "http://127.0.0.1:8080/", "a=1"),
    // Paths.
    ("a Path, at itself", API, &["a=1; Path=/x"], "https://api.example.com/x", "a=1"),
    ("a Path, at a path below it", API, &["a=1; Path=/x"], "https://api.example.com/x/y", "a=1"),
    ("a Path, at one that only begins like it", API, &["a=1; Path=/x"], "https://api.example.com/xy", ""),
    (
        "a Path with a trailing slash, at a path below it",
        API,
        &["a=1; Path=/x/"],
        "https://api.example.com/x/y",
        "a=1",
    ),
    (
        "a Path with a trailing slash, at the path without it",
        API,
        &["a=1; Path=/x/"],
        "https://api.example.com/x",
        "",
    ),
    ("a Path does not match another path", API, &["a=1; Path=/x"], API, ""),
    ("paths are case-sensitive", API, &["a=1; Path=/x"], "https://api.example.com/X", ""),
    (
        "the default path is the directory",
        "https://api.example.com/x/y",
        &["a=1"],
        "https://api.example.com/x/z",
        "a=1",
    ),
    (
        "the default path is not the parent directory",
        "https://api.example.com/x/y",
        &["a=1"],
        "https://api.example.com/",
        "",
    ),
    (
        "the default path of a top-level path is the root",
        "https://api.example.com/x",
        &["a=1"],
        "https://api.example.com/y/z",
        "a=1",
    ),
    (
        "a relative Path counts as none",
        "https://api.example.com/x/y",
        &["a=1; Path=z"],
        "https://api.example.com/x/z",
        "a=1",
    ),
    (
        "the longest path comes first",
        API,
        &["a=1; Path=/", "b=2; Path=/x"],
        "https://api.example.com/x",
        "b=2; a=1",
    ),
    // Secure.
    ("Secure over https", API, &["a=1; Secure"], API, "a=1"),
    ("Secure set over https, sent over http", API, &["a=1; Secure"], "http://api.example.com/", ""),
    ("Secure is refused over http", "http://api.example.com/", &["a=1; Secure"], API, ""),
    ("without Secure over both", "http://api.example.com/", &["a=1"], API, "a=1"),
    (
        "loopback counts as secure",
        "http://localhost:8080/",
        &["a=1; Secure"],
        "http://localhost:8080/",
        "a=1",
    ),
    (
        "so do its subdomains",
        "http://me.localhost:8080/",
        &["a=1; Secure"],
        "http://me.localhost:8080/",
        "a=1",
    ),
    ("so does its address", "http://127.0.0.1:8080/", &["a=1; Secure"], "http://127.0.0.1:8080/", "a=1"),
    ("so does its IPv6 address", "https://[::1]/", &["a=1"], "https://[::1]/", "a=1"),
    // Prefixes.
    ("__Secure- with Secure", API, &["__Secure-a=1; Secure"], API, "__Secure-a=1"),
    ("__Secure- without", API, &["__Secure-a=1"], API, ""),
    ("the prefix in another case", API, &["__sEcure-a=1"], API, ""),
    ("__Host- with everything that it needs", API, &["__Host-a=1; Secure; Path=/"], API, "__Host-a=1"),
    ("__Host- without Secure", API, &["__Host-a=1; Path=/"], API, ""),
    ("__Host- without Path", API, &["__Host-a=1; Secure"], API, ""),
    ("__Host- with another Path", API, &["__Host-a=1; Secure; Path=/x"], "https://api.example.com/x", ""),
    ("__Host- with Domain", API, &["__Host-a=1; Secure; Path=/; Domain=api.example.com"], API, ""),
    // SameSite, fetched by same-site pages.
    ("Strict on its own pages", API, &["a=1; SameSite=Strict"], API, "a=1"),
    ("Lax on its own pages", API, &["a=1; SameSite=Lax"], API, "a=1"),
    ("None needs Secure", API, &["a=1; SameSite=None"], API, ""),
    ("None with Secure", API, &["a=1; SameSite=none; Secure"], API, "a=1"),
    ("an unknown SameSite counts as none", API, &["a=1; SameSite=Never"], API, "a=1"),
    ("HttpOnly is sent by fetch", API, &["a=1; HttpOnly"], API, "a=1"),
    // Expiry.
    ("Max-Age=0 deletes", API, &["a=1", "a=; Max-Age=0"], API, ""),
    ("a negative Max-Age deletes", API, &["a=1", "a=; Max-Age=-1"], API, ""),
    ("an Expires in the past deletes", API, &["a=1", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], API, ""),
    ("an Expires in the far future", API, &["a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT"], API, "a=1"),
    (
        "Max-Age takes precedence over Expires",
        API,
        &["a=1; Max-Age=9; Expires=Thu, 01 Jan 1970 00:00:00 GMT"],
        API,
        "a=1",
    ),
    ("a Max-Age that is not a number counts as none", API, &["a=1; Max-Age=soon"], API, "a=1"),
    ("an Expires that is not a date counts as none", API, &["a=1; Expires=soon"], API, "a=1"),
    ("a Max-Age too large for any integer", API, &["a=1; Max-Age=99999999999999999999999"], API, "a=1"),
    (
        "deletion needs the same Path",
        API,
        &["a=1; Path=/x", "a=; Max-Age=0"],
        "https://api.example.com/x",
        "a=1",
    ),
    ("deletion needs the same Domain", API, &["a=1; Domain=api.example.com", "a=; Max-Age=0"], API, "a=1"),
];

#[actix_web::test]
async fn first_party() {
    for &(rule, from, lines, to, expected) in FIRST_PARTY {
        let browser = browser().await;
        let _ = browser.page(from).fetch(setting(from, lines)).await;
        let outcome = browser.page(to).fetch(get(to)).await;
        assert_eq!(sent(&outcome), expected, "{rule}\n\n{outcome}");
    }
}

/// A rule; the page, the URL and the credentials mode of a fetch; and the `Cookie` that is sent.
type ThirdPartyRow = (&'static str, &'static str, &'static str, Credentials, &'static str);

const THIRD_PARTY: &[ThirdPartyRow] = &[
    ("its own page", "https://api.example.com", API, Credentials::SameOrigin, "n=1; l=2; s=3; d=4"),
    ("its own page, with credentials omitted", "https://api.example.com", API, Credentials::Omit, ""),
    ("a same-site page", "https://app.example.com", API, Credentials::Include, "n=1; l=2; s=3; d=4"),
    (
        "a same-site page that does not include credentials",
        "https://app.example.com",
        API,
        Credentials::SameOrigin,
        "",
    ),
    ("a cross-site page", "https://other.test", API, Credentials::Include, "n=1"),
    (
        "a cross-site page that does not include credentials",
        "https://other.test",
        API,
        Credentials::SameOrigin,
        "",
    ),
    ("another scheme is another site", "http://app.example.com", API, Credentials::Include, "n=1"),
    ("a sandboxed page", "null", API, Credentials::Include, "n=1"),
    ("a page at a public suffix itself", "https://com", API, Credentials::Include, "n=1"),
];

/// Measured in the engines: by a form that a page of another site posts, and by a `fetch()` where third-party cookies are let
/// through.
#[actix_web::test]
async fn a_missing_same_site_is_lax_in_chromium_only() {
    for (profile, expected) in [
        (Profile::STANDARD, "n=1"),
        (Profile::CHROMIUM, "n=1"),
        (Profile::FIREFOX, "n=1; d=4; u=5; c=6"),
        (Profile::WEBKIT, "n=1; d=4; u=5; c=6"),
    ] {
        let browser = browser().await.profile(profile);
        for cookie in [
            "n=1; SameSite=None; Secure",
            "l=2; SameSite=Lax",
            "s=3; SameSite=Strict",
            "d=4",
            "u=5; SameSite=a",
        ] {
            browser.set_cookie(cookie);
        }
        let page = browser.page("https://other.test");
        let _ = page.fetch(setting(API, &["c=6"]).credentials(Credentials::Include)).await;
        let outcome = page.fetch(get(API).credentials(Credentials::Include)).await;
        assert_eq!(sent(&outcome), expected, "{profile:?}\n\n{outcome}");
    }
}

#[actix_web::test]
async fn third_party() {
    for &(rule, page, url, credentials, expected) in THIRD_PARTY {
        let browser = browser().await;
        for cookie in ["n=1; SameSite=None; Secure", "l=2; SameSite=Lax", "s=3; SameSite=Strict", "d=4"] {
            browser.set_cookie(cookie);
        }
        let outcome = browser.page(page).fetch(get(url).credentials(credentials)).await;
        assert_eq!(sent(&outcome), expected, "{rule}\n\n{outcome}");
    }
}

/// A rule; the page and the credentials mode of a fetch; the cookie in its response; and whether it is kept.
const STORED: &[(&str, &str, Credentials, &str, bool)] = &[
    ("same-origin", "https://api.example.com", Credentials::SameOrigin, "a=1", true),
    ("same-origin, with credentials omitted", "https://api.example.com", Credentials::Omit, "a=1", false),
    (
        "same-site that includes credentials",
        "https://app.example.com",
        Credentials::Include,
        "a=1; SameSite=Strict",
        true,
    ),
    (
        "same-site that does not include credentials",
        "https://app.example.com",
        Credentials::SameOrigin,
        "a=1",
        false,
    ),
    ("cross-site, None", "https://other.test", Credentials::Include, "a=1; SameSite=None; Secure", true),
    ("cross-site, Lax", "https://other.test", Credentials::Include, "a=1; SameSite=Lax", false),
    ("cross-site, Strict", "https://other.test", Credentials::Include, "a=1; SameSite=Strict", false),
    ("cross-site, without SameSite", "https://other.test", Credentials::Include, "a=1; Secure", false),
    // The CORS check comes after the network: a cookie in a response that is withheld was stored already.
    (
        "in a response that is blocked",
        "https://evil.test",
        Credentials::Include,
        "a=1; SameSite=None; Secure",
        true,
    ),
];

#[actix_web::test]
async fn stored() {
    for &(rule, page, credentials, line, is_kept) in STORED {
        let browser = browser().await;
        let outcome = browser.page(page).fetch(setting(API, &[line]).credentials(credentials)).await;
        assert_eq!(browser.cookies().len(), usize::from(is_kept), "{rule}\n\n{outcome}");
        assert_eq!(outcome.exchanges()[0].notes.is_empty(), is_kept, "{rule}\n\n{outcome}");
    }
}

/// A rule, a cookie, the seconds that pass, and whether it is still sent.
const ENDS: &[(&str, &str, u64, bool)] = &[
    ("a session's cookie stays", "a=1", u64::MAX, true),
    ("Max-Age, a second before", "a=1; Max-Age=60", 59, true),
    ("Max-Age, to the second", "a=1; Max-Age=60", 60, false),
    ("Expires, years before", "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", 60, true),
    ("400 days at most, before", "a=1; Max-Age=99999999999", 400 * 86_400 - 1, true),
    ("400 days at most, after", "a=1; Max-Age=99999999999", 400 * 86_400, false),
    ("400 days at most, by Expires", "a=1; Expires=Fri, 31 Dec 9999 23:59:59 GMT", 400 * 86_400, false),
];

#[actix_web::test]
async fn ends() {
    for &(rule, cookie, seconds, is_sent) in ENDS {
        let browser = browser().await;
        browser.set_cookie(cookie);
        browser.advance(Duration::from_secs(seconds));
        let outcome = browser.page(API).fetch(get("/")).await;
        assert_eq!(sent(&outcome), if is_sent { "a=1" } else { "" }, "{rule}");
        assert_eq!(browser.cookies().len(), usize::from(is_sent), "{rule}");
    }
}

#[actix_web::test]
async fn preflights_have_no_cookies() {
    let browser = browser().await;
    browser.set_cookie("a=1; SameSite=None; Secure");
    let put = actix_web_cors::testing::put("/").credentials(Credentials::Include);
    let outcome = browser.page("https://other.test").fetch(put).await;
    let cookies: Vec<_> = outcome.exchanges().iter().map(|exchange| exchange.header("cookie")).collect();
    assert_eq!(cookies, [None, Some("a=1".to_owned())], "{outcome}");
    assert!(outcome.exchanges().iter().all(|exchange| exchange.notes.is_empty()), "{outcome}");
}

#[actix_web::test]
async fn a_plain_connection_can_not_replace_a_secure_cookie() {
    let browser = browser().await;
    browser.set_cookie("a=safe; Secure; Path=/");
    browser.set_cookie_at("http://api.example.com/", "b=2");
    let _ =
        browser.page("http://api.example.com").fetch(setting("http://api.example.com/", &["a=evil"])).await;
    assert_eq!(sent(&browser.page(API).fetch(get("/")).await), "a=safe; b=2");
}

#[actix_web::test]
async fn each_redirect_gets_the_cookies_of_its_own_url() {
    let browser = browser().await;
    browser.set_cookie("api=1; SameSite=None; Secure");
    browser.set_cookie_at("https://other.test/", "other=2; SameSite=None; Secure");
    let url = "https://api.example.com/?to=https://other.test/&set=new%3D3%3B+Secure";
    let outcome =
        browser.page("https://api.example.com").fetch(get(url).credentials(Credentials::Include)).await;
    let cookies: Vec<_> =
        outcome.exchanges().iter().filter_map(|exchange| exchange.header("cookie")).collect();
    assert_eq!(cookies, ["api=1", "other=2"], "{outcome}");
    let names: Vec<_> = browser.cookies().into_iter().map(|cookie| cookie.name).collect();
    assert_eq!(names, ["api", "other", "new"]);
}

#[actix_web::test]
async fn stored_cookies_can_be_looked_at() {
    let browser = browser().await;
    let cookie =
        actix_web::cookie::Cookie::build("a", "1").domain("example.com").path("/x").http_only(true).finish();
    browser.set_cookie(cookie);
    let stored = &browser.cookies()[0];
    assert_eq!((stored.name.as_str(), stored.value.as_str()), ("a", "1"));
    assert_eq!(
        (stored.domain.as_str(), stored.is_host_only, stored.path.as_str()),
        ("example.com", false, "/x")
    );
    assert_eq!((stored.secure, stored.http_only, stored.same_site), (false, true, None));
    assert_eq!(stored.expires, None);
}

/// Why browsers refuse each cookie, as the panic of `set_cookie_at` says.
#[actix_web::test]
async fn refusals_say_why() {
    let longest = format!("a={}", "x".repeat(4095));
    let too_long = format!("{longest}x");
    let rows = [
        ("https://api.example.com/", longest.as_str(), None),
        ("https://api.example.com/", &too_long, Some("its name and value are longer than 4096 bytes")),
        ("https://api.example.com/", "a=1\0", Some("it contains a control character")),
        ("https://api.example.com/", "a", Some("the cookie is missing a name/value pair")),
        (
            "https://api.example.com/",
            "a=1; Domain=x.test",
            Some("its Domain is x.test, which is neither api.example.com nor a parent of it"),
        ),
        (
            "https://127.0.0.1/",
            "a=1; Domain=0.0.1",
            Some("its Domain is 0.0.1, which is neither 127.0.0.1 nor a parent of it"),
        ),
        (
            "https://me.github.io/",
            "a=1; Domain=github.io",
            Some("its Domain is github.io, a public suffix, under which anyone can register a name"),
        ),
        (
            "http://api.example.com/",
            "a=1; Secure",
            Some("it is Secure, and the connection is not; serve it over https"),
        ),
        (
            "https://api.example.com/",
            "a=1; SameSite=None",
            Some("its SameSite is None, which browsers accept only with Secure; add Secure"),
        ),
        (
            "https://api.example.com/",
            "__Secure-a=1",
            Some("its name begins with __Secure-, which needs Secure"),
        ),
        (
            "https://api.example.com/",
            "__Host-a=1",
            Some("its name begins with __Host-, which needs Secure, Path=/ and no Domain"),
        ),
    ];
    for (url, cookie, why) in rows {
        let browser = browser().await;
        let set = catch_unwind(AssertUnwindSafe(|| browser.set_cookie_at(url, cookie)));
        let said = set.err().and_then(|payload| payload.downcast::<String>().ok());
        let name = cookie.split('=').next().unwrap_or_default();
        let expected = why.map(|why| format!("the cookie \"{name}\" was not stored: {why}"));
        assert_eq!(said.map(|said| *said), expected);
    }
}

#[actix_web::test]
async fn no_header_line_makes_it_panic() {
    const PIECES: [&[u8]; 16] = [
        b"a",
        b"=",
        b";",
        b"\"",
        b" ",
        b"\t",
        b"; Max-Age=",
        b"; Domain=",
        b".",
        b"; Path=",
        b"; Expires=",
        b"-",
        b"\xff\xfe",
        "\u{e4}\u{3000}".as_bytes(),
        b"99999999999999999999",
        b"; Secure; SameSite=",
    ];
    let mut random: u32 = 1;
    let mut lines = Vec::new();
    for _ in 0..5000 {
        let mut line = Vec::new();
        for _ in 0..8 {
            // A fixed sequence, so that every run tests the same lines.
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            line.extend_from_slice(PIECES[(random >> 28) as usize]);
        }
        lines.extend(HeaderValue::from_bytes(&line));
    }
    let app = App::new().default_service(web::to(move || {
        let mut response = HttpResponse::Ok();
        for line in &lines {
            response.append_header(("set-cookie", line.clone()));
        }
        async move { response.finish() }
    }));
    let browser = Browser::new(init_service(app).await);
    let page = browser.page("https://api.example");
    let outcome = page.fetch(get("/")).await;
    assert!(outcome.is_allowed() && !outcome.to_string().is_empty());
    assert!(!browser.cookies().is_empty());
    assert!(page.fetch(get("/")).await.is_allowed());
}
