//! Every message that the model of an engine can write is recognised, whole and in part.

use std::{collections::BTreeSet, time::Duration};

use cors_doctor::explain::{KINDS, Message, Source, recognize};
use cors_vectors::{BrowserVector, DiagnosisVector, Expected, Fetch, Outcome, request, response};
use fetch_cors::{
    browser::{Browser, Engine, Next, Profile, Verdict},
    diagnosis::{Cause, Examination, Exchanged, Failure, Received},
};

/// What the engines write in all vectors: the engine, the reason's name, the message, the status.
fn messages() -> Vec<(Engine, &'static str, String, Option<u16>)> {
    let mut messages = Vec::new();
    for engine in Engine::ALL {
        for (_, section) in cors_vectors::sections() {
            let cors_vectors::Section::Browser { vectors, .. } = section else { continue };
            for vector in &vectors {
                play_vector(vector, engine, &mut messages);
            }
        }
    }
    messages
}

fn play_vector(
    vector: &BrowserVector,
    engine: Engine,
    messages: &mut Vec<(Engine, &'static str, String, Option<u16>)>,
) {
    let mut browser = Browser::new(Profile::of(engine));
    let mut now = Duration::ZERO;
    let expected = vector.expected(Some(engine.name()));
    for (fetch, expected) in vector.fetches.iter().zip(&expected) {
        now += Duration::from_secs(fetch.after);
        let Some(Verdict::Blocked(blocked)) = play(&mut browser, fetch, expected, now) else { continue };
        if let Some(message) = blocked.console(engine) {
            messages.push((engine, blocked.reason.name(), message, blocked.status));
        }
    }
}

fn play(browser: &mut Browser, fetch: &Fetch, expected: &Expected, now: Duration) -> Option<Verdict> {
    let mut scripted = expected.wire.iter().map(|sent| sent.response.as_ref());
    let mut next = browser.fetch(request(fetch).ok()?, now);
    loop {
        next = match next {
            Next::Done(verdict) => return Some(verdict),
            Next::Send(exchange) => match scripted.next()? {
                None => exchange.fail(browser),
                Some(scripted) => exchange.receive(browser, &response(scripted), now),
            },
        };
    }
}

#[test]
fn every_message_of_the_model_is_recognised() {
    let mut seen = BTreeSet::new();
    let messages = messages();
    assert!(messages.len() > 300, "{}", messages.len());
    for (engine, reason, message, status) in &messages {
        seen.insert((engine.name(), *reason));
        for text in [
            message.clone(),
            format!("app.js:12:7 {message}"),
            format!(
                "GET https://api.test/ net::ERR_FAILED {}\n{message}\nUncaught TypeError: Failed to fetch",
                status.map(|status| format!("{status} (OK)")).unwrap_or_default()
            ),
            message.replace(['‘', '’', '“', '”'], "'"),
            message.replacen(' ', "\n    ", 9),
        ] {
            let recognized = recognize(&text);
            assert_eq!(recognized.len(), 1, "{text}\n{recognized:#?}");
            let one = &recognized[0];
            assert!(one.is_whole, "{text}");
            assert_eq!(one.engine, Some(*engine), "{text}");
            if let Some(found) = one.facts.status {
                assert_eq!(Some(found), *status, "{text}");
            }
            let captured = one.kind().messages.iter().filter(|known| known.engine == *engine);
            assert!(
                captured.clone().any(|known| known.source == Source::Captured),
                "{text} is {}",
                one.kind().id
            );
        }
    }
    // What no vector shows can't be recognised by accident: each captured message is one that some vector shows.
    let written = |engine: Engine, why: &Message| {
        let literal = why.why.split(['{', '}']).step_by(2).max_by_key(|part| part.len()).unwrap_or_default();
        let captured = CAPTURED.iter().filter(|(other, _)| *other == engine);
        messages.iter().any(|(other, _, message, _)| *other == engine && message.contains(literal))
            || captured.clone().any(|(_, text)| text.contains(literal))
    };
    for kind in KINDS {
        for known in kind.messages.iter().filter(|known| known.source == Source::Captured) {
            assert!(written(known.engine, known), "{:?} {}", known.engine, known.why);
        }
    }
    assert!(seen.len() >= 30, "{seen:?}");
}

#[test]
fn each_message_is_recognised_as_its_own_kind() {
    for kind in KINDS {
        for message in kind.messages {
            let text = message.text();
            let found = recognize(&text);
            let ids: Vec<_> = found.iter().flat_map(|one| &one.kinds).map(|kind| kind.id).collect();
            assert_eq!(ids, [kind.id], "{text}");
        }
    }
}

#[test]
fn a_part_of_a_message_is_enough() {
    let rows: &[(&str, &[&str])] = &[
        ("No 'Access-Control-Allow-Origin' header is present", &["allow-origin-missing"]),
        (
            "no access-control-allow-origin header is present on the requested resource",
            &["allow-origin-missing"],
        ),
        ("CORS header 'Access-Control-Allow-Origin' missing", &["allow-origin-missing"]),
        ("Reason: CORS header Access-Control-Allow-Origin missing", &["allow-origin-missing"]),
        (
            "must not be the wildcard '*' when the request's credentials mode is 'include'",
            &["wildcard-with-credentials"],
        ),
        ("is not allowed by Access-Control-Allow-Headers in preflight response", &["header-not-allowed"]),
        ("doesn't pass access control check: It does not have HTTP ok status", &["preflight-status"]),
        ("CORS preflight response did not succeed", &["preflight-status"]),
        ("contains multiple values '*, *', but only one is allowed", &["allow-origin-multiple"]),
        ("but only one is allowed", &["allow-origin-multiple"]),
        ("that is not equal to the supplied origin", &["allow-origin-mismatch"]),
        ("has been blocked by CORS policy", &["cors-policy"]),
        (
            "Access to XMLHttpRequest at 'http://a.test/' from origin 'http://b.test' has been blocked by CORS policy:",
            &["cors-policy"],
        ),
        (
            "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource",
            &["cors-policy"],
        ),
        ("Redirect is not allowed for a preflight request", &["preflight-redirect"]),
        ("TypeError: Failed to fetch", &["failed"]),
        ("net::ERR_CONNECTION_REFUSED", &["no-response"]),
        ("XMLHttpRequest cannot load https://api.test/ due to access control checks.", &["failed"]),
        ("Did not find method in CORS header", &["method-not-allowed"]),
        ("expected 'true' in CORS header", &["credentials-not-true"]),
        ("Preflight response is not successful", &["preflight-status"]),
        ("Origin https://b.test is not allowed by Access-Control-Allow-Origin", &["origin-not-allowed"]),
        // As people pasted them into public reports.
        (
            "[Error] Preflight response is not successful. Status code: 403\n[Error] Fetch API cannot load https://raw.example/a.html due \
             to access control checks.\n[Error] Failed to load resource: Preflight response is not successful. Status code: 403 \
             (a.html, line 0)\nTypeError: Load failed",
            &["preflight-status"],
        ),
        (
            "Preflight response is not successful\n\nXMLHttpRequest cannot load http://a.example/login due to access control checks.",
            &["preflight-status"],
        ),
        (
            "Access to fetch at 'http://localhost:8080/s' from origin 'https://a.example' has been blocked by CORS policy: Permission was \
             denied for this request to access the `loopback` address space.\nlocalhost:8080/s:1  Failed to load resource: net::ERR_FAILED",
            &["local-network"],
        ),
        (
            "has been blocked by CORS policy: Request had a target IP address space of `unknown` yet the resource is in address space `local`.",
            &["local-network"],
        ),
        (
            "The Same Origin Policy disallows reading the remote resource at http://localhost:3000/c. (Reason: CORS request failed).",
            &["no-response"],
        ),
        (
            "Failed to load https://a.example/uuid?n=2: No 'Access-Control-Allow-Origin' header is present on the requested resource. \
             Origin 'http://127.0.0.1' is therefore not allowed access. If an opaque response serves your needs, set the request's \
             mode to 'no-cors' to fetch the resource with CORS disabled.",
            &["allow-origin-missing"],
        ),
        ("Response for preflight has invalid HTTP status code 403.", &["preflight-status"]),
        (
            "Access to XMLHttpRequest at 'localhost:50032/api' from origin 'http://localhost:9527' has been blocked by CORS policy: Cross origin requests are only supported for protocol schemes: http, data, chrome, chrome-extension, chrome-untrusted, https",
            &["scheme-not-http"],
        ),
        ("(Reason: CORS header ‘Access-Control-Allow-Origin’ missing).", &["allow-origin-missing"]),
        ("(Reason: CORS preflight response did not succeed). Status code: 502.", &["preflight-status"]),
        (
            "(Reason: missing token &#39;xyz&#39; in CORS header &#39;Access-Control-Allow-Headers&#39; from CORS preflight channel).",
            &["header-not-allowed"],
        ),
        ("hello world, this is nothing", &[]),
        ("", &[]),
        ("the cat sat on the mat is not allowed", &[]),
    ];
    for (text, expected) in rows {
        let found = recognize(text);
        let ids: Vec<_> = found.iter().flat_map(|one| &one.kinds).map(|kind| kind.id).collect();
        assert_eq!(ids, *expected, "{text}");
    }
}

#[test]
fn the_facts_are_read() {
    let text = "index.js:4 Access to XMLHttpRequest at 'https://api.test/b' (redirected from 'https://api.test/a') from origin \
                'https://app.test' has been blocked by CORS policy: Response to preflight request doesn't pass access control check: \
                It does not have HTTP ok status.";
    let found = recognize(text);
    let facts = &found[0].facts;
    assert_eq!(facts.url.as_deref(), Some("https://api.test/b"));
    assert_eq!(facts.first_url.as_deref(), Some("https://api.test/a"));
    assert_eq!(facts.page.as_deref(), Some("https://app.test"));
    assert!(facts.is_preflight);
    assert_eq!(
        found[0].check().to_string(),
        "cors-doctor check https://api.test/a --origin https://app.test -X METHOD"
    );
    let text = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at https://api.test/x. \
                (Reason: header ‘x-token’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).";
    let found = recognize(text);
    assert_eq!(
        found[0].check().to_string(),
        "cors-doctor check https://api.test/x --origin ORIGIN -H 'x-token: 1'"
    );
}

#[test]
fn the_facts_of_a_cut_off_message_are_read() {
    let found = recognize(
        "from origin 'http://localhost:3000' has been blocked by CORS policy: Response to preflight request doesn't pass access \
                           control check: No 'Access-Control-Allow-Origin' header is present on the requested resource.",
    );
    assert_eq!(found[0].facts.page.as_deref(), Some("http://localhost:3000"));
    let found = recognize(
        "Failed to load https://a.example/u: No 'Access-Control-Allow-Origin' header is present on the requested resource. \
                           Origin 'http://127.0.0.1' is therefore not allowed access.",
    );
    assert_eq!(found[0].facts.page.as_deref(), Some("http://127.0.0.1"));
    assert_eq!(found[0].facts.url.as_deref(), Some("https://a.example/u"));
}

/// A message, and whether it leaves only one cause; then causes that it leaves, and causes that it rules out.
type Left<'a> = (&'a str, bool, &'a [&'a str], &'a [&'a str]);

