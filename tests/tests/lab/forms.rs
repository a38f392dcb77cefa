//! The policy's and the request's forms: filled by keys and clicks, and read; and *Send*, up to the verdict.

use demo_backend::page::{lab_request::LabRequest, lesson::Ending};
use end_to_end::{Engine, fantoccini::key::Key};
use fetch_cors::browser::{ResponseType, Verdict};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Tried, page::Page, said};

/// How often a box is clicked that does not change.
const CLICKS: usize = 3;

const LISTS: [&str; 4] = ["allow_origins", "allow_methods", "allow_headers", "expose_headers"];

/// How a policy that was applied was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    InForce,
    Refused,
}

/// What becomes of a request, as the page shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Outcome {
    Readable,
    /// Sent, and nothing to read.
    Opaque,
    Blocked,
}

impl Outcome {
    pub(crate) fn of(verdict: &Verdict) -> Self {
        match verdict.allowed() {
            None => Self::Blocked,
            Some(allowed) => match allowed.response_type {
                ResponseType::Basic | ResponseType::Cors => Self::Readable,
                // What a newer type would let a script read is not known.
                _ => Self::Opaque,
            },
        }
    }

    /// How lessons call it.
    pub(crate) fn ending(self) -> Ending {
        match self {
            Self::Readable => Ending::Readable,
            Self::Opaque => Ending::Opaque,
            Self::Blocked => Ending::Blocked,
        }
    }
}

/// What the page shows of one sending.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Shown {
    predicted: Option<Outcome>,
    pub(crate) observed: Option<Outcome>,
    agree: Option<String>,
    pub(crate) said: String,
}

impl Shown {
    pub(crate) fn judge(&self, expected: Option<Outcome>) -> Tried<()> {
        if self.agree.as_deref() != Some("true") || self.predicted != self.observed {
            return Err(format!("prediction and observation should agree; the page says {:?}", self.said));
        }
        match expected {
            Some(_) if self.observed != expected => {
                Err(format!("should be {expected:?}; the page says {:?}", self.said))
            }
            _ => Ok(()),
        }
    }
}

impl Page {
    pub(crate) async fn apply_accepted(&self, policy: &Value) -> Tried<()> {
        match self.apply(policy).await? {
            Taken::InForce => Ok(()),
            Taken::Refused => Err(format!("refused: {}", self.text("[data-room=policy] form").await?)),
        }
    }

    /// Types what differs from the policy, and presses *Apply*.
    pub(crate) async fn apply(&self, policy: &Value) -> Tried<Taken> {
        let room = "[data-room=policy]";
        for list in LISTS {
            let lines: Vec<_> =
                policy[list].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            self.type_into(&format!("{room} [name={list}]"), &lines.join("\n")).await?;
        }
        let credentials = policy["allow_credentials"].as_bool().unwrap_or_default();
        self.tick(&format!("{room} [name=allow_credentials]"), credentials).await?;
        let max_age = policy["max_age"].as_u64().map(|seconds| seconds.to_string()).unwrap_or_default();
        self.type_into(&format!("{room} [name=max_age]"), &max_age).await?;
        self.click("[data-action=apply-policy]").await?;
        let status = format!("{room} [data-part=status]:not([data-state=edited])");
        match self.attribute(&status, "data-state").await?.as_deref() {
            Some("force") => Ok(Taken::InForce),
            Some("refused") => Ok(Taken::Refused),
            state => Err(format!("the policy is in the state {state:?}")),
        }
    }

    pub(crate) async fn generation(&self) -> Tried<String> {
        self.attribute("[data-room=policy]", "data-generation").await.map(Option::unwrap_or_default)
    }

