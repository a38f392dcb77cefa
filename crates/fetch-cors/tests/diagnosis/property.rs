//! Certain and wrong must not happen; the true cause is always among those that are named.

use std::{collections::BTreeMap, time::Duration};

use fetch_cors::{
    ChangeStep, Setting,
    browser::{Browser, Reason, Verdict},
    diagnosis::{Cause, Diagnosis, Examination, Purpose, Received, Remedy, diagnose},
};
use proptest::prelude::*;

use crate::world::{self, Cache, Front, Made, PAGE, Server, Style, Wish, Writer};

/// Runs the loop, and returns the diagnosis after each step, the last one last, with who made the blocked response.
fn examine(server: &Server, wish: &Wish, sends_all: bool) -> (Examination, Vec<Diagnosis>, Option<Made>) {
    let mut examination = Examination::new(Browser::default(), wish.request(), Duration::ZERO);
    let mut diagnoses = Vec::new();
    let mut last = None;
    while let Some(wanted) = examination.wanted() {
        if wanted.probe.is_some() {
            diagnoses.push(examination.diagnosis());
        }
        // By the standard, the header makes an `OPTIONS` request a preflight.
        let asks = wanted.sent.headers.iter().any(|(name, _)| name == "access-control-request-method");
        assert_eq!(wanted.sent.is_preflight, asks, "{:?}", wanted.sent);
        let is_fetch = wanted.probe.is_none();
        let received = if is_fetch || wanted.may_send_unasked || sends_all {
            let (received, made) = server.respond(&wanted.sent);
            if is_fetch {
                last = Some(made);
            }
            received
        } else {
            Received::NotSent
        };
        examination.receive(received, Duration::ZERO);
    }
    diagnoses.push(examination.diagnosis());
    (examination, diagnoses, last)
}

/// The causes that are true of this server for this request, by who made the response that was blocked.
#[allow(clippy::too_many_lines, reason = "a table")]
fn truth(server: &Server, wish: &Wish, examination: &Examination, made: Made) -> Vec<&'static str> {
    let case = examination.case();
    let Some(blocked) = case.verdict.as_ref().and_then(|verdict| verdict.blocked()) else {
        return vec!["nothing-wrong", "cookies-not-sent", "html-page"];
    };
    let last = case.exchanges.last().expect("an exchange");
    let is_preflight = last.sent.is_preflight;
    let status = blocked.status.unwrap_or_default();
    let lacks = |hidden: &'static str| {
        if server.cors.style == Style::Absent && server.writer == Writer::Nothing {
            "no-cors"
        } else if server.cors.style == Style::Absent || server.cors.lists(PAGE) {
            hidden
        } else {
            "origin-not-listed"
        }
    };
    match made {
        Made::Front => vec![match &server.front {
            Front::Authentication { .. }
                if server.cors.style == Style::Absent && server.writer == Writer::Nothing =>
            {
                "no-cors"
            }
            Front::Authentication { .. } => "authentication-in-front",
            Front::RateLimit => "rate-limit",
            Front::Firewall => "firewall",
            Front::Gateway(_) => "hidden-error",
            Front::SlashRedirect => "redirected",
            Front::LoginRedirect { .. } => "login-redirect",
            Front::Tunnel => "interstitial",
            Front::Down => "server-down",
            Front::Closed | Front::ClosesOptions => "connection-closed",
            Front::TimesOut => "hang",
            Front::Nothing => unreachable!(),
        }],
        Made::Cache if matches!(blocked.reason, Reason::AllowOriginMultiple { .. }) => {
            vec![
                "cached-for-another",
                if server.writer == Writer::Nothing { "list-of-origins" } else { "two-writers" },
            ]
        }
        Made::Cache
            if wish.includes_credentials && !server.cors.credentials && case_has_origin(&blocked.reason) =>
        {
            vec!["cached-for-another", "credentials-not-allowed"]
        }
        Made::Cache => {
            let mut fresh = server.clone();
            fresh.cache = Cache::Nothing;
            let (fresh_examination, _, fresh_made) = examine(&fresh, wish, true);
            let is_fine = fresh_examination.case().verdict.as_ref().is_some_and(Verdict::is_allowed);
            if is_fine {
                vec!["cached-for-another"]
            } else {
                let mut causes = truth(&fresh, wish, &fresh_examination, fresh_made.expect("sent"));
                causes.push("cached-for-another");
                causes
            }
        }
        _ => match &blocked.reason {
            Reason::AllowOriginMultiple { .. } => vec![match server.writer {
                Writer::Adds(_) => "two-writers",
                _ => "list-of-origins",
            }],
            Reason::AllowOriginWildcard => match server.writer {
                Writer::Overrides(_) => vec!["wildcard-with-credentials", "overridden"],
                _ => vec!["wildcard-with-credentials"],
            },
            Reason::AllowCredentialsNotTrue { .. } => vec!["credentials-not-allowed"],
            Reason::AllowOriginMismatch { .. } => match server.writer {
                Writer::Overrides(_) | Writer::Adds(_) => vec!["origin-not-listed", "overridden"],
                Writer::Nothing => vec!["origin-not-listed"],
            },
            Reason::MethodNotAllowed { .. } => vec!["method-not-listed"],
            Reason::HeaderNotAllowed { .. } | Reason::AuthorizationNotListed => vec!["headers-not-listed"],
            Reason::AllowOriginMissing | Reason::PreflightStatus { .. } => match made {
                Made::CorsRefusal if server.cors.lists(PAGE) => {
                    if status >= 500 {
                        vec!["hidden-error"]
                    } else {
                        vec!["method-not-listed", "headers-not-listed"]
                    }
                }
                Made::CorsRefusal if server.writer != Writer::Nothing => vec!["overridden"],
                Made::CorsRefusal | Made::Cors => vec!["origin-not-listed"],
                Made::Router if status < 300 => {
                    vec![lacks("options-answered-elsewhere")]
                }
                Made::Router if server.writer != Writer::Nothing => vec!["options-not-routed"],
                Made::Router if server.router == 400 => vec![lacks("options-not-routed")],
                Made::Router => vec![lacks("options-not-routed")],
                // Its errors are readable for other origins.
                Made::Handler
                    if status >= 500 && server.cors.covers_responses && !server.handler.errs_outside =>
                {
                    vec!["hidden-error", "origin-not-listed"]
                }
                Made::Handler if status >= 500 => vec!["hidden-error"],
                Made::Handler if server.handler.status >= 400 => vec![lacks("hidden-error")],
                Made::Handler => vec![lacks("only-preflight-covered")],
                Made::Front | Made::Cache => unreachable!(),
            },
            other => panic!("{other:?}, preflight: {is_preflight}"),
        },
    }
}

