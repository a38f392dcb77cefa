//! A page in Chromium requests the same servers. It is blocked and allowed as the doctor says, and `explain` recognizes what it
//! writes to its console, with the true cause among those that it names.

use std::{net::TcpListener, sync::Arc};

use cors_doctor::explain;
use end_to_end::{Installed, Message, Session};
use libtest_mimic::{Failed, Trial};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::{
    fault::Fault,
    http::{Response, Server, handler},
};

const FETCH: &str = "const init = { ...arguments[1], signal: AbortSignal.timeout(10000) };
    try {
        const response = await fetch(arguments[0], init);
        return { allowed: true, status: response.status };
    } catch (error) {
        return { allowed: false, error: String(error) };
    }";

/// One trial, because all share a window: a page of one origin that requests one server after the other.
pub(crate) fn play(installed: Installed, faults: &[Arc<Fault>]) -> Vec<Trial> {
    let faults: Vec<Arc<Fault>> =
        faults.iter().filter(|fault| fault.not_in_browsers.is_none()).cloned().collect();
    let name = format!("{}::is_blocked_and_allowed_as_the_doctor_says", installed.engine());
    vec![Trial::test(name, move || {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let session = installed.start().await?;
            let outcome = visit(&session, &faults).await;
            session.close().await?;
            outcome
        })
    })]
}

async fn visit(session: &Session, faults: &[Arc<Fault>]) -> Result<(), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let page = format!("http://localhost:{}", listener.local_addr()?.port());
    let _server =
        Server::start(listener, handler(|_| Response::html(200, "<!doctype html><title>Page</title>")));
    session.goto(&format!("{page}/")).await?;
    session.watch_console().await?;
    let (mut wrong, mut messages) = (Vec::new(), 0);
    for fault in faults {
        let outcome = request(session, fault, &page).await;
        match outcome.map_err(|failed| format!("{}: {}", fault.name, failed.message().unwrap_or_default()))? {
            Ok(count) => messages += count,
            Err(why) => wrong.push(format!("{}: {why}", fault.name)),
        }
    }
    if faults.len() < 12 || messages < 12 {
        wrong.push(format!("only {} servers and {messages} messages", faults.len()));
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n").into()) }
}

/// How many messages were recognized, or what is wrong.
async fn request(session: &Session, fault: &Fault, page: &str) -> Result<Result<usize, String>, Failed> {
    let server = fault.start(page);
    session.console().await?;
    let got = session.eval_async(FETCH, &[json!(server.url), init(fault)]).await?;
    let is_allowed = fault.expected.verdict == "allowed";
    if got["allowed"] != is_allowed {
        return Ok(Err(format!("the browser got {got}, and the doctor says {:?}", fault.expected.verdict)));
    }
    let lines = session.console().await?;
    for line in &lines {
        if let Err(why) = recognize(fault, line) {
            return Ok(Err(why));
        }
    }
    Ok(Ok(lines.len()))
}

/// Whether `explain` knows the message, as it was written.
fn recognize(fault: &Fault, message: &Message) -> Result<(), String> {
    let text = &message.text;
    let recognized = explain::recognize(text);
    let Some(first) = recognized.first() else { return Err(format!("explain doesn't know {text:?}")) };
    let names = |kind: &&'static explain::Kind| {
        kind.causes.iter().any(|cause| cause.names.is_empty() || cause.names.contains(&fault.truth))
    };
    // What was allowed may write a message of its own about the status.
    if fault.expected.verdict == "allowed" || first.kinds.iter().any(names) {
        Ok(())
    } else {
        Err(format!("{:?} is not among the causes of {text:?}", fault.truth))
    }
}

fn init(fault: &Fault) -> Value {
    let request = &fault.request;
    let mut init = json!({ "method": request.method, "headers": request.headers });
    let credentials = request.includes_credentials.then_some("include");
    for (name, value) in [
        ("mode", request.mode),
        ("redirect", request.redirect),
        ("credentials", credentials),
        ("body", request.body.as_deref()),
    ] {
        if let Some(value) = value {
            init[name] = json!(value);
        }
    }
    init
}
