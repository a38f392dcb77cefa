//! Sends what the browser would send, and the probes that the diagnosis asks for.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use fetch_cors::{
    browser::{Browser, Profile, Url},
    diagnosis::{Case, Examination, Purpose, Received, WantedRequest},
};

use super::asked::Asked;
use crate::cli::{arguments::Check, commands::policy, error::Fault, net::Net, spinner};

/// All that came of it.
pub(super) fn examine(arguments: &Check, asked: &Asked) -> Result<Case, Fault> {
    let net = Net::new(&arguments.network, asked.request.insecure)?;
    let request = asked.request.to_request(asked.page.clone());
    let start = Instant::now();
    let mut examination = Examination::new(Browser::new(Profile::STANDARD), request, start.elapsed());
    prepare(arguments, asked, examination.case_mut())?;
    actix_rt::System::new().block_on(async {
        while let Some(wanted) = examination.wanted() {
            let received = if may_send(arguments, asked, &wanted) {
                let body = asked.request.body.as_ref().map_or(&[][..], |body| &body.bytes);
                let host = wanted.sent.url.host_str().unwrap_or_default();
                let what = format!("{} {host}", wanted.sent.method);
                spinner::spin(&what, net.send(&wanted.sent, body, &asked.secrets)).await
            } else {
                Received::NotSent
            };
            examination.receive(received, start.elapsed());
        }
    });
    Ok(examination.case().clone())
}

/// What only the caller knows.
fn prepare(arguments: &Check, asked: &Asked, case: &mut Case) -> Result<(), Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    case.hints.nonce = u64::from(now.subsec_nanos()) | now.as_secs() << 30;
    if let Some(path) = &arguments.open_path {
        let url = Url::parse(&asked.request.url).ok().and_then(|url| url.join(path).ok());
        let is_same =
            |url: &Url| Url::parse(&asked.request.url).is_ok_and(|other| other.origin() == url.origin());
        let url = url.filter(is_same).ok_or_else(|| {
            Fault(format!("--open-path {path}: not a path of the server. Write one such as /health"))
        })?;
        case.hints.open_url = Some(url);
    }
    if let Some(file) = &arguments.policy {
        let policy = policy::read(file, None)?.map_err(Fault)?;
        case.policy = Some(policy.to_config());
    }
    Ok(())
}

/// `--send` confirms the request itself, and `--try-get` a `GET` of its URL. Nothing else is confirmed by them.
fn may_send(arguments: &Check, asked: &Asked, wanted: &WantedRequest) -> bool {
    let Some(probe) = &wanted.probe else { return wanted.may_send_unasked || arguments.send };
    let is_the_request = matches!(probe.purpose, Purpose::Actual | Purpose::ActualWithSecrets);
    let is_confirmed = if wanted.sent.method == "GET" {
        arguments.try_get
    } else {
        arguments.send && is_the_request && asked.request.method.eq_ignore_ascii_case(&wanted.sent.method)
    };
    !arguments.no_probes && (wanted.may_send_unasked || is_confirmed)
}