#[test]
fn a_text_rules_out_what_can_not_be() {
    let origin = |why: &str| {
        format!(
            "Access to fetch at 'https://api.test/' from origin 'https://app.test' has been blocked by CORS policy: {why}"
        )
    };
    let mismatch = |value: &str| {
        origin(&format!(
            "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin. Have the server \
             send the header with a valid value."
        ))
    };
    let multiple = |value: &str| {
        origin(&format!(
            "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed. Have the server \
             send the header with a valid value."
        ))
    };
    let header = |name: &str| {
        origin(&format!(
            "Request header field {name} is not allowed by Access-Control-Allow-Headers in preflight response."
        ))
    };
    let missing = "No 'Access-Control-Allow-Origin' header is present on the requested resource.";
    let rows: &[Left<'_>] = &[
        (&mismatch("https://app.test/"), true, &["not-an-origin"], &["origin-not-listed"]),
        (
            &mismatch("http://app.test"),
            false,
            &["origin-not-listed", "cached-for-another"],
            &["not-an-origin", "opaque-origin"],
        ),
        (&mismatch("https://a.test https://b.test"), true, &["list-of-origins"], &["two-writers"]),
        (
            &multiple("https://app.test, https://app.test"),
            false,
            &["two-writers", "hidden-error"],
            &["list-of-origins", "service-worker-or-extension"],
        ),
        (&multiple("*, *"), false, &["two-writers", "service-worker-or-extension"], &["list-of-origins"]),
        (
            &multiple("https://a.test, https://b.test"),
            false,
            &["two-writers", "list-of-origins"],
            &["service-worker-or-extension"],
        ),
        (
            &header("access-control-allow-origin"),
            true,
            &["response-header-on-request"],
            &["headers-not-listed"],
        ),
        (
            &header("x-token"),
            false,
            &["headers-not-listed", "wildcard-without-effect"],
            &["response-header-on-request"],
        ),
        (&origin(missing), false, &["no-cors", "origin-not-listed", "hidden-error"], &["opaque-origin"]),
        (&origin(missing).replace("https://app.test", "null"), false, &["no-cors", "opaque-origin"], &[]),
        (
            "Preflight response is not successful. Status code: 401",
            false,
            &["authentication-in-front", "no-cors"],
            &["redirected"],
        ),
        (
            "Preflight response is not successful. Status code: 301",
            false,
            &["redirected", "login-redirect"],
            &["no-cors"],
        ),
        (
            "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\".",
            false,
            &["credentials-not-allowed", "cached-for-another"],
            &[],
        ),
        ("net::ERR_UNSAFE_PORT", true, &["request-refused"], &[]),
        // A part of a message may be of another one.
        ("contains the invalid value", false, &["not-an-origin"], &[]),
        ("TypeError: Failed to fetch", false, &[], &[]),
    ];
    for (text, is_certain, left, ruled_out) in rows {
        let found = recognize(text);
        let names: Vec<_> = found[0].causes().into_iter().flat_map(|cause| cause.names).collect();
        assert_eq!(found[0].is_certain(), *is_certain, "{text}: {names:?}");
        assert!(left.iter().all(|name| names.contains(name)), "{text}: {names:?}");
        assert!(!ruled_out.iter().any(|name| names.contains(name)), "{text}: {names:?}");
    }
}

