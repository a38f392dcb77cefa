//! Plays the browser: sends what it would send, and the probes that the person chose.

use std::{
    collections::HashSet,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use cors_doctor::{paste::PastedRequest, probe::Secrets};
use fetch_cors::{
    browser::{Browser, Url},
    diagnosis::{Case, Diagnosis, Examination, Probe, Probed, Received, Sent, diagnose},
};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    client::{self, Limits},
    target::{self, Gate, Pins, Refused, Target},
};
use crate::{
    origins::Origins,
    page::{
        engine::EngineName,
        kinds::{RedirectMode, RequestKind, RequestMode, SendingPage},
        lab_request::LabRequest,
    },
};

/// The most redirects that are followed.
const MAX_REDIRECTS: usize = 5;
/// The most probes of one fetch.
const MAX_PROBES: usize = 24;
/// The header that opens the Lab's control API.
const MARK: &str = "x-cors-lab";

/// A request to somebody's own API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::page) struct OwnRequest {
    /// Where to, as the person wrote it.
    pub(super) url: String,
    /// What is sent; its path, query and the like are the Lab's own API's, and don't count here.
    pub(super) request: LabRequest,
    /// The cookies that the Lab sends, as in `Cookie`: it can't have those of the browser.
    #[serde(default)]
    pub(super) cookies: String,
    /// Whether the person confirmed a method that may change something.
    #[serde(default)]
    pub(super) confirmed: bool,
    /// The engine whose rules apply.
    #[serde(default)]
    pub(super) engine: EngineName,
}

impl OwnRequest {
    /// Whether its method changes nothing, by what HTTP says of it.
    pub(super) fn is_safe(&self) -> bool {
        ["GET", "HEAD", "OPTIONS"].iter().any(|method| self.request.method.eq_ignore_ascii_case(method))
    }

    fn check(&self) -> Result<(), Refused> {
        let LabRequest { kind, mode, redirect, page, .. } = self.request;
        let is_plain = kind == RequestKind::Fetch
            && mode == RequestMode::Cors
            && redirect == RedirectMode::Follow
            && page == SendingPage::Lab;
        if !is_plain {
            return Err(Refused(
                "Here the page sends a fetch() with mode cors that follows redirects.".to_owned(),
            ));
        }
        if self.request.headers.iter().any(|(name, _)| name.trim().eq_ignore_ascii_case(MARK)) {
            return Err(Refused(format!(
                "{MARK} is the header of the Lab's own page. Remove it from the headers."
            )));
        }
        if self.cookies.contains(char::is_control) {
            return Err(Refused("Write cookies on one line, such as session=abc; theme=dark.".to_owned()));
        }
        Ok(())
    }

    fn body(&self) -> Vec<u8> {
        self.request.sent_body().map(|body| body.text.into_bytes()).unwrap_or_default()
    }

    fn secrets(&self) -> Secrets {
        let mut pasted = PastedRequest::new(self.request.method.as_str(), self.url.trim());
        pasted.headers.clone_from(&self.request.headers);
        pasted.cookies = (!self.cookies.trim().is_empty()).then(|| self.cookies.trim().to_owned());
        Secrets::of(&pasted)
    }
}

/// A probe that the person chose.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(in crate::page) struct ProbeChoice {
    /// Of the fetch.
    pub(super) id: String,
    /// Its name in the latest list.
    pub(super) probe: String,
    /// How many had been sent when that list was shown.
    pub(super) after: usize,
}

/// A fetch, all that is known about it, and where its requests go.
#[derive(Debug)]
pub(super) struct Play {
    pub(super) wanted: OwnRequest,
    pub(super) case: Case,
    pub(super) secrets: Secrets,
    /// Why it went no further, if it didn't.
    pub(super) stopped: Option<String>,
    pub(super) pins: Pins,
}

