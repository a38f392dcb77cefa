//! The verdict's room: what script was given, why, the fix, and the console; and that the fix does what it says.

use end_to_end::Engine;
use fetch_cors::browser::Verdict;
use serde::Deserialize;
use serde_json::Value;

use crate::{
    Tried,
    case::{Case, Fix},
    forms::Outcome,
    model,
    page::{Names, Page},
    said, same,
    seen::{Exchange, Seen},
};

/// What stands in the room, and next to it the two copies of the request.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Room {
    why: Option<String>,
    cause: Option<String>,
    evidence: Vec<String>,
    rule: Option<String>,
    fix: Option<String>,
    fix_place: Option<String>,
    has_fix_button: bool,
    console_title: Option<String>,
    console: Option<String>,
    error: Option<String>,
    status: Option<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
    effects: Vec<String>,
    script_code: String,
    curl_code: String,
    doctor_code: String,
}

impl Room {
    pub(crate) fn console(&self) -> Option<&str> {
        self.console.as_deref()
    }

    pub(crate) fn script_code(&self) -> &str {
        &self.script_code
    }

    pub(crate) fn curl_code(&self) -> &str {
        &self.curl_code
    }

    pub(crate) fn doctor_code(&self) -> &str {
        &self.doctor_code
    }
}

/// What became of the policy by *Apply this fix*, and of the request by *Send again*.
pub(crate) struct Fixed {
    forms: Value,
    in_force: Value,
    observed: Option<Outcome>,
    exchanges: Vec<Exchange>,
}

const READ: &str = "const room = document.querySelector('[data-room=verdict]');
    const text = (css) => {
        const found = room.querySelector(css);
        return found === null || found.getClientRects().length === 0 ? null : found.textContent;
    };
    const rows = [...room.querySelectorAll('[data-field=headers] > div')];
    const code = (name) => document.querySelector(`[data-field=${name}]`).textContent;
    return {
        why: text('.why'),
        cause: room.querySelector('.why')?.dataset.cause ?? null,
        evidence: [...room.querySelectorAll('[data-field=evidence] li')].map((line) => line.textContent),
        rule: room.querySelector('[data-field=spec]')?.href ?? null,
        fix: text('[data-field=fix]'),
        fixPlace: room.querySelector('[data-field=fix]')?.dataset.place ?? null,
        hasFixButton: room.querySelector('[data-action=apply-fix]') !== null,
        consoleTitle: text('.console h3'),
        console: text('[data-field=console]'),
        error: text('[data-field=error]'),
        status: text('[data-field=status]'),
        headers: rows.map((row) => [row.querySelector('dt').textContent, row.querySelector('dd').textContent]),
        body: text('[data-field=body]'),
        effects: [...room.querySelectorAll('[data-field=effects] ol li')].map((line) => line.textContent),
        scriptCode: code('script'),
        curlCode: code('curl'),
        doctorCode: code('doctor'),
    };";

impl Page {
    pub(crate) async fn room(&self) -> Tried<Room> {
        serde_json::from_value(self.eval(READ).await?).map_err(said)
    }

    pub(crate) async fn fix(&self, names: &Names) -> Tried<Fixed> {
        self.click("[data-action=apply-fix]").await?;
        self.find("[data-action=send-again]").await?;
        let forms = self.forms().await?;
        let in_force = self.policy_in_force().await?;
        let before = self.last_logged(&names.session)?;
        let shown = self.press("[data-action=send-again]").await?;
        shown.judge(None)?;
        let exchanges = self.logged(&names.session, |_, number| number > before)?;
        Ok(Fixed { forms, in_force, observed: shown.observed, exchanges })
    }
}

/// What every URL of the session begins with says nothing, so the page leaves it out; the run, too.
fn without_session(text: &str, seen: &Seen) -> String {
    let run = format!("run={}", seen.run);
    let text = text.replace(&format!("/s/{}/", seen.names.session), "/");
    text.replace(&format!("?{run}"), "").replace(&format!("&{run}"), "")
}

/// A text as running text shows it: without the marks that set code, and as a sentence.
fn shown(text: &str) -> String {
    text.replace('`', "")
}

fn sentence(text: &str) -> String {
    let text = shown(text);
    let mut letters = text.chars();
    letters.next().map(char::to_uppercase).into_iter().flatten().chain(letters).collect()
}

pub(crate) fn judge_given(_: &Case, seen: &Seen) -> Tried<()> {
    let room = seen.room.as_ref()?;
    let own = seen.own_fetch.as_ref()?;
    same("the error", &room.error.as_deref(), &own["error"].as_str())?;
    let status = own["status"].as_u64().map(|status| status.to_string());
    same("the status", &room.status, &status)?;
    let headers: Vec<(String, String)> = serde_json::from_value(own["headers"].clone()).unwrap_or_default();
    same("the readable headers", &room.headers, &headers)?;
    let body = own["body"].as_str().filter(|body| !body.is_empty());
    let parsed = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    same("the body", &room.body.as_deref().map(parsed), &body.map(parsed))?;

    same("how many requests the API saw", &room.effects.len(), &seen.exchanges.len())?;
    let prefix = format!("/s/{}", seen.names.session);
    for (line, exchange) in room.effects.iter().zip(&seen.exchanges) {
        let target = exchange.target.trim_start_matches(&prefix).replace(&format!("run={}", seen.run), "");
        let target = target.trim_end_matches(['?', '&']);
        let begin = format!("{} {target} ", exchange.method);
        if !line.starts_with(&begin) {
            return Err(format!("what the API saw should begin with {begin:?}; it is {line:?}"));
        }
        same(
            &format!("whether a handler ran by {line:?}"),
            &line.contains("ran the handler"),
            &exchange.reached_handler,
        )?;
    }
    Ok(())
}