#[test]
fn the_status_next_to_a_message_is_likely_its_own() {
    let line = |status: &str| format!("GET https://api.test/ net::ERR_FAILED {status}\n");
    let message = "Access to fetch at 'https://api.test/' from origin 'https://app.test' has been blocked by CORS policy: No \
                   'Access-Control-Allow-Origin' header is present on the requested resource.";
    for (text, status, first) in [
        (format!("{message}\n{}", line("502 (Bad Gateway)")), Some(502), "hidden-error"),
        (format!("{}{message}", line("404")), Some(404), "hidden-error"),
        (format!("{message}\n{}", line("")), None, "hidden-error"),
        // Nobody knows which of them it is.
        (format!("{message}\n{}{}", line("200 (OK)"), line("502 (Bad Gateway)")), None, "hidden-error"),
        (format!("{message}\n{}", line("200 (OK)")), Some(200), "origin-not-listed"),
    ] {
        let found = recognize(&text);
        assert_eq!(found[0].facts.status, status, "{text}");
        assert_eq!(found[0].causes()[0].names[0], first, "{text}");
    }
}

#[test]
fn several_messages_are_told_apart() {
    let first = "Access to fetch at 'https://a.test/' from origin 'https://app.test' has been blocked by CORS policy: No \
                 'Access-Control-Allow-Origin' header is present on the requested resource.";
    let second = "Access to fetch at 'https://b.test/' from origin 'https://app.test' has been blocked by CORS policy: Method \
                  PUT is not allowed by Access-Control-Allow-Methods in preflight response.";
    let found = recognize(&format!("{first} {second}\n{first}"));
    let told: Vec<_> =
        found.iter().map(|one| (one.kind().id, one.facts.url.as_deref().unwrap_or_default())).collect();
    assert_eq!(
        told,
        [
            ("allow-origin-missing", "https://a.test/"),
            ("method-not-allowed", "https://b.test/"),
            ("allow-origin-missing", "https://a.test/")
        ][..2]
    );
}

