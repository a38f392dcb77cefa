//! From what each origin gets to what that means.

use std::fmt;

use fetch_cors::browser::Response;

use super::{Attacker, Probe, Received, Target, grant::Grant};

/// How bad it is, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Anybody reads what belongs to a signed-in user, and the responses show it.
    Critical,
    /// Anybody, or whoever registers a name, reads or changes what belongs to a user, as far as the responses tell.
    High,
    /// It takes a place on the same site, on the network path, or in a shared cache.
    Medium,
    /// Worth knowing, and often intended.
    Info,
}

impl Severity {
    /// The name in output and JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Medium => "medium",
            Self::Info => "info",
        }
    }
}

/// Something that somebody can do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// A short name that stays the same, for tools.
    pub name: &'static str,
    /// Who can do what, in one sentence.
    pub sentence: String,
    /// What to write instead.
    pub remedy: &'static str,
    /// The index of the probe that shows it.
    pub shown_by: usize,
    /// The response headers that decided.
    pub headers: Vec<(String, String)>,
}

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The worst first.
    pub findings: Vec<Finding>,
    /// How many of the probes were sent.
    pub sent: usize,
    /// How many were planned.
    pub planned: usize,
    /// Whether the trusted origin may read the response.
    pub trusted_is_allowed: bool,
}

impl Report {
    /// The worst severity, if anything was found.
    pub fn worst(&self) -> Option<Severity> {
        self.findings.iter().map(|finding| finding.severity).min()
    }
}

const LIST_ORIGINS: &str =
    "compare the whole origin with a list, and send Access-Control-Allow-Origin only to those on it";

pub(super) fn report(target: &Target, probes: &[Probe], received: &[Received]) -> Report {
    let cookies = Cookies::of(received);
    let grants: Vec<_> = Attacker::ALL
        .into_iter()
        .filter_map(|attacker| Some((attacker, attacker.origin(&target.trusted)?)))
        .map(|(attacker, origin)| (attacker, Grant::of(&origin, probes, received)))
        .collect();
    let anybody = grants.iter().find(|(attacker, _)| *attacker == Attacker::AnySite).map(|(_, grant)| *grant);
    let anybody = anybody.unwrap_or_default();

    let mut findings = Vec::new();
    for (attacker, grant) in grants {
        // What everybody gets needs no second finding for somebody in particular.
        let is_anybody = attacker == Attacker::AnySite;
        let judged = if let Some(probe) = grant.with_credentials() {
            let is_implied = anybody.with_credentials().is_some() && !is_anybody;
            (!is_implied).then(|| (with_credentials(target, attacker, grant, cookies), probe))
        } else if let Some(probe) = grant.without_credentials() {
            let is_implied = anybody.without_credentials().is_some() && !is_anybody;
            (!is_implied).then(|| (without_credentials(target, attacker), probe))
        } else {
            None
        };
        if let Some(((severity, name, sentence, remedy), shown_by)) = judged {
            let headers = deciding(&received[shown_by].response);
            findings.push(Finding { severity, name, sentence, remedy, shown_by, headers });
        }
    }
    findings.extend(kept_by_caches(probes, received));
    findings.sort_by_key(|finding| finding.severity);
    let trusted = target.trusted.origin().ascii_serialization();
    let trusted = Grant::of(&trusted, probes, received);
    Report {
        findings,
        sent: received.len().min(probes.len()),
        planned: probes.len(),
        trusted_is_allowed: trusted.with_credentials().or(trusted.without_credentials()).is_some(),
    }
}

type Judged = (Severity, &'static str, String, &'static str);

fn with_credentials(target: &Target, attacker: Attacker, grant: Grant, cookies: Cookies) -> Judged {
    let who = attacker.who();
    let what = match (grant.reads_session.or(grant.reads_with_credentials), grant.sends_with_credentials) {
        (Some(_), Some(_)) => {
            "reads responses made for the signed-in user, and sends requests that no form can send"
        }
        (Some(_), None) => "reads responses made for the signed-in user",
        _ => "sends, as the signed-in user, requests that no form can send",
    };
    let sentence = |and: &str| format!("{who} {what}{and}");
    let name = attacker.name();
    if target.is_bearer_only() {
        let and = "; but the session is in a header that a page can't send unless it knows the secret";
        return (Severity::Info, name, sentence(and), LIST_ORIGINS);
    }
    if attacker == Attacker::Subdomain {
        return (
            Severity::Info,
            name,
            sentence(""),
            "list the subdomains that need it, if others are not yours alone",
        );
    }
    if matches!(attacker, Attacker::OtherPort | Attacker::PlainHttp) {
        let remedy = "compare the whole origin: scheme, host and port";
        return (Severity::Medium, name, sentence(""), remedy);
    }
    if cookies == Cookies::SameSite && !attacker.is_same_site() {
        let and = "; today only from the same site, because the cookies are SameSite";
        return (Severity::Medium, name, sentence(and), LIST_ORIGINS);
    }
    let is_anybody = matches!(attacker, Attacker::AnySite | Attacker::Null);
    if is_anybody && grant.reads_session.is_some() {
        let and = "; the response with the session differs from the one without";
        return (Severity::Critical, name, sentence(and), LIST_ORIGINS);
    }
    (Severity::High, name, sentence(""), LIST_ORIGINS)
}

