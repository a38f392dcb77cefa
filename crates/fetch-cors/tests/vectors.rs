//! The conformance vectors against both ends: the browser's, by the standard and in each engine's profile, and the server's.

use std::{collections::HashSet, process::Command, time::Duration};

use cors_vectors::{
    Allowed, BrowserVector, Expected, Fetch, Outcome, Section, Sent, Served, ServerVector, browser_trials,
    isomorphic_decode, request, response, sections, server_trials,
};
use fetch_cors::{
    browser::{Browser, Difference, Engine, Exchange, Next, PageOrigin, Profile, Verdict},
    server::{decide, fields},
};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let mut trials = browser_trials(play_in_each_profile);
    trials.extend(server_trials(serve));
    trials.push(Trial::test("differences_are_pinned", || {
        differences_are_pinned();
        Ok(())
    }));
    trials.push(Trial::test("files_are_in_order", || {
        files_are_in_order();
        Ok(())
    }));
    trials.push(generated_files_are_current());
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

/// Plays a vector by the standard, and in each engine's profile.
fn play_in_each_profile(vector: &BrowserVector) -> Result<(), String> {
    let profiles = Engine::ALL.map(|engine| (Some(engine.name()), Profile::of(engine)));
    let failures: Vec<_> = std::iter::once((None, Profile::STANDARD))
        .chain(profiles)
        .filter_map(|(engine, profile)| {
            let failure = play(vector, engine, profile).err()?;
            Some(format!("{}: {failure}", engine.unwrap_or("standard")))
        })
        .collect();
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Ignored, with the reason, if Python is not installed.
fn generated_files_are_current() -> Trial {
    const NAME: &str = "generated_files_are_current";
    if Command::new("python3").arg("--version").output().is_err() {
        return Trial::test(NAME, || Ok(())).with_kind("python3 is not installed").with_ignored_flag(true);
    }
    Trial::test(NAME, || {
        let output = Command::new("python3").arg(cors_vectors::generator()).arg("--check").output()?;
        if output.status.success() {
            return Ok(());
        }
        Err(Failed::from(String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
    })
}

/// Every difference in a vector is in the engine's profile, and every difference of a profile has a vector.
fn differences_are_pinned() {
    let variants: Vec<String> = Difference::ALL.iter().map(|difference| format!("{difference:?}")).collect();
    assert!(variants.is_sorted(), "the differences are not declared in alphabetical order");
    for engine in Engine::ALL {
        let profile = Profile::of(engine);
        assert!(profile.differences.is_sorted(), "{engine}: not sorted");
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
        // That would take a browser hours; the profile cites the engine's source instead.
        unpinned.remove("max-age-limit");
        assert!(unpinned.is_empty(), "{engine}: no vector shows {unpinned:?}");
    }
}

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

fn play(vector: &BrowserVector, engine: Option<&str>, profile: Profile) -> Result<(), String> {
    let expected = vector.expected(engine);
    if expected.len() != vector.fetches.len() {
        return Err("the differing vector does not have as many fetches as the standard's".to_owned());
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
    let page = PageOrigin::of(&fetch.page).ok_or("the page is not a valid URL")?;
    let mut next = browser.fetch(request(fetch)?, now);
    let mut wire = expected.wire.iter();
    let verdict = loop {
        match next {
            Next::Send(exchange) => {
                let Some(sent) = wire.next() else {
                    return Err(format!("{} {} was not expected", exchange.method(), exchange.url()));
                };
                compare_sent(&exchange, sent, fetch, &page)?;
                next = match &sent.response {
                    None => exchange.fail(browser),
                    Some(scripted) => exchange.receive(browser, &response(scripted), now),
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

/// The bare decision and the one writer.
fn serve(vector: &ServerVector) -> Result<(), String> {
    let Some(policy) = vector.policy()? else { return Ok(()) };
    let (request, expected) = vector.exchange()?;
    let decision = decide(&policy, request);
    let fields = fields(&policy, request, decision, Some(&[""; 0]));
    expected.compare(Served {
        handler: !decision.is_preflight(),
        status: decision.is_preflight().then_some(if decision.is_allowed() { 204 } else { 403 }),
        headers: fields
            .iter()
            .map(|(name, value)| (name.name().to_owned(), isomorphic_decode(value)))
            .collect(),
    })
}
