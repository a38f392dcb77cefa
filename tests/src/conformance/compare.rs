//! Compares what an engine did with what it should do.

use std::{collections::BTreeMap, fmt::Write};

use cors_vectors::{Allowed, BrowserVector, Expected, Fetch, Outcome, Sent};
use serde_json::Value;

use super::{
    model,
    names::Names,
    plan::{absolute, method, on_the_wire, origin_of, url},
    server::{Arrived, once},
};

/// What an engine did for one vector.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) arrived: Vec<Arrived>,
    /// As the page reports them, one for each fetch; null if the vector was not played to its end.
    pub(super) outcomes: Value,
    /// What the engine wrote to its console meanwhile; `None` if that can't be known.
    pub(super) console: Option<Vec<String>>,
}

/// Every difference, and then all that the engine did; `None` if it did what it should.
pub(super) fn differences(
    names: &Names,
    number: usize,
    vector: &BrowserVector,
    engine: &str,
    observed: &Observed,
) -> Option<String> {
    let mut differences = Vec::new();
    let expected = vector.expected(Some(engine));
    for (index, (fetch, expected)) in vector.fetches.iter().zip(&expected).enumerate() {
        let comparison = Comparison { names, number, fetch };
        let arrived: Vec<_> =
            observed.arrived.iter().filter(|arrived| arrived.fetch == index && !arrived.is_retry).collect();
        let mut found = comparison.wire(expected, &arrived);
        found.extend(comparison.outcome(&expected.outcome, &observed.outcomes[index]));
        differences.extend(found.into_iter().map(|difference| format!("fetch {index}: {difference}")));
    }
    differences.extend(console(vector, engine, observed));
    if differences.is_empty() {
        return None;
    }
    differences.push(format!("the engine did:\n{}", story(observed)));
    Some(names.unmap(&differences.join("\n")))
}

/// The lines that the model expects in the console, and that the engine did not write.
fn console(vector: &BrowserVector, engine: &str, observed: &Observed) -> Vec<String> {
    let Some(console) = &observed.console else { return Vec::new() };
    // Vectors that wait are played in parallel, and the console does not say which of them a line is about.
    if vector.fetches.iter().any(|fetch| fetch.after > 0) {
        return Vec::new();
    }
    let expected = model::console(vector, engine).into_iter().enumerate();
    expected
        .flat_map(|(index, lines)| {
            // WebKit writes well-known header names in their usual case; Firefox adds where to read more.
            let is_written = move |line: &String| {
                let line = line.to_ascii_lowercase();
                console.iter().any(|written: &String| written.to_ascii_lowercase().starts_with(&line))
            };
            let missing = lines.into_iter().filter(move |line| !is_written(line));
            missing.map(move |line| format!("fetch {index}: expected in the console: {line}"))
        })
        .collect()
}

struct Comparison<'a> {
    names: &'a Names,
    number: usize,
    fetch: &'a Fetch,
}