    /// Changes what differs in the request's form.
    pub(crate) async fn fill_request(&self, request: &Value) -> Tried<()> {
        let text = |name: &str, default: &str| request[name].as_str().unwrap_or(default).to_owned();
        let headers: Vec<_> = request["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|pair| Some(format!("{}: {}", pair[0].as_str()?, pair[1].as_str()?)))
            .collect();
        // The kind comes first: it says which of the others there are.
        let kind = text("kind", "fetch");
        self.choose("kind", &kind).await?;
        let LabRequest { kind: of_kind, .. } = serde_json::from_value(request.clone()).map_err(said)?;
        let has_mode = if of_kind.rules().mode.len() > 1 { ":not([hidden])" } else { "[hidden]" };
        self.find(&format!("[data-room=request] [data-for=mode]{has_mode}")).await?;
        self.choose_server(&text("server", "policy")).await?;
        self.choose("page", &text("page", "lab")).await?;
        self.write("method", &text("method", "GET")).await?;
        self.write("path", &text("path", "notes")).await?;
        self.choose("credentials", &text("credentials", "same-origin")).await?;
        self.choose("mode", &text("mode", "cors")).await?;
        self.write("headers", &headers.join("\n")).await?;
        self.choose("body-type", request["body"]["type"].as_str().unwrap_or_default()).await?;
        self.write("body", request["body"]["text"].as_str().unwrap_or_default()).await?;
        self.write("query", &text("query", "")).await?;
        self.choose("redirect", &text("redirect", "follow")).await?;
        self.choose("address", &text("address", "api")).await?;
        self.choose("page_address_space", &text("page_address_space", "")).await?;
        for name in ["cached", "same_url"] {
            // A lesson may set the second, and no solution says so.
            if let Some(wanted) = request[name].as_bool().or((name == "cached").then_some(false)) {
                self.tick(&format!("[data-room=request] [name={name}]"), wanted).await?;
            }
        }
        Ok(())
    }

    /// What stands in both forms, by the names of their fields; null where the request has no use for one.
    pub(crate) async fn forms(&self) -> Tried<Value> {
        self.eval(
            "const fields = [...document.querySelectorAll('[data-room=policy] form [name], [data-room=request] form [name]')];
             const value = field => field.closest('[hidden]') !== null ? null : field.type === 'checkbox' || field.type === 'radio' ? field.checked : field.value;
             const name = field => field.type === 'radio' ? `${field.name} ${field.value}` : field.name;
             return Object.fromEntries(fields.map(field => [name(field), value(field)]));",
        )
        .await
    }

    /// Sends, and checks what the page then shows.
    pub(crate) async fn send(&self, expected: Option<Outcome>) -> Tried<()> {
        self.press("[data-action=send]").await?.judge(expected)
    }

    /// Presses a button that sends, and waits for the verdict.
    pub(crate) async fn press(&self, button: &str) -> Tried<Shown> {
        self.send_by(async |page| page.click(button).await).await
    }

    /// Sends by `Ctrl+Enter`, wherever the focus is, and waits for the verdict.
    pub(crate) async fn press_by_keys(&self) -> Tried<Shown> {
        let keys = [Key::Control, Key::Enter, Key::Null].map(char::from);
        self.send_by(async |page| page.type_keys(&String::from_iter(keys)).await).await
    }

    /// Types where the focus is.
    pub(crate) async fn type_keys(&self, keys: &str) -> Tried<()> {
        let focused = self.session.active_element().await.map_err(said)?;
        focused.send_keys(keys).await.map_err(said)
    }

    async fn send_by(&self, act: impl AsyncFnOnce(&Self) -> Tried<()>) -> Tried<Shown> {
        // What is shown of a sending is made again for each; the run may be the same.
        self.eval("window.shownBefore = document.querySelector('[data-part=given]').firstChild;").await?;
        self.find("[data-action=send]:enabled").await?;
        act(self).await?;
        let shown = self
            .wait_for(
                "const verdict = name => document.querySelector(`[data-field=${name}]`).dataset.verdict ?? null;
                 const given = document.querySelector('[data-part=given]').firstChild;
                 const agreement = document.querySelector('[data-field=agreement]');
                 if (given === null || given === window.shownBefore) return null;
                 if (document.querySelector('[data-action=send]').disabled) return null;
                 return {
                     predicted: verdict('predicted'),
                     observed: verdict('observed'),
                     agree: agreement.hidden ? null : agreement.dataset.agree,
                     said: document.querySelector('[data-room=verdict]').innerText,
                 };",
            )
            .await;
        match shown {
            Ok(shown) => serde_json::from_value(shown).map_err(said),
            Err(_) => Err(format!("no verdict in time; {:?}", self.text("[data-room=verdict]").await?)),
        }
    }

    pub(crate) async fn tick(&self, css: &str, wanted: bool) -> Tried<()> {
        // What was above it may have grown meanwhile, so that the click missed it; a person sees that, and clicks again.
        for _ in 0..CLICKS {
            if self.is_selected(css).await? == wanted {
                return Ok(());
            }
            if css.starts_with("[data-room=request]") {
                self.open_details("[data-room=request] form > details").await?;
            }
            self.click(css).await?;
        }
        if self.is_selected(css).await? == wanted {
            Ok(())
        } else {
            Err(format!("{css} does not change when it is clicked"))
        }
    }

    /// Writes into a field of the request. One that the request's kind has no use for is not there to be written into.
    async fn write(&self, name: &str, text: &str) -> Tried<()> {
        let css = format!("[data-room=request] [name={name}]");
        if name == "query" && self.value(&css).await? != text {
            self.open_details("[data-room=request] form > details").await?;
        }
        if self.value(&css).await? != text && !self.is_displayed(&css).await? {
            return if text.is_empty() {
                Ok(())
            } else {
                Err(format!("{name} is not there to be written into"))
            };
        }
        self.type_into(&css, text).await
    }

    /// Chooses in a list of the request, in the same way.
    async fn choose(&self, name: &str, value: &str) -> Tried<()> {
        let css = format!("[data-room=request] [name={name}]");
        if self.value(&css).await? == value {
            return Ok(());
        }
        if matches!(name, "redirect" | "address" | "page_address_space") {
            self.open_details("[data-room=request] form > details").await?;
        }
        if self.is_displayed(&css).await? { self.choose_at(&css, value).await } else { Ok(()) }
    }

    /// Chooses in a list that is there.
    pub(crate) async fn choose_at(&self, css: &str, value: &str) -> Tried<()> {
        if self.session.engine() == Engine::Chromium {
            // Its driver, told to click an option, tells the page of the choice before it makes it. Keys it gets right.
            let distance = "const list = document.querySelector(arguments[0]);
                return [...list.options].findIndex(option => option.value === arguments[1]) - list.selectedIndex;";
            let distance = self.session.eval(distance, &[json!(css), json!(value)]).await.map_err(said)?;
            let distance = distance.as_i64().unwrap_or_default();
            let key = char::from(if distance < 0 { Key::Up } else { Key::Down });
            for _ in 0..distance.abs() {
                self.with(css, async |list| list.send_keys(&key.to_string()).await).await?;
            }
        } else {
            if self.session.engine() == Engine::WebKit {
                // Its driver clicks an option without the list, so that the engine compares with the last choice that was
                // made by click, and tells the page nothing if it is the same. Another choice between makes it differ.
                self.click(&format!("{css} option:not(:checked):not([value='{value}'])")).await?;
            }
            self.click(&format!("{css} option[value='{value}']")).await?;
        }
        let now = self.value(css).await?;
        if now == value { Ok(()) } else { Err(format!("{css} is {now:?}, though {value:?} was chosen")) }
    }

    /// Selects what is in a field, and types over it.
    pub(crate) async fn type_into(&self, css: &str, text: &str) -> Tried<()> {
        if self.value(css).await? == text {
            return Ok(());
        }
        let select_all = format!("{}a{}", char::from(Key::Control), char::from(Key::Null));
        let keys = text.replace('\n', &char::from(Key::Enter).to_string());
        self.with(css, async |field| {
            field.click().await?;
            field.send_keys(&select_all).await?;
            field.send_keys(&char::from(Key::Backspace).to_string()).await?;
            if keys.is_empty() { Ok(()) } else { field.send_keys(&keys).await }
        })
        .await?;
        let now = self.value(css).await?;
        if now == text { Ok(()) } else { Err(format!("{css} holds {now:?} after {text:?} was typed")) }
    }
}
