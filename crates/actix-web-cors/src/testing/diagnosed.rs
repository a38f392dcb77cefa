//! The cause behind an outcome. Without probes it is part of the outcome's text; with probes only if a test asks for it, so that
//! a handler's counters don't move under a passing test.

use std::time::Duration;

use actix_web::web::Bytes;
use fetch_cors::diagnosis::{
    Case, Diagnosis, Examination, Exchanged, Failure, Probe, Received, Sent, WantedRequest,
};

use super::{
    browser::{Network, head_of, host},
    outcome::{Exchange, Outcome},
};

/// As much of a body as a diagnosis looks at.
const MAX_BODY: usize = 2048;

impl Outcome {
    /// Finds out why the browser blocked the request: not only by which rule, but the cause, how sure that is, and how to fix
    /// it. It sends further requests to the application to tell causes apart that look alike: preflights, and a `GET` or `HEAD`
    /// where the request itself is one. For a person who is looking for a mistake; a test that passes doesn't need it.
    ///
    /// ```
    /// use actix_web::{App, HttpResponse, test, web};
    /// use actix_web_cors::{
    ///     Cors, Policy,
    ///     testing::{Browser, get},
    /// };
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     // The mistake: a route's middleware never sees a preflight.
    ///     let cors = Cors::new(Policy::allow_origin("https://app.example")?);
    ///     let app = App::new().route("/items", web::get().to(HttpResponse::Ok).wrap(cors));
    ///     let browser = Browser::new(test::init_service(app).await);
    ///
    ///     let outcome = browser.page("https://app.example").fetch(get("/items").header("x-request-id", "7")).await;
    ///     let diagnosis = outcome.diagnose().await;
    ///     assert!(diagnosis.is_certain());
    ///     assert_eq!(
    ///         diagnosis.to_string(),
    ///         "Blocked: nothing answers OPTIONS on /items, so the preflight gets 404. The origin is allowed.\n\
    ///          Fix: put the CORS middleware around the application, not around the route."
    ///     );
    ///     Ok(())
    /// }
    /// ```
    pub async fn diagnose(&self) -> Diagnosis {
        self.diagnose_asking(|_| false).await
    }

    /// The same, and asks about each further request that [`diagnose`](Self::diagnose) does not send by itself: a `GET` where
    /// the request itself is a `PUT`, for example. It is sent if `may_send` returns `true`.
    ///
    /// ```
    /// use actix_web::{App, HttpResponse, test, web};
    /// use actix_web_cors::{
    ///     Cors, Policy,
    ///     testing::{Browser, put},
    /// };
    ///
    /// #[actix_web::main]
    /// async fn main() -> Result<(), Box<dyn std::error::Error>> {
    ///     let cors = Cors::new(Policy::allow_origin("https://app.example")?);
    ///     let app = App::new().route("/items", web::put().to(HttpResponse::Ok).wrap(cors));
    ///     let browser = Browser::new(test::init_service(app).await);
    ///
    ///     let outcome = browser.page("https://app.example").fetch(put("/items")).await;
    ///     let diagnosis = outcome.diagnose_asking(|probe| probe.sent.method == "PUT").await;
    ///     assert_eq!(diagnosis.cause.name(), "options-not-routed");
    ///     Ok(())
    /// }
    /// ```
    pub async fn diagnose_asking(&self, mut may_send: impl FnMut(&Probe) -> bool) -> Diagnosis {
        let mut examination = Examination::of(self.case());
        while let Some(wanted) = examination.wanted() {
            let is_sent = wanted.may_send_unasked || wanted.probe.as_ref().is_some_and(&mut may_send);
            let received = if is_sent {
                send(&self.network, &wanted, self.cookies(&wanted.sent)).await
            } else {
                Received::NotSent
            };
            examination.receive(received, Duration::ZERO);
        }
        examination.diagnosis()
    }

    /// What is known without further requests.
    pub(super) fn case(&self) -> Case {
        let mut case = Case::new(self.fetched.clone());
        case.exchanges = self.exchanges.iter().map(exchanged).collect();
        case.verdict = Some(self.verdict.clone());
        case.hints.is_direct = true;
        let notes = self.exchanges.iter().flat_map(|exchange| &exchange.notes);
        case.hints.withheld_cookies = notes.filter(|note| note.contains("not sent")).cloned().collect();
        case
    }

    /// The cookies that the browser sent to this origin.
    fn cookies(&self, sent: &Sent) -> Option<Vec<u8>> {
        let is_there = |exchange: &&Exchange| exchange.url.origin() == sent.url.origin();
        let headers = self.exchanges.iter().filter(is_there).flat_map(|exchange| &exchange.headers);
        let mut cookies = headers.filter(|(name, _)| name == "cookie");
        cookies.next().map(|(_, value)| value.clone()).filter(|_| sent.includes_credentials)
    }
}

fn exchanged(exchange: &Exchange) -> Exchanged {
    let is_cookie = |name: &str| name == "cookie";
    let sent = Sent {
        method: exchange.method.clone(),
        url: exchange.url.clone(),
        headers: exchange.headers.iter().filter(|(name, _)| !is_cookie(name)).cloned().collect(),
        is_preflight: exchange.is_preflight,
        has_body: !exchange.body.is_empty(),
        includes_credentials: exchange.headers.iter().any(|(name, _)| is_cookie(name)),
    };
    Exchanged { sent, received: received(exchange) }
}

fn received(exchange: &Exchange) -> Received {
    match &exchange.response {
        Some(response) => Received::Response {
            head: head_of(response),
            body: response.body[..response.body.len().min(MAX_BODY)].to_vec(),
        },
        None if exchange.notes.iter().any(|note| note.starts_with("there is no application")) => {
            Received::Failed(Failure::Refused)
        }
        None => Received::Failed(Failure::Unknown(exchange.notes.last().cloned().unwrap_or_default())),
    }
}

async fn send(network: &Network, wanted: &WantedRequest, cookies: Option<Vec<u8>>) -> Received {
    let sent = &wanted.sent;
    let mut headers = vec![("host".to_owned(), host(&sent.url).into_bytes())];
    headers.extend(sent.headers.iter().cloned());
    headers.extend(cookies.map(|cookies| ("cookie".to_owned(), cookies)));
    let mut exchange = Exchange {
        is_preflight: sent.is_preflight,
        method: sent.method.clone(),
        url: sent.url.clone(),
        headers,
        body: Bytes::new(),
        response: None,
        notes: Vec::new(),
    };
    match network.exchange(&exchange).await {
        Ok(response) => exchange.response = Some(response),
        Err(why) => exchange.notes.push(why),
    }
    received(&exchange)
}