impl Comparison<'_> {
    fn wire(&self, expected: &Expected, arrived: &[&Arrived]) -> Vec<String> {
        let Self { names, number, fetch } = *self;
        let shown = |method: &str, url: &str, is_preflight: bool| {
            format!("{}{method} {url}", if is_preflight { "preflight " } else { "" })
        };
        let lines: Vec<_> = expected
            .wire
            .iter()
            .map(|sent| {
                shown(method(fetch, sent), &url(names, number, fetch, sent), sent.preflight.is_some())
            })
            .collect();
        let actual: Vec<_> = arrived
            .iter()
            .map(|arrived| shown(&arrived.head.method, &arrived.head.url(), arrived.head.is_preflight()))
            .collect();
        if lines != actual {
            let list =
                |lines: &[String]| if lines.is_empty() { "nothing".to_owned() } else { lines.join(", ") };
            return vec![format!("expected on the wire: {}; saw: {}", list(&lines), list(&actual))];
        }
        let pairs = expected.wire.iter().zip(arrived).enumerate();
        pairs
            .flat_map(|(index, (sent, arrived))| {
                let differences = self.sent(sent, arrived);
                differences.into_iter().map(move |difference| format!("request {index}: {difference}"))
            })
            .collect()
    }

    fn sent(&self, sent: &Sent, Arrived { head, has_body, .. }: &Arrived) -> Vec<String> {
        let Self { names, fetch, .. } = self;
        let mut differences = Vec::new();
        let page = origin_of(&fetch.page);
        let origin = sent.origin.clone().unwrap_or_else(|| Some(page.clone()));
        let mut header = |name: &str, expected: Option<&str>| {
            let expected = expected.map(|expected| names.value(expected));
            let actual = head.header(name);
            if actual != expected {
                differences.push(different(name, expected.as_ref(), actual.as_ref()));
            }
        };
        header("origin", origin.as_deref());
        let preflight = sent.preflight.as_ref();
        header("access-control-request-method", preflight.map(|preflight| preflight.method.as_str()));
        header(
            "access-control-request-headers",
            preflight.and_then(|preflight| preflight.headers.as_deref()),
        );
        for (name, value) in &sent.headers {
            header(name, value.as_deref());
        }
        // Only if the page and the URL are same-site, so that no rule about third-party cookies hides what CORS does.
        let is_localhost = |url: &str| url.starts_with("http://localhost:");
        if is_localhost(&head.url())
            && is_localhost(&names.origin(&page))
            && head.has_cookie() != sent.credentials
        {
            differences.push(different("cookies", Some(&sent.credentials), Some(&head.has_cookie())));
        }
        let expected_body = sent.body.unwrap_or(fetch.request.body.is_some() && preflight.is_none());
        if *has_body != expected_body {
            differences.push(different("body", Some(&expected_body), Some(has_body)));
        }
        differences
    }

    fn outcome(&self, expected: &Outcome, actual: &Value) -> Vec<String> {
        match expected {
            Outcome::Blocked(_) if actual["blocked"].is_string() => Vec::new(),
            Outcome::Allowed(expected) if actual["allowed"].is_object() => {
                self.allowed(expected, &actual["allowed"])
            }
            _ => {
                let expected = match expected {
                    Outcome::Blocked(blocked) => format!("blocked ({}, {})", blocked.step, blocked.reason),
                    Outcome::Allowed(allowed) => format!("allowed ({}, {})", allowed.r#type, allowed.status),
                };
                vec![format!("expected {expected}; saw {actual}")]
            }
        }
    }

    fn allowed(&self, expected: &Allowed, actual: &Value) -> Vec<String> {
        let Self { names, number, fetch } = *self;
        let mut differences = Vec::new();
        let mut same = |what: &str, expected: Value, actual: &Value| {
            if expected != *actual {
                differences.push(different(what, Some(&expected), Some(actual)));
            }
        };
        same("status", expected.status.into(), &actual["status"]);
        let is_opaque = expected.r#type == "opaque";
        let url = if is_opaque {
            String::new()
        } else {
            on_the_wire(&absolute(names, number, fetch, expected.url.as_deref()))
        };
        same("url", url.into(), &once(&on_the_wire(actual["url"].as_str().unwrap_or_default())).into());
        if !fetch.request.upload_listener {
            same("type", expected.r#type.clone().into(), &actual["type"]);
            same("redirected", (expected.redirected && !is_opaque).into(), &actual["redirected"]);
        }
        let readable: BTreeMap<_, _> = expected
            .readable
            .iter()
            .map(|(name, value)| {
                let value = if name == "location" { names.url(number, value) } else { names.value(value) };
                (name.clone(), value)
            })
            .collect();
        let read: BTreeMap<String, String> =
            serde_json::from_value::<Vec<(String, String)>>(actual["headers"].clone())
                .unwrap_or_default()
                .into_iter()
                // Without the header that our servers add.
                .filter(|(name, value)| {
                    name != "connection" || value != "close" || readable.contains_key("connection")
                })
                .collect();
        same("readable headers", serde_json::json!(readable), &serde_json::json!(read));
        differences
    }
}

fn different(
    what: &str,
    expected: Option<&impl std::fmt::Debug>,
    actual: Option<&impl std::fmt::Debug>,
) -> String {
    let shown = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
    format!(
        "{what}: expected {}, saw {}",
        shown(expected.map(|value| format!("{value:?}"))),
        shown(actual.map(|value| format!("{value:?}")))
    )
}

/// All that happened.
fn story(observed: &Observed) -> String {
    let mut story = String::new();
    for Arrived { fetch, head, has_body, is_retry } in &observed.arrived {
        let _ = write!(story, "    fetch {fetch}: {} {}", head.method, head.url());
        for name in ["origin", "access-control-request-method", "access-control-request-headers"] {
            if let Some(value) = head.header(name) {
                let _ = write!(story, "; {name}: {value}");
            }
        }
        for (is_so, words) in [(head.has_cookie(), "cookie"), (*has_body, "body"), (*is_retry, "retry")] {
            if is_so {
                let _ = write!(story, "; {words}");
            }
        }
        story.push('\n');
    }
    let _ = write!(story, "    the page's script was given: {}", observed.outcomes);
    for message in observed.console.iter().flatten() {
        let _ = write!(story, "\n    console: {message}");
    }
    story
}
