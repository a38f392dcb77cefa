//! What a server written by hand lets strangers do, although nothing is blocked: the doctor's audit, played against it.

use cors_doctor::audit::{Audit, Received, Severity, Target};
use fetch_cors::browser::{Response, Url};

use crate::{
    api::hand::{self, HandReply, HandRequest},
    api_path::ApiPath,
    origins::Origins,
    session::hand_written::HandWritten,
};

/// Where the audit believes the server to be: at a site of its own. Everything on `localhost` is of one site, and reached by
/// nobody else, which would be another lesson.
const API: &str = "https://api.lab.example/notes";
const PAGE: &str = "https://app.lab.example";
/// The origin that the audit gives to a page of any other site.
const STRANGER: &str = "https://cors-audit.example";

/// Something that strangers can do.
#[derive(Clone, Debug)]
pub(super) struct Danger {
    /// Who can do what, in one sentence.
    pub(super) sentence: String,
    /// What to write instead.
    pub(super) remedy: &'static str,
    /// Whether it is about what a shared cache keeps.
    pub(super) is_of_cache: bool,
}

/// The dangers of a server at this path, the worst first. What anybody may know is none.
pub(super) fn dangers(hand: &HandWritten, path: ApiPath<'_>, origins: &Origins) -> Vec<Danger> {
    let (Ok(url), Ok(trusted)) = (Url::parse(API), Url::parse(PAGE)) else { return Vec::new() };
    let mut target = Target::of(url);
    target.trusted = trusted;
    let Ok(audit) = Audit::new(target) else { return Vec::new() };
    let received = audit.probes().iter().map_while(|probe| {
        let reply = hand::respond(
            hand,
            &HandRequest {
                is_options: probe.method == "OPTIONS",
                path,
                query: "",
                origin: Some(probe.origin.as_bytes()),
                origins,
            },
        );
        let HandReply::Response { status, headers, body } = reply else { return None };
        // What is said to shared caches alone is what this is about, not what is said to browsers.
        let to_caches = headers.iter().any(|(name, _)| name == "cdn-cache-control");
        let response =
            headers.iter().fold(Response::new(status), |response, (name, value)| match name.as_str() {
                "cdn-cache-control" => response.header("cache-control", value),
                "cache-control" if to_caches => response,
                name => response.header(name, value),
            });
        Some(Received::new(response, body))
    });
    let report = audit.report(&received.collect::<Vec<_>>());
    let findings = report.findings.into_iter().filter(|finding| finding.severity != Severity::Info);
    findings
        .map(|finding| Danger {
            sentence: finding.sentence.replace(STRANGER, &origins.attacker),
            remedy: finding.remedy,
            is_of_cache: finding.name == "cached-without-vary",
        })
        .collect()
}
