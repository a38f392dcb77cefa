//! Which cookies the engine stores and sends, by their attributes, by the page and by the address: the prediction says the
//! same. What the engine sent is what the API logged.

use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{Tried, page::Page, said, stage::Stage};

/// The values of the query of the login.
const KINDS: [&str; 6] = ["lax", "strict", "none", "none-insecure", "partitioned", "unspecified"];
/// Who sends what to which address, after the Lab's page has signed in at the address of the name.
const SENDINGS: [(&str, &[(&str, &str)]); 3] = [
    ("api", &[("lab", "api"), ("attacker", "api"), ("sandbox", "api"), ("lab", "second"), ("lab", "proxy")]),
    ("second", &[("lab", "second"), ("attacker", "second"), ("sandbox", "second"), ("lab", "api")]),
    ("proxy", &[("lab", "proxy"), ("lab", "api"), ("attacker", "api"), ("lab", "second")]),
];

/// Sends requests by the Lab's own means, each with its prediction, and returns the names of the cookies: as predicted, and as
/// logged.
const SEND: &str = "
    const [requests, kind] = arguments;
    const [{ send }, { toRequest }] = await Promise.all([import('/app/send.js'), import('/pure/state.js')]);
    const call = async (method, path, body) => {
        const headers = { 'x-cors-lab': '1', 'content-type': 'application/json' };
        const response = await fetch(`/control${path}`, { method, headers, body: body && JSON.stringify(body) });
        return response.status === 204 ? null : response.json();
    };
    const config = await call('GET', '/config');
    const { id } = await call('POST', '/sessions', {});
    const policy = { allow_origins: [config.page, config.attacker], allow_credentials: true };
    await call('PUT', `/s/${id}/policy`, policy);
    const stage = document.body.appendChild(document.createElement('div'));
    const names = (line) => line === undefined ? [] : line[1].split('; ').map((pair) => pair.split('=')[0]);
    const seen = [];
    for (const [index, given] of requests.entries()) {
        const request = toRequest({ credentials: 'include', ...given });
        const run = `cookies${index}`;
        const engine = kind;
        const predicted = await call('POST', `/s/${id}/predict`, { request, run, engine, commit: true });
        await send(config, id, request, run, stage);
        const { exchanges } = await call('GET', `/s/${id}/exchanges?run=${run}`);
        const last = exchanges.at(-1);
        seen.push({
            predicted: [predicted.messages.at(-1).cookies, predicted.messages.at(-1).status],
            logged: [names(last?.request_headers.find(([name]) => name === 'cookie')), last?.status],
        });
    }
    stage.remove();
    return seen;
";

pub(crate) fn checks() -> Vec<Check<Stage>> {
    KINDS
        .into_iter()
        .map(|kind| {
            Check::new(format!("cookies::{kind}"), move |stage: &mut Stage| {
                let name = format!("cookies-{kind}");
                stage.play(&name, async |page| page.compares_cookies(kind).await).map_err(Failed::from)
            })
        })
        .collect()
}

impl Page {
    async fn compares_cookies(&self, kind: &str) -> Tried<()> {
        let engine = self.session.engine().name();
        let mut wrong = Vec::new();
        for (address, sendings) in SENDINGS {
            let login = json!({ "method": "POST", "path": "login", "query": format!("cookie={kind}"), "address": address });
            let others = sendings
                .iter()
                .map(|(page, address)| json!({ "path": "my-notes", "page": page, "address": address }));
            let requests: Vec<Value> = [login].into_iter().chain(others).collect();
            let seen =
                self.session.eval_async(SEND, &[json!(requests), json!(engine)]).await.map_err(said)?;
            let seen = seen.as_array().cloned().unwrap_or_default();
            if seen.len() != requests.len() {
                wrong.push(format!("{address}: {seen:?}"));
            }
            for (request, seen) in requests.iter().zip(seen) {
                if seen["predicted"] != seen["logged"] || std::env::var_os("SHOW").is_some() {
                    let (predicted, logged) = (&seen["predicted"], &seen["logged"]);
                    wrong.push(format!(
                        "signed in at {address}, then {request}: {predicted} is predicted, {logged} happened"
                    ));
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }
}
