//! Origins that a list let in by mistake.

use std::collections::BTreeSet;

use actix_web_cors::{Cors, Policy};

use super::{app, ask, check, lets_in, policy};

/// go-zero compared ends (CVE-2024-27302), so whoever registered a name that ends like an allowed one was let in.
#[actix_web::test]
async fn cve_2024_27302_suffix_without_the_dot() {
    check(
        &["https://*.example.com", "https://app.example.org", "https://pr-*.example.net"],
        &[
            "https://a.example.com",
            "https://a.b.example.com",
            "https://app.example.org",
            "https://pr-7.example.net",
        ],
        &[
            "https://evilexample.com",
            "https://evil-example.com",
            "https://example.com",
            "https://.example.com",
            "https://evilapp.example.org",
            "https://evil.app.example.org",
            "https://evil.example/.example.com",
            "https://evil.example?.example.com",
            "https://evil.example#.example.com",
            "https://evil.example\\.example.com",
            "https://evil.example:443.example.com",
            "https://evil.example@a.example.com",
            "https://evil.example%2f.example.com",
            "https://evil.example\u{3002}example.com",
            "https://pr-7.evil.example.net",
            "https://pr-.example.net",
            "https://evil-pr-7.example.net",
            "https://pr-7.evilexample.net",
            "https://pr-7/.example.net",
        ],
    )
    .await;
}

/// Patterns that were matched from the start only, or anywhere: rack-cors (CVE-2017-11173), sanic-cors (CVE-2026-37737),
/// starlette (pull request 801), martini-contrib/cors (pull request 6).
#[actix_web::test]
async fn cve_2017_11173_a_pattern_matches_from_end_to_end() {
    check(
        &[
            "https://app.example.com",
            "https://*.example.net",
            "https://pr-*.example.org",
            "http://localhost:*",
        ],
        &["https://app.example.com", "https://a.example.net", "http://localhost:3000", "http://localhost"],
        &[
            "https://app.example.com.evil.example",
            "https://app.example.community",
            "https://app.example.com:8443",
            "https://app.example.com-evil.example",
            "https://app.example.com`.evil.example",
            "https://app.example.com}.evil.example",
            "https://app.example.com_.evil.example",
            "https://evil.example/https://app.example.com",
            "https://evil.example, https://app.example.com",
            "https://app.example.com, https://evil.example",
            "https://app.example.com https://evil.example",
            "xhttps://app.example.com",
            "app.example.com",
            "//app.example.com",
            "https://a.example.net.evil.example",
            "https://pr-1.example.org.evil.example",
            "http://localhost.evil.example",
            "http://localhost.evil.example:3000",
            "http://localhost:3000.evil.example",
            "http://localhost:evil.example",
            "http://localhost@evil.example",
            "http://localhost:3000@evil.example",
            "http://localhost:99999",
            "http://localhost:03000",
            "http://localhost:",
            "http://notlocalhost:3000",
        ],
    )
    .await;
}

/// What one pattern means, without the code that is tested.
fn is_meant(pattern: &str, origin: &str) -> bool {
    let is_label = |label: &str| {
        let is_of_label =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        (1..=63).contains(&label.len()) && label.bytes().all(is_of_label)
    };
    let (Some((scheme, pattern)), Some((origin_scheme, origin))) =
        (pattern.split_once("://"), origin.split_once("://"))
    else {
        return false;
    };
    let split = |text: &'_ str| match text.split_once(':') {
        Some((host, port)) => (host.to_owned(), Some(port.to_owned())),
        None => (text.to_owned(), None),
    };
    let ((pattern, pattern_port), (host, port)) = (split(pattern), split(origin));
    let default = if scheme == "https" { 443 } else { 80 };
    let is_port = |port: &String| {
        port.parse().is_ok_and(|number: u16| number > 0 && number != default && number.to_string() == *port)
    };
    let is_at_port =
        if pattern_port.as_deref() == Some("*") { port.iter().all(is_port) } else { port == pattern_port };
    let is_host = match pattern.split_once('*') {
        None => host == pattern,
        Some(("", end)) if end.starts_with('.') => {
            host.strip_suffix(end).is_some_and(|labels| labels.split('.').all(is_label))
        }
        Some((prefix, end)) => {
            let (suffix, parent) = end.split_once('.').unwrap_or((end, ""));
            let label = host.split_once('.').filter(|(_, rest)| *rest == parent).map(|(label, _)| label);
            let star = label.and_then(|label| label.strip_prefix(prefix)?.strip_suffix(suffix));
            star.is_some_and(|star| is_label(star) && !star.contains('_'))
        }
    };
    scheme == origin_scheme && is_at_port && is_host
}

