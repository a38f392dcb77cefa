//! `explain`: what a console message, or a printed response, means. Nothing is sent.

use std::{fmt::Write as _, process::ExitCode};

use cors_doctor::{
    explain::{Recognized, findings},
    paste::{Paste, http::PastedResponse, recognize},
    probe::Secrets,
    report::wrap,
    words,
};
use serde_json::{Value, json};

use crate::cli::{arguments::Explain, error::Fault, output};

pub(crate) fn run(arguments: &Explain) -> Result<ExitCode, Fault> {
    let pasted = if arguments.text.is_empty() {
        output::pasted()?.ok_or_else(|| {
            Fault::new("nothing to explain. Write the message as an argument, or paste it on standard input")
        })?
    } else {
        arguments.text.join(" ").into_bytes()
    };
    match recognize(&pasted).map_err(Fault::new)? {
        Paste::Messages(found) => Ok(messages(&found, arguments.json)),
        Paste::Responses(found) => Ok(responses(&found, arguments.json)),
        _ => Err(Fault::new("this is a request, not a message. Run cors-doctor check with it")),
    }
}

/// Explains console messages.
pub(crate) fn messages(found: &[Recognized], is_json: bool) -> ExitCode {
    if is_json {
        let list: Vec<Value> = found.iter().map(message_json).collect();
        output::print_json(&Secrets::default().mask_value(json!({ "version": 1, "messages": list }), &[]));
    } else {
        let texts: Vec<String> = found.iter().map(message_text).collect();
        output::print(&Secrets::default().mask(&texts.join("\n")));
    }
    ExitCode::SUCCESS
}

fn message_json(one: &Recognized) -> Value {
    let kinds = one.kinds.iter().map(|kind| {
        let causes = kind
            .causes
            .iter()
            .map(|cause| json!({ "names": cause.names, "what": cause.what, "fix": cause.fix }));
        json!({
            "id": kind.id,
            "meaning": kind.meaning,
            "causes": causes.collect::<Vec<_>>(),
            "excludes": kind.excludes,
        })
    });
    let facts = &one.facts;
    let left = one.causes().into_iter();
    let left = left.map(|cause| json!({ "names": cause.names, "what": cause.what, "fix": cause.fix }));
    json!({
        "kinds": kinds.collect::<Vec<_>>(),
        "causes": left.collect::<Vec<_>>(),
        "certain": one.is_certain(),
        "browser": one.engine.map(words::browser),
        "whole": one.is_whole,
        "url": facts.url,
        "first_url": facts.first_url,
        "origin": facts.page,
        "status": facts.status,
        "method": facts.method,
        "header": facts.header,
        "value": facts.value,
        "status_hint": one.status_hint(),
        "check": one.check().to_string(),
    })
}

fn message_text(one: &Recognized) -> String {
    let layout = output::layout(None);
    let (paint, width) = (layout.paint, layout.width);
    let kind = one.kind();
    let who = one.engine.map_or("A browser", words::browser);
    let mut text = wrap(kind.meaning, &format!("  {who}: "), "  ", width).replacen(who, &paint.bold(who), 1);
    if one.kinds.len() > 1 {
        let others: Vec<&str> = one.kinds.iter().skip(1).map(|kind| kind.id).collect();
        text += &wrap(
            &format!("The text is too short to tell it from {}.", others.join(", ")),
            "  ",
            "  ",
            width,
        );
    }
    if let (Some(status), Some(hint)) = (one.facts.status, one.status_hint()) {
        text += &wrap(hint, &format!("  Its status was {status}. "), "  ", width);
    }
    let heading = if one.is_certain() {
        "The cause; the message rules out all others"
    } else {
        "Causes that fit, likeliest first"
    };
    let _ = write!(text, "\n  {}\n", paint.bold(heading));
    for (index, cause) in one.causes().iter().enumerate() {
        text += &wrap(cause.what, &format!("  {}. ", index + 1), "     ", width);
        text += &wrap(cause.fix, "     Fix: ", "     ", width);
    }
    if !kind.excludes.is_empty() {
        let _ = write!(text, "\n  {}\n", paint.bold("It is not"));
        for excluded in kind.excludes {
            text += &wrap(excluded, "  - ", "    ", width);
        }
    }
    let _ = write!(text, "\n  {}\n    {}\n", paint.bold("To find out"), one.check());
    text
}

/// Explains printed responses.
pub(crate) fn responses(found: &[PastedResponse], is_json: bool) -> ExitCode {
    if is_json {
        let list = found.iter().map(|response| {
            let findings = findings(response);
            let list =
                findings.iter().map(|finding| json!({ "mistake": finding.is_mistake, "text": finding.text }));
            json!({ "status": response.status, "findings": list.collect::<Vec<_>>() })
        });
        let list = list.collect::<Vec<_>>();
        output::print_json(&Secrets::default().mask_value(json!({ "version": 1, "responses": list }), &[]));
        return ExitCode::SUCCESS;
    }
    let layout = output::layout(None);
    let (paint, width) = (layout.paint, layout.width);
    for response in found {
        let mut text = format!("  {}\n", paint.bold(&format!("A response with status {}", response.status)));
        for finding in findings(response) {
            let mark = if finding.is_mistake { paint.bad("wrong") } else { String::new() };
            let line = if finding.is_mistake { format!("wrong: {}", finding.text) } else { finding.text };
            text +=
                &wrap(&line, "  - ", "    ", width).replacen("wrong", &mark, usize::from(finding.is_mistake));
        }
        let _ = write!(
            text,
            "\n  {}\n    cors-doctor check URL --origin ORIGIN\n",
            paint.bold("To find out what a page of yours gets")
        );
        output::print(&Secrets::default().mask(&text));
    }
    ExitCode::SUCCESS
}