fn without_credentials(target: &Target, attacker: Attacker) -> Judged {
    let who = attacker.who();
    let name = attacker.name();
    if target.network_is_credential() && !attacker.is_same_site() {
        let sentence = format!(
            "{who} reads this server's responses in the browser of somebody who can reach it: here, the network is the credential"
        );
        return (Severity::High, name, sentence, LIST_ORIGINS);
    }
    let sentence = format!("{who} reads responses made without cookies, as anybody can with curl");
    (Severity::Info, name, sentence, "nothing, if the data is public")
}

/// A response that names one origin and that a shared cache keeps for all.
fn kept_by_caches(probes: &[Probe], received: &[Received]) -> Option<Finding> {
    let shown_by = probes.iter().zip(received).position(|(probe, received)| {
        let response = &received.response;
        let allowed = value(response, "access-control-allow-origin");
        probe.method == "GET"
            && allowed.is_some_and(|allowed| allowed == probe.origin)
            && !varies_by_origin(response)
            && is_kept_by_shared_caches(response)
    })?;
    Some(Finding {
        severity: Severity::Medium,
        name: "cached-without-vary",
        sentence: format!(
            "a shared cache may give the response for {} to pages of other origins: it names that origin, may be stored, and has no Vary: Origin",
            probes[shown_by].origin
        ),
        remedy: "send Vary: Origin with every response of this address, or Cache-Control: private",
        shown_by,
        headers: deciding(&received[shown_by].response),
    })
}

fn varies_by_origin(response: &Response) -> bool {
    let vary = value(response, "vary").unwrap_or_default();
    vary.split(',').map(str::trim).any(|name| name == "*" || name.eq_ignore_ascii_case("origin"))
}

fn is_kept_by_shared_caches(response: &Response) -> bool {
    let control = value(response, "cache-control").unwrap_or_default().to_ascii_lowercase();
    let has = |names: &[&str]| {
        control
            .split(',')
            .map(str::trim)
            .any(|directive| names.contains(&directive.split('=').next().unwrap_or_default()))
    };
    if has(&["no-store", "private", "no-cache"]) {
        return false;
    }
    has(&["public", "max-age", "s-maxage"])
        || ["expires", "last-modified"].iter().any(|name| value(response, name).is_some())
}

/// The headers that a verdict is made from.
fn deciding(response: &Response) -> Vec<(String, String)> {
    let names = [
        "access-control-allow-origin",
        "access-control-allow-credentials",
        "access-control-allow-methods",
        "access-control-allow-headers",
        "vary",
        "cache-control",
    ];
    names.iter().filter_map(|name| Some(((*name).to_owned(), value(response, name)?))).collect()
}

fn value(response: &Response, name: &str) -> Option<String> {
    response.headers().get(name).map(|value| String::from_utf8_lossy(&value).into_owned())
}

/// Whether pages of other sites have the user's cookies sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cookies {
    /// All cookies that were set are `SameSite=Lax` or `Strict`.
    SameSite,
    /// Some are not, or none was seen.
    Unknown,
}

impl Cookies {
    /// A missing `SameSite` counts as none: only Chromium takes it for `Lax`.
    fn of(received: &[Received]) -> Self {
        let mut seen = false;
        for received in received {
            for (name, value) in received.response.headers().iter() {
                if !name.eq_ignore_ascii_case("set-cookie") {
                    continue;
                }
                seen = true;
                let value = String::from_utf8_lossy(value).to_ascii_lowercase();
                let is_same_site = value.split(';').skip(1).map(str::trim).any(|attribute| {
                    matches!(attribute.split_once('='), Some((name, value))
                        if name.trim() == "samesite" && matches!(value.trim(), "lax" | "strict"))
                });
                if !is_same_site {
                    return Self::Unknown;
                }
            }
        }
        if seen { Self::SameSite } else { Self::Unknown }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.name(), self.sentence)
    }
}