pub(crate) fn judge_why(case: &Case, seen: &Seen) -> Tried<()> {
    let room = seen.room.as_ref()?;
    let why = room.why.as_deref().ok_or("there is no reason")?;
    let verdict = model::verdict(seen)?;
    same("whether it is allowed", &case.is_blocked(), &!verdict.is_allowed())?;
    let diagnosis = model::diagnosis(seen)?;
    model::agrees(&diagnosis, room.cause.as_deref().unwrap_or_default())?;
    if let Verdict::Blocked(blocked) = &verdict {
        // The cause, in the words of the library, and somewhere the rule.
        let meant = sentence(diagnosis.summary.trim_start_matches("Blocked: "));
        for meant in [meant, sentence(&blocked.why())] {
            let (why, meant) = (why.to_lowercase(), without_session(&meant, seen).to_lowercase());
            // Two of the causes are the rule, with another conjunction.
            if !why.contains(&meant) && !why.contains(&meant.replace(", but ", ", and ")) {
                return Err(format!("the reason should say\n    {meant:?}\nand it is\n    {why:?}"));
            }
        }
        same("how many lines of evidence", &room.evidence.len(), &seen.exchanges.len())?;
        for (line, exchange) in room.evidence.iter().zip(&seen.exchanges) {
            let status = format!(": {}", exchange.status.unwrap_or_default());
            if !line.starts_with(&exchange.method) || !line.contains(&status) || line.contains("/s/") {
                return Err(format!("the evidence of {} {status} is {line:?}", exchange.method));
            }
        }
    }
    for words in case.why {
        let words = seen.names.fill(words);
        if !why.contains(&words) {
            return Err(format!("the reason should speak of {words:?}; it is {why:?}"));
        }
    }
    for words in case.why_not {
        if why.contains(words) {
            return Err(format!("the reason should not speak of {words:?}; it is {why:?}"));
        }
    }
    same("the rule", &room.rule.as_deref(), &Some(case.rule))
}

pub(crate) fn judge_fix(case: &Case, seen: &Seen) -> Tried<()> {
    let room = seen.room.as_ref()?;
    let text = room.fix.as_deref().ok_or("no fix is shown")?;
    let meant = without_session(&sentence(&model::diagnosis(seen)?.remedy.to_string()), seen);
    if !text.contains(&meant) {
        return Err(format!("the fix should be\n    {meant:?}\nand it is\n    {text:?}"));
    }
    let is_of_policy = matches!(case.fix, Fix::Makes(_));
    same("whether it is the policy's", &(room.fix_place.as_deref() == Some("policy")), &is_of_policy)?;
    let Fix::Makes(policy) = case.fix else {
        return same("whether there is a button", &room.has_fix_button, &false);
    };
    let Fixed { forms, in_force, observed, exchanges } = seen.fixed.as_ref()?;
    let policy: Value = serde_json::from_str(&seen.names.fill(policy)).map_err(said)?;
    for setting in ["allow_origins", "allow_methods", "allow_headers", "expose_headers"] {
        let empty = Value::Array(Vec::new());
        let meant = policy.get(setting).unwrap_or(&empty);
        same(&format!("{setting} in force"), in_force.get(setting).unwrap_or(&empty), meant)?;
        let lines: Vec<_> = meant.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        same(&format!("{setting} in the form"), &forms[setting].as_str(), &Some(lines.join("\n").as_str()))?;
    }
    same("the verdict of Send again", observed, &Some(Outcome::Readable))?;
    let last = exchanges.last().ok_or("Send again sends nothing")?;
    same("whether the handler ran then", &last.reached_handler, &true)
}

pub(crate) fn judge_console(case: &Case, seen: &Seen) -> Tried<()> {
    let room = seen.room.as_ref()?;
    let Verdict::Blocked(blocked) = model::verdict(seen)? else {
        return Err("the model allows it".to_owned());
    };
    let meant = blocked.console(model::engine(seen.engine));
    same("the message", &room.console, &meant)?;
    if seen.engine == Engine::WebKit {
        let written = seen.names.fill(case.webkit_console);
        same("the message", &room.console.as_deref().unwrap_or_default(), &written.as_str())?;
    }
    if meant.is_some() {
        let name = match seen.engine {
            Engine::Chromium => "Chromium",
            Engine::Firefox => "Firefox",
            Engine::WebKit => "WebKit",
        };
        let title = room.console_title.as_deref().unwrap_or_default();
        if !title.contains(name) {
            return Err(format!("it should be called {name}'s; it is called {title:?}"));
        }
    }
    seen.console.clone()
}