fn case_has_origin(reason: &Reason) -> bool {
    matches!(reason, Reason::AllowCredentialsNotTrue { .. })
}

pub(crate) fn check(server: &Server, wish: &Wish, sends_all: bool) -> Result<bool, TestCaseError> {
    let (examination, diagnoses, made) = examine(server, wish, sends_all);
    let truths = truth(server, wish, &examination, made.expect("something was sent"));
    for diagnosis in &diagnoses {
        let names: Vec<&str> =
            std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name).collect();
        let shown = || {
            let evidence: Vec<String> = diagnosis.evidence.iter().map(ToString::to_string).collect();
            format!("true: {truths:?}, named: {names:?}\n{diagnosis}\n{}", evidence.join("\n"))
        };
        prop_assert!(names.iter().any(|name| truths.contains(name)), "{}", shown());
        prop_assert!(!diagnosis.is_certain() || truths.contains(&names[0]), "certain and wrong: {}", shown());
        contradicts_nothing(diagnosis, &examination)?;
    }
    keeps_manners(&examination)?;
    Ok(diagnoses.last().is_some_and(Diagnosis::is_certain))
}

/// Only the browser's message is known, as if it was pasted: the true cause is among those that are named.
pub(crate) fn check_message(server: &Server, wish: &Wish) -> Result<(), TestCaseError> {
    let (examination, _, made) = examine(server, wish, false);
    let mut case = examination.case().clone();
    let (Some(Verdict::Blocked(blocked)), Some(last)) = (&mut case.verdict, case.exchanges.last_mut()) else {
        return Ok(());
    };
    // A tunnel is known by its host, which these servers don't have.
    if !matches!(last.received, Received::Response { .. }) || server.front == Front::Tunnel {
        return Ok(());
    }
    blocked.status = None;
    last.received = Received::NotSent;
    case.probes.clear();
    let diagnosis = diagnose(&case);
    let truths = truth(server, wish, &examination, made.expect("something was sent"));
    let mut named = std::iter::once(&diagnosis.cause).chain(diagnosis.rivals()).map(Cause::name);
    prop_assert!(named.any(|name| truths.contains(&name)), "true: {truths:?}\n{diagnosis:#?}");
    prop_assert!(!diagnosis.is_certain() || truths.contains(&diagnosis.cause.name()), "{diagnosis}");
    Ok(())
}