/// Where an origin can be cut so that its parts may be mistaken for those of another: before and after each separator.
fn cuts(origin: &str) -> Vec<usize> {
    let separators = origin.match_indices(['.', ':', '-']).filter(|(at, _)| *at > "https://".len());
    let mut cuts: Vec<usize> = separators.flat_map(|(at, _)| [at, at + 1]).collect();
    cuts.extend(["http://".len(), "https://".len(), origin.len() / 2, origin.len()]);
    cuts
}

/// jub0bs/cors and jub0bs/fcors (GHSA-v84h-653v-4pq9): two patterns whose hosts end alike allowed a third. Every origin that
/// starts like one pattern and ends like another is compared with what the patterns mean one by one.
#[actix_web::test]
async fn ghsa_vhxv_fg4m_p2w8_two_patterns_do_not_combine_into_a_third() {
    let mut patterns = vec![
        "https://foo.example",
        "https://bar.example",
        "https://a.foo.example",
        "https://foo.example:8443",
        "https://*.bar.example",
        "https://*.oo.example:8443",
        "https://pr-*.foo.example",
        "https://*-pr.bar.example",
        "https://a*a.foo.example:*",
        "https://pr-*.oo.example",
        "http://localhost:*",
        // With its dot as long as `localhost`, so that both are looked up by the same length.
        "http://*.internal:*",
        "http://*.other:*",
        "https://*.baz.example",
    ];
    // As few as are compared one after another, and more; and each comes before and after each other.
    let few =
        [vec![patterns[6], patterns[9]], vec![patterns[10], patterns[11]], vec![patterns[4], patterns[7]]];
    let mut lists = few.to_vec();
    lists.push(patterns.clone());
    patterns.reverse();
    lists.push(patterns);
    for patterns in lists {
        let app = app(Cors::new(policy(&patterns, false))).await;
        let samples: Vec<String> = patterns.iter().map(|pattern| pattern.replace('*', "7")).collect();
        let mut origins = BTreeSet::new();
        for (start, end) in samples.iter().flat_map(|start| samples.iter().map(move |end| (start, end))) {
            for at in cuts(start) {
                for from in cuts(end) {
                    origins.insert(format!("{}{}", &start[..at], &end[from..]));
                }
            }
        }
        let (mut let_in, mut kept_out) = (0, 0);
        for origin in origins {
            let expected = patterns.iter().any(|pattern| is_meant(pattern, &origin));
            assert_eq!(lets_in(&app, &origin).await, expected, "{origin} by {patterns:?}");
            *if expected { &mut let_in } else { &mut kept_out } += 1;
        }
        assert!(let_in > 2 && kept_out > 30, "{let_in} let in, {kept_out} kept out by {patterns:?}");
        for origin in ["https://barfoo.example", "https://foobar.example", "http://evillocalhost:3000"] {
            assert!(!lets_in(&app, origin).await, "{origin} by {patterns:?}");
        }
    }
}

/// gin-contrib/cors: a `*` at the end lost the byte before it, so `https://example.com/*` allowed `https://example.community`.
/// Here a `*` is the whole port or stands for labels; anything else at the end is an error at the start.
#[actix_web::test]
async fn cve_2019_25211_a_wildcard_at_the_end() {
    for pattern in [
        "https://example.com/*",
        "https://example.com*",
        "https://example.*",
        "https://example.com.*",
        "http://localhost/*",
        "http://localhost*",
        "http://localhost:30*",
        "https://app-*",
        "https://*",
        "https://*:*",
        "*://app.example.com",
        "http*://app.example.com",
        "*.example.com",
        "*example.com",
        "https://*.*.example.com",
        "https://a.*.example.com",
        "https://192.0.2.*",
    ] {
        for credentials in [false, true] {
            let builder = Policy::builder().allow_origins([pattern]);
            let builder = if credentials { builder.allow_credentials() } else { builder };
            assert!(builder.build().is_err(), "{pattern:?} is refused, with credentials: {credentials}");
        }
    }
    // Where one may stand at the end of a label, of an address or of an origin, all that precedes it counts.
    check(
        &["https://pr-*.example.net", "https://*-pr.example.org", "http://localhost:*"],
        &["https://pr-7.example.net", "https://7-pr.example.org", "http://localhost:3000"],
        &[
            "https://prx7.example.net",
            "https://pr7.example.net",
            "https://pr-.example.net",
            "https://pr.example.net",
            "https://xpr-7.example.net",
            "https://7xpr.example.org",
            "https://7-prx.example.org",
            "https://-pr.example.org",
            "http://localhos:3000",
            "http://localhostx:3000",
            "http://localhost:3000x",
            "http://localhost3000",
        ],
    )
    .await;
    let network = app(Cors::new(policy(&["http://192.168.1.*:5173"], false))).await;
    for (origin, expected) in [
        ("http://192.168.1.7:5173", true),
        ("http://192.168.17:5173", false),
        ("http://192.168.1:5173", false),
        ("http://192.168.1.:5173", false),
        ("http://192.168.1x7:5173", false),
        ("http://192.168.11.7:5173", false),
        ("http://192.168.1.7.evil.example:5173", false),
        ("http://192.168.1.7:51730", false),
        ("http://192.168.1.256:5173", false),
    ] {
        assert_eq!(lets_in(&network, origin).await, expected, "{origin}");
    }
}

