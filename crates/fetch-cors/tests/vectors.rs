//! The conformance vectors against both ends: the browser's, by the standard and in each engine's profile, and the server's.

#[path = "vectors/format.rs"]
mod format;
#[path = "vectors/translate.rs"]
mod translate;

use std::{collections::HashSet, path::Path, time::Duration};

use fetch_cors::{
    Policy, PolicyConfig,
    browser::{Browser, Engine, Exchange, Next, PageOrigin, Profile, Verdict},
    server::{RequestField, RequestHead, decide, fields},
};

use format::{
    Allowed, BrowserVector, Expected, Fetch, Outcome, Section, Sent, ServerAnswer, ServerRequest,
    ServerVector, isomorphic_decode,
};
use translate::{request, response};

fn sections() -> Vec<(String, Section)> {
    format::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors"))
}

#[test]
fn the_browsers_end() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (file, section) in sections() {
        let Section::Browser { vectors, .. } = section else { continue };
        for vector in &vectors {
            count += 1;
            let profiles = Engine::ALL.map(|engine| (Some(engine.name()), Profile::of(engine)));
            for (engine, profile) in std::iter::once((None, Profile::STANDARD)).chain(profiles) {
                if let Err(failure) = play(vector, engine, profile) {
                    let profile = engine.unwrap_or("the standard");
                    failures.push(format!("{file}: {} ({profile})\n    {failure}", vector.name));
                }
            }
        }
    }
    report(count, &failures);
}

#[test]
fn the_servers_end() {
    let mut failures = Vec::new();
    let mut count = 0;
    for (file, section) in sections() {
        let Section::Server { vectors, .. } = section else { continue };
        for vector in &vectors {
            count += 1;
            if let Err(failure) = answer(vector) {
                failures.push(format!("{file}: {}\n    {failure}", vector.name));
            }
        }
    }
    report(count, &failures);
}

/// What an engine does otherwise is in its profile, and what is in a profile was seen in a vector.
#[test]
fn differences_are_pinned() {
    for engine in Engine::ALL {
        let profile = Profile::of(engine);
        assert!(profile.differences.is_sorted(), "{engine}: not in order");
        let mut unpinned: HashSet<&str> =
            profile.differences.iter().map(|difference| difference.name()).chain(["max-age-limit"]).collect();
        let known = unpinned.clone();
        for (file, section) in sections() {
            let Section::Browser { vectors, .. } = section else { continue };
            for vector in &vectors {
                let because =
                    vector.engines.get(engine.name()).and_then(|differs| differs.because.as_deref());
                if let Some(because) = because {
                    let name = &vector.name;
                    assert!(known.contains(because), "{engine}: {file}: {name}: no difference {because:?}");
                    unpinned.remove(because);
                }
            }
        }
        // No browser is that patient; the source is cited in the profile.
        unpinned.remove("max-age-limit");
        assert!(unpinned.is_empty(), "{engine}: no vector shows {unpinned:?}");
    }
}

#[test]
fn files_are_in_order() {
    let mut count = 0;
    for (file, section) in sections() {
        let (title, spec, names): (_, _, Vec<&str>) = match &section {
            Section::Browser { section, spec, vectors } => {
                (section, spec, vectors.iter().map(|vector| vector.name.as_str()).collect())
            }
            Section::Server { section, spec, vectors } => {
                (section, spec, vectors.iter().map(|vector| vector.name.as_str()).collect())
            }
        };
        assert!(!title.is_empty() && spec.starts_with("https://"), "{file}: no section or no link");
        assert!(!names.is_empty(), "{file}: no vectors");
        count += names.len();
        let mut seen = HashSet::new();
        for name in names {
            assert!(seen.insert(name), "{file}: two vectors are named {name:?}");
        }
        let Section::Browser { vectors, .. } = &section else { continue };
        for vector in vectors {
            for (engine, differs) in &vector.engines {
                let name = &vector.name;
                assert!(
                    Engine::ALL.iter().any(|known| known.name() == engine),
                    "{file}: {name}: no engine {engine:?}"
                );
                assert!(
                    differs.fetches.is_some() == differs.because.is_some()
                        && (differs.fetches.is_some() || differs.unexpressed.is_some()),
                    "{file}: {name}: what differs in {engine} needs `fetches` and `because`, or `unexpressed`"
                );
            }
        }
    }
    assert!(count >= 300, "only {count} vectors");
}

fn report(count: usize, failures: &[String]) {
    assert!(count > 0, "no vectors");
    assert!(failures.is_empty(), "{} failures in {count} vectors:\n{}", failures.len(), failures.join("\n"));
}

fn play(vector: &BrowserVector, engine: Option<&str>, profile: Profile) -> Result<(), String> {
    let expected = vector.expected(engine);
    if expected.len() != vector.fetches.len() {
        return Err("what differs has not as many fetches as the vector".to_owned());
    }
    let mut browser = Browser::new(profile);
    let mut now = Duration::from_secs(1_000_000);
    for (index, (fetch, expected)) in vector.fetches.iter().zip(&expected).enumerate() {
        now += Duration::from_secs(fetch.after);
        play_fetch(&mut browser, fetch, expected, now)
            .map_err(|failure| format!("fetch {index}: {failure}"))?;
    }
    Ok(())
}