/// No diagnosis says "add the origin" where a response of the server allowed it.
fn contradicts_nothing(diagnosis: &Diagnosis, examination: &Examination) -> Result<(), TestCaseError> {
    let case = examination.case();
    let probes = case.probes.iter().map(|probed| (&probed.probe.sent, &probed.received));
    let mut all = case.exchanges.iter().map(|exchanged| (&exchanged.sent, &exchanged.received)).chain(probes);
    let was_allowed = all.any(|(sent, received)| {
        let Received::Response { head, .. } = received else { return false };
        sent.header("origin") == Some(PAGE.as_bytes())
            && head.headers().get("access-control-allow-origin").as_deref() == Some(PAGE.as_bytes())
    });
    // Earlier diagnoses did not know yet.
    if !was_allowed || diagnosis.evidence.len() < case.exchanges.len() + case.probes.len() {
        return Ok(());
    }
    let adds = match &diagnosis.remedy {
        Remedy::Policy(change) => change.steps().iter().any(
            |step| matches!(step, ChangeStep::Add { setting: Setting::AllowOrigins, entry } if entry == PAGE),
        ),
        Remedy::Headers { lines, .. } => {
            lines.iter().any(|(name, value)| *name == "Access-Control-Allow-Origin" && value == PAGE)
        }
        _ => diagnosis.remedy.to_string().contains("allow_origins"),
    };
    prop_assert!(!adds, "{diagnosis}");
    prop_assert_ne!(diagnosis.cause.name(), "origin-not-listed");
    Ok(())
}

/// The budget, what may be sent unasked, and where secrets go.
fn keeps_manners(examination: &Examination) -> Result<(), TestCaseError> {
    let case = examination.case();
    let is_near = |purpose: &Purpose| matches!(purpose, Purpose::NearMiss { .. });
    let near = case.probes.iter().filter(|probed| is_near(&probed.probe.purpose)).count();
    let headers = case.request.headers().count();
    prop_assert!(near <= 8, "{near} near misses");
    prop_assert!(case.probes.len() - near <= headers + 4, "{} probes", case.probes.len() - near);
    for probed in &case.probes {
        let probe = &probed.probe;
        prop_assert!(matches!(probe.sent.method.as_str(), "OPTIONS" | "GET" | "HEAD"));
        let is_read = matches!(case.request.method(), "GET" | "HEAD");
        prop_assert!(!probe.may_send_unasked || probe.sent.method == "OPTIONS" || is_read);
        let has_secrets = probe.sent.includes_credentials || probe.sent.header("authorization").is_some();
        prop_assert_eq!(probe.carries_secrets, has_secrets);
        prop_assert_eq!(probe.sent.url.origin(), case.exchanges[0].sent.url.origin());
        prop_assert!(probe.sent.url.query().is_some_and(|query| query.contains("cors-probe=")));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn never_certain_and_wrong(server in world::server(), wish in world::wish(), sends_all: bool) {
        check(&server, &wish, sends_all)?;
    }

    #[test]
    fn a_message_alone_names_the_cause(server in world::server(), wish in world::wish()) {
        check_message(&server, &wish)?;
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(4_000)
}

/// A diagnosis that is never certain is never wrong, and no help.
#[test]
fn most_are_certain() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let (mut certain, mut all) = (0, 0);
    let mut undecided: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..2_000 {
        let (server, wish) =
            (world::server(), world::wish()).new_tree(&mut runner).expect("a value").current();
        let (_, diagnoses, _) = examine(&server, &wish, true);
        let last = diagnoses.last().expect("a diagnosis");
        if last.cause.name() == "nothing-wrong" {
            continue;
        }
        all += 1;
        if last.is_certain() {
            certain += 1;
        } else {
            let mut names = vec![last.cause.name()];
            names.extend(last.rivals().iter().map(Cause::name));
            *undecided.entry(names.join(" | ")).or_default() += 1;
        }
    }
    let share = certain * 100 / all;
    assert!(share >= 50, "{share} % of {all} are certain; undecided: {undecided:#?}");
}