/// Litestar compiled names of hosts into regular expressions without escaping them, so a dot matched any character.
#[actix_web::test]
async fn cve_2026_25479_a_dot_is_a_dot() {
    check(
        &["https://app.example.com", "https://*.example.net"],
        &["https://app.example.com", "https://a.example.net"],
        &[
            "https://appxexample.com",
            "https://app-example.com",
            "https://app.examplexcom",
            "https://a.examplexnet",
            "https://axexample.net",
        ],
    )
    .await;
    for pattern in [
        r"https://app\.example\.com",
        "https://.*.example.com",
        "https://(app|www).example.com",
        "https://[a-z]+.example.com",
        "https://app.example.com$",
        "^https://app.example.com",
        "/https://app.example.com/",
        "https://app?.example.com",
    ] {
        assert!(Policy::builder().allow_origins([pattern]).build().is_err(), "{pattern:?} is refused");
    }
}

/// Origins are compared byte by byte, as browsers write them: whatever would have to be normalized first is not allowed.
#[actix_web::test]
async fn an_origin_written_otherwise_is_another_origin() {
    check(
        &[
            "https://app.example.com",
            "https://*.example.net",
            "https://xn--bcher-kva.example",
            "http://[::1]:3000",
        ],
        &[
            "https://app.example.com",
            "https://a.example.net",
            "https://xn--bcher-kva.example",
            "http://[::1]:3000",
        ],
        &[
            "HTTPS://app.example.com",
            "Https://app.example.com",
            "https://App.Example.com",
            "https://a.EXAMPLE.net",
            "https://A.example.net",
            "http://app.example.com",
            "wss://app.example.com",
            "https://app.example.com.",
            "https://app.example.com:443",
            "https://app.example.com:0443",
            "https://app.example.com/",
            "https://app.example.com/a",
            "https://app.example.com?",
            "https://app.example.com#",
            "https://user@app.example.com",
            "https://:@app.example.com",
            "https:app.example.com",
            "https:/app.example.com",
            "https:///app.example.com",
            "https:\\\\app.example.com",
            "https://app%2eexample.com",
            "https://app.example%2Ecom",
            "https://%61pp.example.com",
            "https://app\u{ff0e}example.com",
            "https://\u{430}pp.example.com",
            "https://app.\u{200b}example.com",
            "https://app.example.com\u{a0}",
            "https://b\u{fc}cher.example",
            "https://xn--bcher-kva.example.",
            "https://XN--BCHER-KVA.example",
            "http://[0:0:0:0:0:0:0:1]:3000",
            "http://[::0001]:3000",
            "http://127.0.0.1:3000",
            "http://[::ffff:127.0.0.1]:3000",
            "https://a..example.net",
            "https://-.example.net.",
            "\"https://app.example.com\"",
            "'https://app.example.com'",
            "<https://app.example.com>",
            "https://app.example.com;",
        ],
    )
    .await;
}

