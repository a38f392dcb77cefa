//! The loop that every caller needs: the browser's requests first, then the probes, one at a time.

use std::time::Duration;

use super::{
    case::{Case, Exchanged, Probed, Received, Sent},
    diagnose,
    probe::Probe,
    report::Diagnosis,
};
use crate::browser::{Browser, Next, Request};

/// Examines one fetch, without I/O: it says what to send, and is told what came of it.
///
/// ```
/// use std::time::Duration;
///
/// use fetch_cors::{
///     browser::{Browser, PageOrigin, Request, Response},
///     diagnosis::{Examination, Received},
/// };
///
/// let page = PageOrigin::of("https://app.example").unwrap();
/// let request = Request::new(page, "PUT", "https://api.example/items/1");
/// let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
/// while let Some(wanted) = examination.wanted() {
///     // Here an HTTP client would send it, unless it must ask a person first.
///     let received = if wanted.may_send_unasked {
///         let head = Response::new(if wanted.sent.method == "OPTIONS" { 404 } else { 200 });
///         Received::Response { head, body: Vec::new() }
///     } else {
///         Received::NotSent
///     };
///     examination.receive(received, Duration::ZERO);
/// }
/// let diagnosis = examination.diagnosis();
/// assert_eq!(diagnosis.cause.name(), "options-not-routed");
/// assert!(!diagnosis.is_certain());
///
/// // What was sent: the preflight, and the probes.
/// assert_eq!(examination.case().exchanges.len(), 1);
/// for probed in &examination.case().probes {
///     println!("{}: {}", probed.probe.purpose.name(), probed.probe);
/// }
/// ```
#[derive(Debug)]
pub struct Examination {
    browser: Browser,
    case: Case,
    state: State,
}

#[derive(Debug)]
enum State {
    Fetching(Option<Next>),
    Probing(Option<Probe>),
}

/// A request to send next: what [`Examination::wanted`] returns. [`Examination`] has an example.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WantedRequest {
    /// The request. Redirects must not be followed.
    pub sent: Sent,
    /// The probe, if it is not what the browser itself would send.
    pub probe: Option<Probe>,
    /// Whether it may be sent without asking a person: [`Probe::may_send_unasked`].
    pub may_send_unasked: bool,
}

impl Examination {
    /// Starts a fetch in this browser.
    pub fn new(mut browser: Browser, request: Request, now: Duration) -> Self {
        let case = Case::new(request.clone());
        let next = browser.fetch(request, now);
        let mut examination = Self { browser, case, state: State::Fetching(None) };
        examination.advance(next);
        examination
    }

    /// Continues with the probes of a case whose fetch is complete.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::{
    ///     browser::{PageOrigin, Request},
    ///     diagnosis::{Case, Examination, Received},
    /// };
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let case = Case::new(Request::new(page, "GET", "https://api.example/items"));
    /// let mut examination = Examination::of(case);
    /// while examination.wanted().is_some() {
    ///     examination.receive(Received::NotSent, Duration::ZERO);
    /// }
    /// println!("{}", examination.diagnosis());
    /// ```
    pub fn of(case: Case) -> Self {
        let mut examination = Self { browser: Browser::default(), case, state: State::Probing(None) };
        examination.plan();
        examination
    }

    /// Adds what only the caller knows: the policy, hints.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use fetch_cors::{
    ///     Policy,
    ///     browser::{Browser, PageOrigin, Request},
    ///     diagnosis::Examination,
    /// };
    ///
    /// let page = PageOrigin::of("https://app.example").unwrap();
    /// let request = Request::new(page, "GET", "https://api.example/items");
    /// let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    /// let case = examination.case_mut();
    /// case.policy = Some(Policy::deny_all().to_config());
    /// case.hints.is_direct = true;
    /// ```
    pub fn case_mut(&mut self) -> &mut Case {
        &mut self.case
    }

    /// What is known so far.
    pub fn case(&self) -> &Case {
        &self.case
    }

    /// The request to send next; none if nothing is left to send.
    pub fn wanted(&self) -> Option<WantedRequest> {
        match &self.state {
            State::Fetching(Some(Next::Send(exchange))) => {
                let sent = Sent::from(exchange);
                let may_send_unasked = matches!(sent.method.as_str(), "OPTIONS" | "GET" | "HEAD");
                Some(WantedRequest { sent, probe: None, may_send_unasked })
            }
            State::Fetching(_) | State::Probing(None) => None,
            State::Probing(Some(probe)) => Some(WantedRequest {
                sent: probe.sent.clone(),
                may_send_unasked: probe.may_send_unasked,
                probe: Some(probe.clone()),
            }),
        }
    }

    /// What came of the request that is [`wanted`](Self::wanted). [`Received::NotSent`] declines it.
    pub fn receive(&mut self, received: Received, now: Duration) {
        match &mut self.state {
            State::Fetching(next) => {
                let Some(Next::Send(exchange)) = next.take() else { return };
                let sent = Sent::from(&exchange);
                let next = match &received {
                    Received::Response { head, .. } => Some(exchange.receive(&mut self.browser, head, now)),
                    Received::Failed(_) => Some(exchange.fail(&mut self.browser)),
                    Received::NotSent => None,
                };
                self.case.exchanges.push(Exchanged { sent, received });
                match next {
                    Some(next) => self.advance(next),
                    None => self.state = State::Probing(None),
                }
            }
            State::Probing(probe) => {
                let Some(probe) = probe.take() else { return };
                self.case.probes.push(Probed { probe, received });
                self.plan();
            }
        }
    }

    /// What the wire shows so far.
    pub fn diagnosis(&self) -> Diagnosis {
        diagnose(&self.case)
    }

    fn advance(&mut self, next: Next) {
        match next {
            Next::Send(exchange) => self.state = State::Fetching(Some(Next::Send(exchange))),
            Next::Done(verdict) => {
                self.case.verdict = Some(verdict);
                self.plan();
            }
        }
    }

    fn plan(&mut self) {
        self.state = State::Probing(diagnose(&self.case).probes.into_iter().next());
    }
}
