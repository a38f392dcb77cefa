//! An error that the reader brought, pasted as a person pastes it: what the page says about it, and that the same failure
//! happens here once it is sent, and not before.

use end_to_end::{Check, Engine, fantoccini::key::Key};
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{
    Tried,
    forms::Outcome,
    page::{Names, Page},
    same,
    stage::Stage,
};

type Trial = (&'static str, fn(&mut Stage) -> Tried<()>);

pub(crate) fn checks() -> Vec<Check<Stage>> {
    const TRIALS: [Trial; 7] = [
        ("paste::message", |stage| stage.play("paste-message", async |page| page.brings_message().await)),
        ("paste::response", |stage| stage.play("paste-response", async |page| page.brings(&RESPONSE).await)),
        ("paste::curl", |stage| stage.play("paste-curl", async |page| page.brings(&CURL).await)),
        ("paste::fetch", |stage| stage.play("paste-fetch", async |page| page.brings(&FETCH).await)),
        ("paste::refused", |stage| stage.play("paste-refused", async |page| page.refuses_pastes().await)),
        ("paste::keys", |stage| stage.play("paste-keys", async |page| page.pastes_by_keys().await)),
        ("paste::back", |stage| stage.play("paste-back", async |page| page.goes_back_from_paste().await)),
    ];
    TRIALS
        .into_iter()
        .map(|(name, run)| Check::new(name, move |stage: &mut Stage| run(stage).map_err(Failed::from)))
        .collect()
}

/// A paste, and what comes of it.
struct Brought {
    text: &'static str,
    /// A part of what the page says it is.
    title: &'static str,
    /// A cause that it names; none if the paste says nothing of that.
    cause: Option<&'static str>,
    certain: bool,
    /// What the console of the engine says about the same failure here: how the line begins, and how it goes on.
    console: Option<(&'static str, &'static str)>,
    /// The request as the form has it.
    request: (&'static str, &'static str),
}

const CHROMIUM: Brought = Brought {
    text: "Access to fetch at 'https://api.example/items' from origin 'https://app.example' has been blocked by CORS policy: \
           Request header field x-token is not allowed by Access-Control-Allow-Headers in preflight response.",
    title: "Chrome says:",
    cause: Some("headers-not-listed"),
    certain: false,
    console: Some((
        "Access to fetch at '{api}/s/{session}/hand/notes",
        "Request header field x-token is not allowed by Access-Control-Allow-Headers in preflight response.",
    )),
    request: ("GET", "x-token: ***"),
};

const FIREFOX: Brought = Brought {
    text: "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at \
           https://api.example/items. (Reason: CORS preflight response did not succeed). Status code: 405.",
    title: "Firefox says:",
    cause: Some("options-not-routed"),
    certain: false,
    console: Some((
        "Cross-Origin Request Blocked: The Same Origin Policy disallows reading the remote resource at {api}/s/{session}/hand/notes",
        "(Reason: CORS preflight response did not succeed). Status code: 405.",
    )),
    request: ("PUT", ""),
};

const WEBKIT: Brought = Brought {
    text: "Preflight response is not successful. Status code: 401",
    title: "Safari says:",
    cause: Some("authentication-in-front"),
    certain: false,
    console: None,
    request: ("PUT", ""),
};

const RESPONSE: Brought = Brought {
    text: "$ curl -i https://api.example/items -H 'Origin: https://app.example'\nHTTP/1.1 200 OK\n\
           Access-Control-Allow-Origin: https://app.example/\nSet-Cookie: sid=abcdef0123456789\nVary: Origin\n\n[]",
    title: "A response with the status 200.",
    cause: Some("not-an-origin"),
    certain: true,
    console: None,
    request: ("GET", ""),
};

const CURL: Brought = Brought {
    text: "curl 'https://api.example/items/1' -X 'DELETE' -H 'Origin: https://app.example' -H 'X-Request-Id: 7' \
           -H 'Authorization: Bearer abcdef0123456789'",
    title: "A request: DELETE https://api.example/items/1",
    cause: None,
    certain: false,
    console: None,
    request: ("DELETE", "X-Request-Id: 7\nAuthorization: ***"),
};

const FETCH: Brought = Brought {
    text: "fetch(\"https://api.example/items\", {\n  \"headers\": { \"content-type\": \"application/json\" },\n  \
           \"referrer\": \"https://app.example/\",\n  \"body\": \"{}\",\n  \"method\": \"POST\",\n  \"mode\": \"cors\"\n});",
    title: "A request: POST https://api.example/items",
    cause: None,
    certain: false,
    console: None,
    request: ("POST", ""),
};

const FIELD: &str = "[name=paste]";
const READ: &str = "[data-room=paste][data-read]";

impl Page {
    async fn brings_message(&self) -> Tried<()> {
        let brought = match self.session.engine() {
            Engine::Chromium => &CHROMIUM,
            Engine::Firefox => &FIREFOX,
            Engine::WebKit => &WEBKIT,
        };
        self.brings(brought).await
    }

    async fn brings(&self, brought: &Brought) -> Tried<()> {
        self.paste_error(brought.text).await?;
        self.click("[data-action=read-paste]").await?;
        self.find(READ).await?;
        let title = self.text("[data-field=import-title]").await?;
        if !title.starts_with(brought.title) {
            return Err(format!("the title should begin with {:?}: {title:?}", brought.title));
        }
        if let Some(cause) = brought.cause {
            self.find(&format!("[data-room=paste] [data-cause~={cause}]")).await?;
            let certain = self.attribute("[data-room=paste] [data-certain]", "data-certain").await?;
            same("certain", &certain, &Some(brought.certain.to_string()))?;
        }
        // What was read is in the forms, and nothing was sent.
        let (method, headers) = brought.request;
        same("the method", &self.value("[name=method]").await?, &method.to_owned())?;
        same("the headers", &self.value("[name=headers]").await?, &headers.to_owned())?;
        same(
            "who sees secrets",
            &self.eval("return document.body.innerText.includes('abcdef0123456789')").await?,
            &json!(false),
        )?;
        let names: Names = self.names().await?;
        same("what was sent", &self.logged(&names.session, |_, _| true)?.len(), &0)?;
        same(
            "the address",
            &self.eval("return decodeURIComponent(location.hash).includes('\"server\":\"hand\"')").await?,
            &json!(true),
        )?;

        let shown = self.press("[data-action=send-imported]").await?;
        shown.judge(Some(Outcome::Blocked))?;
        same("whether something was sent", &self.logged(&names.session, |_, _| true)?.is_empty(), &false)?;
        if let Some((start, rest)) = brought.console {
            self.is_in_console(&names.fill(start)).await?;
            let written = self.text("[data-field=console]").await?;
            if !written.ends_with(rest) {
                return Err(format!("the console should say {rest:?}: {written:?}"));
            }
        }
        Ok(())
    }

    /// Opens the panel, and pastes by the keyboard what is on the clipboard.
    async fn paste_error(&self, text: &str) -> Tried<()> {
        self.click("[data-action=paste]").await?;
        self.find(FIELD).await?;
        self.copy(text).await?;
        self.click(FIELD).await?;
        let paste = format!("{}v{}", char::from(Key::Control), char::from(Key::Null));
        self.with(FIELD, async |field| field.send_keys(&paste).await).await?;
        let pasted = self.value(FIELD).await?;
        same("the text", &pasted, &text.to_owned())
    }

    /// Puts a text on the clipboard, from a field of our own.
    async fn copy(&self, text: &str) -> Tried<()> {
        let script = "const field = document.createElement('textarea');
             field.id = 'copy';
             field.value = arguments[0];
             field.style.cssText = 'position: fixed; top: 0; left: 0; z-index: 9';
             document.body.append(field);";
        self.session.eval(script, &[json!(text)]).await.map_err(crate::said)?;
        self.click("#copy").await?;
        let keys = format!("{}ac{}", char::from(Key::Control), char::from(Key::Null));
        self.with("#copy", async |field| field.send_keys(&keys).await).await?;
        self.eval("document.querySelector('#copy').remove()").await.map(drop)
    }

    /// What can't be read is said, and neither the text nor anything else is lost.
    async fn refuses_pastes(&self) -> Tried<()> {
        self.fill_request(&json!({ "method": "PUT", "path": "notes/1" })).await?;
        self.wait_for("return location.hash !== ''").await?;
        let before = (self.forms().await?, self.eval("return location.href").await?);
        self.click("[data-action=paste]").await?;
        self.find(FIELD).await?;
        for (text, said) in [
            ("", "Nothing was pasted yet."),
            ("The cat sat on the mat.", "is nothing that is read here"),
            ("curl 'https://api.example/", "without a closing one"),
            ("<!doctype html><title>Sign in</title>", "Paste a curl command"),
        ] {
            self.with(FIELD, async |field| field.clear().await).await?;
            if !text.is_empty() {
                self.with(FIELD, async |field| field.send_keys(text).await).await?;
            }
            self.click("[data-action=read-paste]").await?;
            let script = format!(
                "return document.querySelector('#paste-problem').textContent.includes({})",
                json!(said)
            );
            self.wait_for(&script).await?;
            same("the text", &self.value(FIELD).await?, &text.to_owned())?;
            same("what is read", &self.is_there(READ).await?, &false)?;
            same("the rest", &(self.forms().await?, self.eval("return location.href").await?), &before)?;
        }
        // A text that is too long is not even sent to the page's own server.
        self.eval("document.querySelector('[name=paste]').value = 'a'.repeat((1 << 20) + 1)").await?;
        self.click("[data-action=read-paste]").await?;
        self.wait_for(
            "return document.querySelector('#paste-problem').textContent.includes('longer than 1 MB')",
        )
        .await?;
        self.click("[data-action=close-paste]").await?;
        same("the panel", &self.is_there(FIELD).await?, &false)
    }

    /// By the keyboard alone: the button, Ctrl+Enter, Escape.
    async fn pastes_by_keys(&self) -> Tried<()> {
        self.eval("document.querySelector('[data-action=paste]').focus()").await?;
        self.type_keys(&char::from(Key::Enter).to_string()).await?;
        self.find(FIELD).await?;
        self.wait_for("return document.activeElement?.name === 'paste'").await?;
        self.type_keys("Preflight response is not successful. Status code: 404").await?;
        let keys = [Key::Control, Key::Enter, Key::Null].map(char::from);
        self.type_keys(&String::from_iter(keys)).await?;
        self.find(READ).await?;
        self.wait_for("return document.activeElement?.dataset.field === 'import-title'").await?;
        let names = self.names().await?;
        same("what was sent", &self.logged(&names.session, |_, _| true)?.len(), &0)?;
        self.type_keys(&char::from(Key::Escape).to_string()).await?;
        self.wait_for("return document.activeElement?.dataset.action === 'paste'").await?;
        same("the panel", &self.is_there(FIELD).await?, &false)?;
        // It opens again as it was left.
        self.type_keys(&char::from(Key::Enter).to_string()).await?;
        self.find(READ).await.map(drop)
    }

    /// A lesson that was under way, or whatever else, is one step back.
    async fn goes_back_from_paste(&self) -> Tried<()> {
        self.fill_request(&json!({ "method": "PATCH", "path": "notes/1" })).await?;
        self.wait_for("return location.hash !== ''").await?;
        let before: Value = self.forms().await?;
        self.paste_error(RESPONSE.text).await?;
        self.click("[data-action=read-paste]").await?;
        self.find(READ).await?;
        self.wait_for("return document.querySelector('[name=method]').value === 'GET'").await?;
        self.eval("history.back()").await?;
        self.wait_for("return document.querySelector('[name=method]').value === 'PATCH'").await?;
        same("the forms", &self.forms().await?, &before)
    }
}