impl Play {
    /// Sends what the browser sends.
    pub(super) async fn start(
        gate: &Gate,
        limits: &Limits,
        wanted: OwnRequest,
        origins: &Origins,
    ) -> Result<Self, Refused> {
        wanted.check()?;
        let url = target::read_url(&wanted.url)?;
        let mut pins = Pins::default();
        pins.target(gate, &url).await?;
        let fetch = wanted.request.to_fetch(url.as_str(), origins, wanted.engine.engine());
        let start = Instant::now();
        let end = start + limits.total;
        let mut examination = Examination::new(Browser::new(wanted.engine.profile()), fetch, Duration::ZERO);
        examination.case_mut().hints.nonce = nonce();
        let (body, secrets) = (wanted.body(), wanted.secrets());
        let mut stopped = None;
        while let Some(next) = examination.wanted().filter(|next| next.probe.is_none()) {
            let is_confirmed = next.may_send_unasked || wanted.confirmed;
            let received = if is_confirmed {
                match hop(&mut pins, gate, &next.sent, examination.case(), end).await {
                    Ok(target) => {
                        let cookies = secrets.cookies_for(&next.sent.url);
                        client::exchange(&target, &next.sent, &body, cookies, limits, end).await
                    }
                    Err(Refused(why)) => {
                        stopped = Some(why);
                        Received::NotSent
                    }
                }
            } else {
                Received::NotSent
            };
            examination.receive(received, start.elapsed());
        }
        let case = examination.case().clone();
        Ok(Self { wanted, case, secrets, stopped, pins })
    }

    /// Sends one of the probes that the diagnosis wants, and that the person chose.
    pub(super) async fn probe(
        &mut self,
        gate: &Gate,
        limits: &Limits,
        choice: &ProbeChoice,
    ) -> Result<(), Refused> {
        let probe = self.probes().into_iter().find(|probe| probe.purpose.name() == choice.probe);
        let probe = probe
            .filter(|_| choice.after == self.case.probes.len())
            .ok_or_else(|| Refused("This probe is not one of those that would tell more now.".to_owned()))?;
        let target = self.pins.target(gate, &probe.sent.url).await?;
        let cookies = self.secrets.cookies_for(&probe.sent.url).filter(|_| probe.carries_secrets);
        let body = self.wanted.body();
        let end = Instant::now() + limits.total;
        let received = client::exchange(&target, &probe.sent, &body, cookies, limits, end).await;
        self.case.probes.push(Probed { probe, received });
        Ok(())
    }

    /// The probes that would tell more.
    pub(super) fn probes(&self) -> Vec<Probe> {
        let is_open = self.stopped.is_none() && self.case.probes.len() < MAX_PROBES;
        let mut probes = if is_open { self.diagnosis().probes } else { Vec::new() };
        // Two rules may want to know the same.
        let mut seen = HashSet::new();
        probes.retain(|probe| seen.insert(probe.purpose.name()));
        probes
    }

    pub(super) fn diagnosis(&self) -> Diagnosis {
        diagnose(&self.case)
    }

    /// Whether a redirect was followed, so that each of its targets was checked.
    pub(super) fn was_redirected(&self) -> bool {
        redirects(&self.case) > 1
    }
}

/// Where one of the browser's requests goes. Those after a redirect are checked as the first is.
async fn hop(
    pins: &mut Pins,
    gate: &Gate,
    sent: &Sent,
    case: &Case,
    end: Instant,
) -> Result<Target, Refused> {
    if Instant::now() >= end {
        return Err(Refused("The time for one fetch was used up.".to_owned()));
    }
    if redirects(case) > MAX_REDIRECTS {
        return Err(Refused(format!("The Lab follows at most {MAX_REDIRECTS} redirects.")));
    }
    let is_redirect = case.exchanges.iter().any(|exchange| exchange.sent.url != sent.url);
    pins.target(gate, &sent.url).await.map_err(|Refused(why)| {
        if is_redirect {
            Refused(format!("A redirect leads to {}, and the Lab doesn't follow it. {why}", shown(&sent.url)))
        } else {
            Refused(why)
        }
    })
}

/// The requests of a fetch that were not preflights.
fn redirects(case: &Case) -> usize {
    case.exchanges.iter().filter(|exchange| !exchange.sent.is_preflight).count()
}

/// A URL without what may be secret.
fn shown(url: &Url) -> String {
    format!("{}{}", url.origin().ascii_serialization(), url.path())
}

fn nonce() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos()) | now.as_secs() << 30
}