fn play_fetch(
    browser: &mut Browser,
    fetch: &Fetch,
    expected: &Expected,
    now: Duration,
) -> Result<(), String> {
    let page = PageOrigin::of(&fetch.page).ok_or("the page is no URL")?;
    let mut next = browser.fetch(request(fetch)?, now);
    let mut wire = expected.wire.iter();
    let verdict = loop {
        match next {
            Next::Send(exchange) => {
                let Some(sent) = wire.next() else {
                    return Err(format!("{} {} was not expected", exchange.method(), exchange.url()));
                };
                compare_sent(&exchange, sent, fetch, &page)?;
                next = match &sent.answer {
                    None => exchange.fail(browser),
                    Some(answer) => exchange.receive(browser, &response(answer), now),
                };
            }
            Next::Done(verdict) => break verdict,
        }
    };
    let unsent = wire.len();
    if unsent > 0 {
        return Err(format!("{unsent} expected requests were not sent; {verdict}"));
    }
    compare_outcome(&verdict, &expected.outcome, fetch)
}

fn compare_sent(exchange: &Exchange, sent: &Sent, fetch: &Fetch, page: &PageOrigin) -> Result<(), String> {
    let header = |name: &str| exchange.headers().get(name).map(|value| isomorphic_decode(&value));
    let preflight = sent.preflight.as_ref();
    let default_method = if preflight.is_some() { "OPTIONS" } else { &fetch.request.method };
    same("method", exchange.method(), sent.method.as_deref().unwrap_or(default_method))?;
    let url = url::Url::parse(sent.url.as_deref().unwrap_or(&fetch.request.url))
        .map_err(|error| error.to_string())?;
    same("url", exchange.url().as_str(), url.as_str())?;
    same("preflight", &exchange.is_preflight(), &preflight.is_some())?;
    let origin = sent.origin.clone().unwrap_or_else(|| Some(page.to_string()));
    same("Origin", &header("origin"), &origin)?;
    let method = preflight.map(|preflight| preflight.method.clone());
    same("Access-Control-Request-Method", &header("access-control-request-method"), &method)?;
    let names = preflight.and_then(|preflight| preflight.headers.clone());
    same("Access-Control-Request-Headers", &header("access-control-request-headers"), &names)?;
    same("credentials", &exchange.includes_credentials(), &sent.credentials)?;
    let has_body = sent.body.unwrap_or(fetch.request.body.is_some() && preflight.is_none());
    same("body", &exchange.has_body(), &has_body)?;
    for (name, value) in &sent.headers {
        same(name, &header(name), value)?;
    }
    Ok(())
}

fn compare_outcome(verdict: &Verdict, expected: &Outcome, fetch: &Fetch) -> Result<(), String> {
    match (verdict, expected) {
        (Verdict::Allowed(actual), Outcome::Allowed(expected)) => {
            let default_url = url::Url::parse(&fetch.request.url).map_or_else(|_| String::new(), Into::into);
            let actual = Allowed {
                r#type: actual.response_type.name().to_owned(),
                status: actual.status,
                readable: actual
                    .readable_headers
                    .iter()
                    .map(|(name, value)| (name.clone(), isomorphic_decode(value)))
                    .collect(),
                withheld: expected.withheld.as_ref().map(|_| actual.withheld_headers.clone()),
                url: Some(actual.url.as_ref().map(ToString::to_string).unwrap_or_default()),
                redirected: actual.is_redirected,
            };
            let mut expected = expected.clone();
            expected.url.get_or_insert(default_url);
            same("outcome", &actual, &expected)
        }
        (Verdict::Blocked(actual), Outcome::Blocked(expected)) => {
            same("step", actual.step.name(), &expected.step)?;
            same("reason", actual.reason.name(), &expected.reason)
        }
        _ => Err(format!("expected {expected:?}, saw {verdict}")),
    }
}

fn same<T: PartialEq + std::fmt::Debug + ?Sized>(what: &str, actual: &T, expected: &T) -> Result<(), String> {
    if actual == expected { Ok(()) } else { Err(format!("{what}: expected {expected:?}, saw {actual:?}")) }
}

impl RequestHead for ServerRequest {
    fn is_options(&self) -> bool {
        self.method == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.headers
            .iter()
            .filter(move |(name, _)| name.eq_ignore_ascii_case(field.name()))
            .map(|(_, value)| value.as_bytes())
    }
}

fn answer(vector: &ServerVector) -> Result<(), String> {
    let config: PolicyConfig =
        serde_json::from_value(vector.policy.clone()).map_err(|error| error.to_string())?;
    let policy = match (Policy::try_from(config), &vector.refused) {
        (Err(invalid), Some(places)) => {
            let actual: Vec<String> = invalid
                .problems()
                .iter()
                .map(|problem| problem.to_string().split(' ').next().unwrap_or_default().to_owned())
                .collect();
            return same("problems", &actual, places);
        }
        (Ok(_), Some(_)) => return Err("the policy is not refused".to_owned()),
        (Err(invalid), None) => return Err(invalid.to_string()),
        (Ok(policy), None) => policy,
    };
    let (Some(request), Some(ServerAnswer { handler, status, headers })) = (&vector.request, &vector.answer)
    else {
        return Err("it has no request and answer".to_owned());
    };
    let decision = decide(&policy, request);
    same("handler", &!decision.is_preflight(), handler)?;
    let actual = decision.is_preflight().then_some(if decision.is_allowed() { 204 } else { 403 });
    same("status", &actual, status)?;
    let fields = fields(&policy, request, decision);
    let mut actual: Vec<_> =
        fields.iter().map(|(name, value)| (name.name().to_owned(), isomorphic_decode(value))).collect();
    let mut expected = headers.clone();
    actual.sort();
    expected.sort();
    same("headers", &actual, &expected)
}
