//! *Copy as `fetch()`* and *Copy as curl*: pasted, and run.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tokio::{process::Command, time};

use crate::{
    Tried,
    case::Case,
    page::{Names, Page},
    said, same,
    seen::{Exchange, GIVEN, Seen, value},
};

/// How long curl may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a page of the Lab's origin is given by the JavaScript that was copied.
pub(crate) struct Evaluated {
    text: String,
    given: Value,
    exchanges: Vec<Exchange>,
}

/// What a shell got by the commands that were copied.
pub(crate) struct Curl {
    text: String,
    responses: Vec<Response>,
    exchanges: Vec<Exchange>,
}

#[derive(Debug)]
struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Page {
    pub(crate) async fn evaluate_copy(&self, names: &Names) -> Tried<Evaluated> {
        let text = self.copied("[data-action=copy-fetch]").await?;
        let before = self.last_logged(&names.session)?;
        let script = format!(
            "try {{
                 {text}
                 {GIVEN}
             }} catch (error) {{
                 return {{ error: `${{error.name}}: ${{error.message}}` }};
             }}"
        );
        let given = self.session.eval_async(&script, &[]).await.map_err(said)?;
        let exchanges = self.logged(&names.session, |_, number| number > before)?;
        Ok(Evaluated { text, given, exchanges })
    }

    pub(crate) async fn run_copy(&self, names: &Names) -> Tried<Curl> {
        let text = self.copied("[data-action=copy-curl]").await?;
        let before = self.last_logged(&names.session)?;
        let responses = run(&text).await.map_err(|why| format!("{why}\nby\n{text}"))?;
        let exchanges = self.logged(&names.session, |_, number| number > before)?;
        Ok(Curl { text, responses, exchanges })
    }
}

/// Runs the commands as somebody does who pastes them into a terminal.
async fn run(text: &str) -> Tried<Vec<Response>> {
    let mut command = Command::new("bash");
    command.args(["-c", text]).stdin(Stdio::null()).kill_on_drop(true);
    // No settings of the user's, and no proxy to this machine itself.
    command
        .env("CURL_HOME", "/dev/null")
        .env("HOME", "/nonexistent")
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
    let output = time::timeout(PATIENCE, command.output()).await.map_err(|_| "curl takes too long")?;
    let output = output.map_err(|error| format!("bash does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// Takes apart what `curl -i` printed, once or several times.
fn parse(mut printed: &str) -> Tried<Vec<Response>> {
    let mut responses = Vec::new();
    while !printed.is_empty() {
        let not_http = || format!("not a response: {printed:?}");
        let (head, rest) = printed.split_once("\r\n\r\n").ok_or_else(not_http)?;
        let mut lines = head.split("\r\n");
        let status =
            lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let length = value(&headers, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        let body = rest.get(..length).ok_or_else(not_http)?.to_owned();
        responses.push(Response { status: status.ok_or_else(not_http)?, headers, body });
        printed = &rest[length..];
    }
    Ok(responses)
}

/// A request's headers as far as the page decides them, of those that script sets itself.
fn of_the_page(exchange: &Exchange, also: &[(String, String)]) -> BTreeMap<String, String> {
    const NAMES: [&str; 4] =
        ["origin", "content-type", "access-control-request-method", "access-control-request-headers"];
    let names = NAMES.into_iter().chain(also.iter().map(|(name, _)| name.as_str()));
    names.filter_map(|name| Some((name.to_owned(), exchange.request(name)?.to_owned()))).collect()
}

/// A response's headers without those that differ from time to time, or that the server adds behind the log.
fn lasting(headers: &[(String, String)]) -> BTreeMap<&str, String> {
    const PASSING: [&str; 7] =
        ["date", "content-length", "connection", "set-cookie", "age", "x-lab-cache", "x-request-id"];
    let headers = headers.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
    // The target of a redirect has the run of the request.
    headers.map(|(name, value)| (name.as_str(), without_run(value))).collect()
}

fn without_run(target: &str) -> String {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query: Vec<_> =
        query.split('&').filter(|part| !part.is_empty() && !part.starts_with("run=")).collect();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{}", query.join("&")) }
}

/// Whether a request was sent as the browser had sent it.
fn same_request(copied: &Exchange, sent: &Exchange, seen: &Seen) -> Tried<()> {
    let what = |part: &str| format!("{part} of the copied {} {}", sent.method, sent.target);
    same(&what("the method"), &copied.method, &sent.method)?;
    same(&what("the target"), &copied.target, &without_run(&sent.target))?;
    let own = seen.headers();
    same(&what("the headers"), &of_the_page(copied, &own), &of_the_page(sent, &own))
}

pub(crate) fn judge_fetch(_: &Case, seen: &Seen) -> Tried<()> {
    let Evaluated { text, given, exchanges } = seen.evaluated.as_ref()?;
    let own = seen.own_fetch.as_ref()?;
    let judge = || {
        same("what script is given", given, own)?;
        same("how many requests it sends", &exchanges.len(), &seen.exchanges.len())?;
        exchanges
            .iter()
            .zip(&seen.exchanges)
            .try_for_each(|(copied, sent)| same_request(copied, sent, seen))?;
        let shown = seen.room.as_ref()?.script_code();
        same("what is shown of it", &shown, &text.as_str())
    };
    judge().map_err(|why: String| format!("{why}\nby\n{text}"))
}

pub(crate) fn judge_curl(case: &Case, seen: &Seen) -> Tried<()> {
    let Curl { text, responses, exchanges } = seen.curl.as_ref()?;
    let judge = || {
        // curl follows no redirects, and sends what a browser would not send.
        let is_preflighted = seen.exchanges.first().is_some_and(|exchange| exchange.preflight);
        let commands = if is_preflighted { 2 } else { 1 };
        same("how many responses there are", &responses.len(), &commands)?;
        same("how many requests arrived", &exchanges.len(), &commands)?;
        let sent = seen.exchanges.iter().take(commands);
        for ((response, copied), sent) in responses.iter().zip(exchanges).zip(sent) {
            same_request(copied, sent, seen)?;
            let what = |part: &str| format!("{part} that curl got for {} {}", sent.method, sent.target);
            same(&what("the status"), &Some(response.status), &sent.status)?;
            let (got, logged) = (lasting(&response.headers), lasting(&sent.response_headers));
            same(&what("the headers"), &got, &logged)?;
            same(&what("the body"), &response.body, &sent.body)?;
        }
        // Where the browser sent nothing, curl does, and a handler runs.
        if case.is_blocked() && seen.exchanges.iter().all(|exchange| exchange.preflight) {
            let last = exchanges.last().ok_or("nothing arrived")?;
            let method = seen.request["method"].as_str().unwrap_or("GET");
            same("the last request", &(last.method.as_str(), last.reached_handler), &(method, true))?;
            same("the last status", &responses.last().map(|response| response.status), &Some(200))?;
            let sent: Vec<_> = seen.headers();
            let arrived: Vec<_> = sent.iter().map(|(name, _)| last.request(name)).collect();
            let meant: Vec<_> = sent.iter().map(|(_, value)| Some(value.as_str())).collect();
            same("the last request's headers", &arrived, &meant)?;
        }
        let shown = seen.room.as_ref()?.curl_code();
        same("what is shown of it", &shown, &text.as_str())
    };
    judge().map_err(|why: String| {
        format!(
            "{why}\nby\n{text}\nwhich got {}",
            json!(responses.iter().map(|response| response.status).collect::<Vec<_>>())
        )
    })
}
