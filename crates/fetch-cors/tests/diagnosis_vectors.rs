//! The vectors of the diagnosis, one trial each: played as a browser and the probes would meet them.

use std::{collections::BTreeMap, time::Duration};

use cors_vectors::{DiagnosisVector, Fetch, Outcome, Reply, diagnosis_sections, diagnosis_trials, request};
use expect_test::expect_file;
use fetch_cors::{
    browser::Browser,
    diagnosis::{Cause, Diagnosis, Examination, Failure, Probe, Purpose, Received},
};
use libtest_mimic::{Arguments, Trial};

fn main() {
    let mut trials = diagnosis_trials(|vector| compare(vector, &examine(vector)?));
    trials.push(Trial::test("every_cause_is_shown_and_told_from_another", || {
        every_cause_is_shown_and_told_from_another();
        Ok(())
    }));
    trials.push(Trial::test("words", || {
        words()?;
        Ok(())
    }));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn examine(vector: &DiagnosisVector) -> Result<Diagnosis, String> {
    let fetch = Fetch {
        page: vector.page.clone(),
        page_address_space: None,
        after: 0,
        request: vector.request.clone(),
        wire: Vec::new(),
        outcome: Outcome::Blocked(cors_vectors::Blocked { step: String::new(), reason: String::new() }),
    };
    let open_url = vector.open_url.as_deref().map(url::Url::parse).transpose();
    let open_url = open_url.map_err(|error| error.to_string())?;
    let policy = vector.policy.clone().map(serde_json::from_value).transpose();
    let policy = policy.map_err(|error| error.to_string())?;
    let mut examination = Examination::new(Browser::default(), request(&fetch)?, Duration::ZERO);
    let case = examination.case_mut();
    case.hints.is_blocked_in_browser = vector.blocked_in_browser;
    case.hints.open_url = open_url;
    case.policy = policy;
    let mut wire = vector.wire.iter();
    let mut unused: BTreeMap<&str, &Reply> =
        vector.probes.iter().map(|(name, reply)| (name.as_str(), reply)).collect();
    while let Some(wanted) = examination.wanted() {
        let received = match &wanted.probe {
            None => received(wire.next().ok_or_else(|| format!("{} was not expected", wanted.sent.method))?)?,
            Some(probe) => {
                if !is_of_use(&examination, probe) {
                    return Err(format!(
                        "{} tells nothing: {}",
                        probe.purpose.name(),
                        examination.diagnosis()
                    ));
                }
                match unused.remove(probe.purpose.name().as_str()) {
                    Some(reply) => received(reply)?,
                    None => Received::NotSent,
                }
            }
        };
        examination.receive(received, Duration::ZERO);
    }
    match (wire.len(), unused.keys().collect::<Vec<_>>()) {
        (0, unused) if unused.is_empty() => Ok(examination.diagnosis()),
        (0, unused) => Err(format!("no probe asked for {unused:?}; {}", examination.diagnosis())),
        (unsent, _) => Err(format!("{unsent} requests were not sent; {}", examination.diagnosis())),
    }
}

/// No server gets a request that tells nothing. Once the cause is certain, what is left to learn is which origin was meant, if nobody
/// has the policy, and which of several headers is refused.
fn is_of_use(examination: &Examination, probe: &Probe) -> bool {
    let diagnosis = examination.diagnosis();
    match &diagnosis.cause {
        _ if !diagnosis.is_certain() => true,
        Cause::OriginNotListed { .. } => {
            matches!(probe.purpose, Purpose::NearMiss { .. }) && examination.case().policy.is_none()
        }
        Cause::HeadersNotListed { names } => names.len() > 1,
        _ => false,
    }
}

/// What a person reads: two lines, the notes, and what each request showed. `UPDATE_EXPECT=1` writes the file.
fn words() -> Result<(), String> {
    let mut texts = Vec::new();
    for (_, section) in diagnosis_sections() {
        for vector in &section.vectors {
            let diagnosis = examine(vector)?;
            let notes = diagnosis.notes.iter().map(|note| format!("Note: {note}."));
            let evidence = diagnosis.evidence.iter().map(|line| format!("  {line}"));
            let lines: Vec<String> = notes.chain(evidence).collect();
            texts.push(format!("# {}\n\n{diagnosis}\n{}\n", vector.name, lines.join("\n")));
        }
    }
    expect_file!["diagnoses.txt"].assert_eq(&texts.join("\n"));
    Ok(())
}

fn received(reply: &Reply) -> Result<Received, String> {
    if reply.not_sent {
        return Ok(Received::NotSent);
    }
    let tls = |wants_client_certificate| Failure::Tls { why: String::new(), wants_client_certificate };
    Ok(match reply.failed.as_deref() {
        None => Received::Response { head: reply.head(), body: reply.body.clone().into_bytes() },
        Some(name) => Received::Failed(match name {
            "name-not-resolved" => Failure::NameNotResolved,
            "refused" => Failure::Refused,
            "closed" => Failure::Closed,
            "tls" => tls(false),
            "client-certificate" => tls(true),
            "timed-out" => Failure::TimedOut,
            "not-http" => Failure::NotHttp,
            "unknown" => Failure::Unknown(String::new()),
            other => return Err(format!("no failure {other:?}")),
        }),
    })
}

fn compare(vector: &DiagnosisVector, diagnosis: &Diagnosis) -> Result<(), String> {
    let rivals: Vec<&str> = diagnosis.rivals().iter().map(Cause::name).collect();
    let seen = (diagnosis.cause.name(), rivals, diagnosis.remedy.name());
    let expected =
        (vector.cause.as_str(), vector.rivals.iter().map(String::as_str).collect(), vector.remedy.as_str());
    if seen == expected { Ok(()) } else { Err(format!("expected {expected:?}, saw {seen:?}\n{diagnosis}")) }
}

/// Each cause has a vector that shows it, and one that looks like it and is not.
fn every_cause_is_shown_and_told_from_another() {
    // The wire never makes this one the likeliest.
    const ONLY_RIVAL: &str = "service-worker-or-extension";
    let vectors: Vec<DiagnosisVector> =
        diagnosis_sections().into_iter().flat_map(|(_, section)| section.vectors).collect();
    let is_known = |name: &String| Cause::NAMES.contains(&name.as_str());
    for name in Cause::NAMES {
        let shows = |vector: &DiagnosisVector| {
            vector.cause == *name || *name == ONLY_RIVAL && vector.rivals.iter().any(|rival| rival == name)
        };
        assert!(vectors.iter().any(shows), "no vector shows {name}");
        let resembles = |vector: &DiagnosisVector| vector.resembles.iter().any(|other| other == name);
        assert!(vectors.iter().any(resembles), "no vector looks like {name} and is not");
    }
    for vector in &vectors {
        assert!(!vector.resembles.contains(&vector.cause), "{} looks like what it is", vector.name);
        let mut named = vector.rivals.iter().chain(&vector.resembles);
        assert!(named.all(is_known), "{} names a cause that there is not", vector.name);
    }
    let mut names: Vec<&str> = vectors.iter().map(|vector| vector.name.as_str()).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "two vectors have one name");
}