/// `StackStorm` (CVE-2019-9580) responded `null` to whomever it did not know, and netty and http4s could be set to allow it:
/// any page can send `null`, through a sandboxed frame, a `data:` URL, or a redirect.
#[actix_web::test]
async fn cve_2019_9580_null_through_a_sandboxed_frame() {
    for written in
        ["null", "NULL", "Null", " null", "\"null\"", "'null'", "null://", "null://null", "https://null"]
    {
        let built = Policy::builder().allow_origins([written]).build();
        // `null` can be a scheme and a host, but then it is not the origin `null`.
        assert!(built.is_err() || written.contains("://null"), "{written:?}");
        if let Ok(policy) = built {
            assert!(!lets_in(&app(Cors::new(policy)).await, "null").await, "{written:?}");
        }
        let opted_in = Policy::builder().danger_allow_origins([written]).allow_credentials().build();
        assert!(opted_in.is_err(), "{written:?} is not opened by an opt-in");
    }
    let patterns = ["https://app.example.com", "https://*.example.net", "http://localhost:*"];
    check(&patterns, &[], &["null", "NULL", "null ", "null, https://app.example.com", "null://null"]).await;
    let files = Policy::builder().danger_allow_origins(["file://"]).allow_credentials().build();
    assert!(!lets_in(&app(Cors::new(files.expect("a valid policy"))).await, "null").await);
    let all = Cors::new(policy(&patterns, true)).allow_origins_if("all", |_, _| true);
    assert!(!lets_in(&app(all).await, "null").await, "no predicate is asked about it");
}

/// Names under a public suffix belong to whoever comes first, so a pattern of previews there needs an opt-in with
/// credentials; and neither a dot nor Punycode may stand for its `*`.
#[actix_web::test]
async fn a_preview_pattern_claimed_by_a_stranger() {
    for pattern in [
        "https://shop-*.vercel.app",
        "https://*-shop.vercel.app",
        "https://*.vercel.app",
        "https://deploy-preview-*--shop.netlify.app",
        "https://*.github.io",
        "https://*.pages.dev",
        "https://*.web.app:*",
        "https://s*.amazonaws.com",
        "https://*.co.uk",
        "https://shop-*.co.uk",
        "https://*.com",
    ] {
        let built = Policy::builder().allow_origins([pattern]).allow_credentials().build();
        assert!(built.is_err(), "{pattern:?} is refused with credentials");
    }
    for pattern in ["https://shop-*.com", "https://*shop.co.uk", "https://*.evil-*.vercel.app"] {
        let opted_in = Policy::builder().danger_allow_origins([pattern]).allow_credentials().build();
        assert!(opted_in.is_err(), "{pattern:?} is not opened by an opt-in");
    }
    let policy = Policy::builder()
        .danger_allow_origins(["https://shop-git-*-team.vercel.app"])
        .allow_methods(["PUT"])
        .allow_credentials()
        .build()
        .expect("a valid policy");
    let risks = policy.summary().risks().join(" ");
    assert!(risks.contains("vercel.app"), "the summary says who gets in: {risks}");
    let app = app(Cors::new(policy)).await;
    for (origin, expected) in [
        ("https://shop-git-fix-1-team.vercel.app", true),
        ("https://shop-git--team.vercel.app", false),
        ("https://shop-git-fix-team.vercel.app.evil.example", false),
        ("https://shop-git-fix.evil-team.vercel.app", false),
        ("https://evil.shop-git-fix-team.vercel.app", false),
        ("https://shop-git-fix-team.vercel.app:8443", false),
        ("http://shop-git-fix-team.vercel.app", false),
        ("https://shop-git-fix-team-vercel.app", false),
        ("https://xshop-git-fix-team.vercel.app", false),
        ("https://shop-git-FIX-team.vercel.app", false),
        ("https://shop-git-f_x-team.vercel.app", false),
    ] {
        assert_eq!(lets_in(&app, origin).await, expected, "{origin}");
    }
    // At the start of a label a `*` is not the start of a name in Punycode, which looks like another name.
    let policy = Policy::builder()
        .danger_allow_origins(["https://*-team.vercel.app", "https://x*-team.netlify.app"])
        .allow_credentials()
        .build()
        .expect("a valid policy");
    let app = super::app(Cors::new(policy)).await;
    for (origin, expected) in [
        ("https://fix-1-team.vercel.app", true),
        ("https://xn-team.vercel.app", true),
        ("https://xn--80ak6aa-team.vercel.app", false),
        ("https://xfix-team.netlify.app", true),
        ("https://xn--80ak6aa-team.netlify.app", false),
        ("https://a.b-team.vercel.app", false),
    ] {
        let seen = ask(&app, "GET", &[("origin", origin.as_bytes())]).await;
        assert_eq!(seen.has_cors(), expected, "{origin}: {seen:?}");
    }
}
