//! *Copy as `fetch()`*, *Copy as curl* and *Copy as cors-doctor command*: pasted, and run.

use std::{collections::BTreeMap, process::Stdio, time::Duration};

use fetch_cors::browser::{Credentials, Mode, PageOrigin, Redirect, Request, Verdict};
use serde_json::{Value, json};
use tokio::{process::Command, time};

use crate::{
    Tried,
    case::Case,
    model,
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

/// What `cors-doctor` got as its arguments from a shell by the command that was copied.
pub(crate) struct Doctor {
    text: String,
    arguments: Vec<String>,
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

    pub(crate) async fn doctor_copy(&self) -> Tried<Doctor> {
        let text = self.copied("[data-action=copy-doctor]").await?;
        // A stand-in for the program, which prints its arguments.
        let printed = shell(&format!("cors-doctor() {{ printf '%s\\0' \"$@\"; }}\n{text}")).await;
        let printed = printed.map_err(|why| format!("{why}\nby\n{text}"))?;
        let arguments = printed.split_terminator('\0').map(ToOwned::to_owned).collect();
        Ok(Doctor { text, arguments })
    }
}

/// Runs the commands as somebody does who pastes them into a terminal.
async fn run(text: &str) -> Tried<Vec<Response>> {
    parse(&shell(text).await?)
}

/// What lines in a shell print.
async fn shell(lines: &str) -> Tried<String> {
    let mut command = Command::new("bash");
    command.args(["-c", lines]).stdin(Stdio::null()).kill_on_drop(true);
    // No settings of the user's, and no proxy to this machine itself.
    command
        .env("CURL_HOME", "/dev/null")
        .env("HOME", "/nonexistent")
        .env("NO_PROXY", "*")
        .env("no_proxy", "*");
    let output = time::timeout(PATIENCE, command.output()).await.map_err(|_| "it takes too long")?;
    let output = output.map_err(|error| format!("bash does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
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
fn of_the_page(headers: &[(String, String)], also: &[(String, String)]) -> BTreeMap<String, String> {
    const NAMES: [&str; 4] =
        ["origin", "content-type", "access-control-request-method", "access-control-request-headers"];
    let names = NAMES.into_iter().chain(also.iter().map(|(name, _)| name.as_str()));
    names.filter_map(|name| Some((name.to_owned(), value(headers, name)?.to_owned()))).collect()
}

/// A response's headers without those that differ from time to time, or that the server adds behind the log.
fn lasting(headers: &[(String, String)]) -> BTreeMap<&str, String> {
    const PASSING: [&str; 7] =
        ["date", "content-length", "connection", "set-cookie", "age", "x-lab-cache", "x-request-id"];
    let headers = headers.iter().filter(|(name, _)| !PASSING.contains(&name.as_str()));
    // The target of a redirect has the run of the request.
    headers.map(|(name, value)| (name.as_str(), without_run(value))).collect()
}

pub(crate) fn without_run(target: &str) -> String {
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
    let of = |exchange: &Exchange| of_the_page(&exchange.request_headers, &own);
    same(&what("the headers"), &of(copied), &of(sent))
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

/// The request that `cors-doctor check` is asked for.
fn asked(arguments: &[String]) -> Tried<Request> {
    let mut rest = arguments.iter().map(String::as_str);
    same("the command", &rest.next(), &Some("check"))?;
    let (mut url, mut origin, mut method, mut body) = (None, None, None, None);
    let (mut mode, mut redirect, mut credentials) = (Mode::Cors, Redirect::Follow, Credentials::SameOrigin);
    let mut headers = Vec::new();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{argument} has no value"));
        match argument {
            "--origin" => origin = Some(value()?),
            "-X" => method = Some(value()?),
            "-H" => headers.push(value()?.split_once(':').ok_or("a header has a colon")?),
            "-d" => body = Some(value()?),
            "--credentials" => credentials = Credentials::Include,
            "--credentials=omit" => credentials = Credentials::Omit,
            "--mode" => mode = if value()? == "no-cors" { Mode::NoCors } else { Mode::SameOrigin },
            "--redirect" => redirect = if value()? == "error" { Redirect::Error } else { Redirect::Manual },
            other if url.is_none() && !other.starts_with('-') => url = Some(other),
            other => return Err(format!("what is {other:?}?")),
        }
    }
    let page = origin.and_then(PageOrigin::of).ok_or("there is no origin")?;
    let default = if body.is_some() { "POST" } else { "GET" };
    let request = Request::new(page, method.unwrap_or(default), url.ok_or("there is no URL")?)
        .mode(mode)
        .credentials(credentials)
        .redirect(redirect);
    let request =
        headers.into_iter().fold(request, |request, (name, value)| request.header(name.trim(), value.trim()));
    Ok(match body {
        Some(_) => request.body(Some("text/plain;charset=UTF-8")),
        None => request,
    })
}

/// A verdict without the URL, which has no run in the copy.
fn outcome(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Blocked(blocked) => format!("blocked, {}: {}", blocked.step.name(), blocked.why()),
        Verdict::Allowed(allowed) => {
            let names: Vec<_> = allowed.readable_headers.iter().map(|(name, _)| name).collect();
            format!("allowed, {} {} {names:?}", allowed.response_type.name(), allowed.status)
        }
    }
}

pub(crate) fn judge_doctor(_: &Case, seen: &Seen) -> Tried<()> {
    let Doctor { text, arguments } = seen.doctor.as_ref()?;
    let judge = || {
        // It sends what the browser sent, and comes to the same end.
        let case = model::replay(seen, asked(arguments)?)?;
        for (copied, sent) in case.exchanges.iter().zip(&seen.exchanges) {
            let own = seen.headers();
            let copied: Vec<(String, String)> = copied
                .sent
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), String::from_utf8_lossy(value).into_owned()))
                .collect();
            let what = format!("the headers of {} {}", sent.method, sent.target);
            same(&what, &of_the_page(&copied, &own), &of_the_page(&sent.request_headers, &own))?;
        }
        let verdict = case.verdict.as_ref().map(outcome);
        same("the verdict", &verdict, &Some(outcome(&model::verdict(seen)?)))?;
        let shown = seen.room.as_ref()?.doctor_code();
        same("what is shown of it", &shown, &text.as_str())
    };
    judge().map_err(|why: String| format!("{why}\nby\n{text}"))
}