/// What the engines wrote while the conformance run played all vectors; names in braces stand for URLs and origins.
const CAPTURED: [(Engine, &str); 3] = [
    (Engine::Chromium, include_str!("../../cors-vectors/console/chromium.txt")),
    (Engine::Firefox, include_str!("../../cors-vectors/console/firefox.txt")),
    (Engine::WebKit, include_str!("../../cors-vectors/console/webkit.txt")),
];

#[test]
fn every_message_of_the_conformance_run_is_recognised() {
    let mut unknown = Vec::new();
    for (engine, text) in CAPTURED {
        // Firefox's own mistake, and what it thinks of an empty body.
        let is_about_this =
            |line: &&str| !line.contains("PathUtils") && !line.starts_with("XML Parsing Error");
        for line in text.lines().filter(is_about_this) {
            let message = line
                .replace("{url}", "http://api.site.test/a")
                .replace("{origin}", "http://site.test")
                .replace("\\n", "\n");
            let found = recognize(&message);
            let is_known = found.first().is_some_and(|one| {
                one.is_whole
                    && one.engine.is_none_or(|other| other == engine)
                    && (found.len() == 1 || one.kind().id == found[1].kind().id)
            });
            if !is_known {
                unknown.push(format!(
                    "{} {line}\n    {:?}",
                    engine.name(),
                    found.iter().map(|one| (one.kind().id, one.engine)).collect::<Vec<_>>()
                ));
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
}

#[test]
fn the_causes_are_those_of_a_diagnosis() {
    let all = || KINDS.iter().flat_map(|kind| kind.causes).flat_map(|cause| cause.names);
    for name in all() {
        assert!(Cause::NAMES.contains(name), "{name}");
    }
    // What no message tells apart.
    let unseen = ["cookies-not-sent", "preflight-remembered", "nothing-wrong", "not-sent"];
    for name in Cause::NAMES {
        assert_ne!(all().any(|other| other == name), unseen.contains(name), "{name}");
    }
}

/// Each vector of the diagnosis, as the engines would write about it: the cause is among those that the message has.
#[test]
fn a_message_has_the_cause_that_turns_out() {
    let mut lacking = Vec::new();
    let mut seen = 0;
    for (_, section) in cors_vectors::diagnosis_sections() {
        for vector in section.vectors.iter().filter(|vector| !vector.blocked_in_browser) {
            let Some((request, exchanges, cause)) = diagnosed(vector) else { continue };
            for replayed in cors_doctor::probe::in_engines(&request, &exchanges) {
                let Some(message) = replayed.message else { continue };
                seen += 1;
                let found = recognize(&message);
                let kind = found[0].kind();
                if !kind.causes.iter().any(|known| known.names.contains(&cause)) {
                    lacking.push(format!("{cause} ({}): {message}", vector.name));
                }
            }
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(lacking.is_empty(), "{}", lacking.join("\n"));
}

fn diagnosed(
    vector: &DiagnosisVector,
) -> Option<(fetch_cors::browser::Request, Vec<Exchanged>, &'static str)> {
    let fetch = Fetch {
        page: vector.page.clone(),
        page_address_space: None,
        after: 0,
        request: vector.request.clone(),
        wire: Vec::new(),
        outcome: Outcome::Blocked(cors_vectors::Blocked { step: String::new(), reason: String::new() }),
    };
    let request = request(&fetch).ok()?;
    let mut examination = Examination::new(Browser::default(), request.clone(), Duration::ZERO);
    let mut wire = vector.wire.iter();
    while let Some(wanted) = examination.wanted() {
        let reply = match &wanted.probe {
            None => wire.next(),
            Some(probe) => vector.probes.get(probe.purpose.name().as_str()),
        };
        let received = match reply {
            Some(reply) if !reply.not_sent && reply.failed.is_none() => {
                Received::Response { head: reply.head(), body: reply.body.clone().into_bytes() }
            }
            Some(reply) if reply.failed.is_some() => Received::Failed(Failure::Refused),
            _ => Received::NotSent,
        };
        examination.receive(received, Duration::ZERO);
    }
    let name = examination.diagnosis().cause.name();
    Some((request, examination.case().exchanges.clone(), name))
}
