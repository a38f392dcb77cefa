//! What people paste and type into the fields: it is understood, or refused in words that are not mangled, and what is said of
//! requests that no browser sends as they are is true.

use end_to_end::Check;
use libtest_mimic::Failed;
use serde_json::{Value, json};

use crate::{Tried, forms::Outcome, page::Page, said, stage::Stage};

type Trial = (&'static str, fn(&mut Stage) -> Tried<()>);

pub(crate) fn checks() -> Vec<Check<Stage>> {
    const TRIALS: [Trial; 7] = [
        ("fields::pasted", |stage| stage.play("pasted", async |page| page.pastes().await)),
        ("fields::max_age", |stage| stage.play("max-age", async |page| page.types_max_ages().await)),
        ("fields::not_predicted", |stage| {
            stage.play("not-predicted", async |page| page.sends_unpredicted().await)
        }),
        ("fields::dropped", |stage| stage.play("dropped", async |page| page.sets_forbidden_headers().await)),
        ("fields::threw", |stage| stage.play("threw", async |page| page.makes_calls_that_throw().await)),
        ("server_stops", |stage| stage.play("server-stops", async |page| page.loses_its_server().await)),
        ("words_stay_whole", |stage| stage.play("words", async |page| page.becomes_narrow().await)),
    ];
    TRIALS
        .into_iter()
        .map(|(name, run)| Check::new(name, move |stage: &mut Stage| run(stage).map_err(Failed::from)))
        .collect()
}

/// A field, what is pasted into it, the policy's state, what is said there, and what the button puts in the field, if
/// there is one.
type Paste<'a> = (&'a str, &'a str, &'a str, &'a str, Option<&'a str>);

const PASTES: &[Paste<'_>] = &[
    ("allow_origins", "https://*", "refused", "https://*: a \"*\" can only stand for", None),
    (
        "allow_origins",
        "https://exa*mple.com",
        "refused",
        "https://exa*mple.com: the \"*\" is part of the name",
        None,
    ),
    ("allow_origins", "http://localhost:2030*", "refused", "write \":*\" if you mean every port", None),
    ("allow_origins", "Access-Control-Allow-Origin: *", "refused", "this is a whole line", None),
    (
        "allow_origins",
        "\"http://localhost:3000\"",
        "refused",
        "\"http://localhost:3000\": quotation marks",
        Some("http://localhost:3000"),
    ),
    (
        "allow_origins",
        "https://me:secret@a.example/x",
        "refused",
        "https://***@a.example/x: ",
        Some("https://a.example"),
    ),
    (
        "allow_origins",
        "https://a.example, https://b.example",
        "refused",
        "more than one origin",
        Some("https://a.example\nhttps://b.example"),
    ),
    ("allow_methods", "PUT,DELETE", "refused", "more than one name", Some("PUT\nDELETE")),
    ("allow_headers", "Content-Type, X-Foo", "refused", "more than one name", Some("content-type\nx-foo")),
];

impl Page {
    async fn pastes(&self) -> Tried<()> {
        for &(name, text, state, problem, button) in PASTES {
            self.apply_accepted(&json!({ "allow_origins": ["https://page.example"] })).await?;
            self.paste(name, text).await?;
            self.find(&format!("[data-part=status][data-state={state}]"))
                .await
                .map_err(|_| format!("{text}: not {state}"))?;
            let shown = self.text(&format!("[data-problems={name}] [data-problem]")).await?;
            if !shown.contains(problem) {
                return Err(format!("{text}: it should say {problem:?}, and says {shown:?}"));
            }
            let press = format!("[data-problems={name}] button");
            if self.is_there(&press).await? != button.is_some() {
                return Err(format!("{text}: the button should be {button:?}; it says {shown:?}"));
            }
            if let Some(wanted) = button {
                self.click(&press).await?;
                self.find("[data-part=status][data-state=force]")
                    .await
                    .map_err(|_| format!("{text}: not in force"))?;
                let value = self.value(&format!("[name={name}]")).await?;
                if value.to_lowercase() != wanted.to_lowercase() {
                    return Err(format!("{text}: the button writes {value:?} instead of {wanted:?}"));
                }
            }
        }
        // A whole policy goes where it belongs.
        let toml = "allow_origins = [\n  \"https://a.example\", # ours\n]\nallow_methods = [\"PUT\"]\nmax_age = 600\n";
        self.paste("allow_headers", toml).await?;
        self.wait_for("return document.querySelector('[name=allow_headers]').value === ''").await?;
        self.find("[data-part=status][data-state=force]").await?;
        let in_force = self.policy_in_force().await?;
        let expected = json!([["https://a.example"], ["PUT"], 600]);
        let got = json!([in_force["allow_origins"], in_force["allow_methods"], in_force["max_age"]]);
        if got == expected {
            Ok(())
        } else {
            Err(format!("the pasted policy should be in force: {in_force}"))
        }
    }

    /// As a paste does: all at once.
    async fn paste(&self, name: &str, text: &str) -> Tried<()> {
        let script = "const field = document.querySelector(`[data-room=policy] [name=${arguments[0]}]`);
            field.focus();
            field.value = arguments[1];
            field.dispatchEvent(new InputEvent('input', { bubbles: true, inputType: 'insertFromPaste' }));
            document.querySelector('[data-action=apply-policy]').click();";
        self.session.eval(script, &[json!(name), json!(text)]).await.map(drop).map_err(said)
    }

    async fn types_max_ages(&self) -> Tried<()> {
        let policy = json!({ "allow_origins": ["https://a.example"] });
        self.apply_accepted(&policy).await?;
        for (text, is_valid) in [
            ("-1", false),
            ("1.5", false),
            ("99999999999999999999", false),
            ("abc", false),
            ("1h", false),
            ("86401", false),
            ("86400", true),
            ("0", true),
            ("", true),
        ] {
            self.paste("max_age", text).await?;
            let state = if is_valid { "force" } else { "refused" };
            self.find(&format!("[data-part=status][data-state={state}]"))
                .await
                .map_err(|_| format!("max_age {text:?} should be {state}"))?;
            let problem = "[data-problems=max_age] [data-problem]";
            if self.is_there(problem).await? == is_valid {
                return Err(format!("max_age {text:?}: the problem should stand at its field"));
            }
        }
        Ok(())
    }

    async fn sends_unpredicted(&self) -> Tried<()> {
        let page = self.demo.origins().page.clone();
        self.apply_accepted(&json!({ "allow_origins": [page] })).await?;
        let long = "x".repeat(201);
        for (path, why, effect) in [
            ("../../control/config", "lead to another path", "Not known here"),
            ("../../../api/notes", "lead to another path", "Not known here"),
            ("n\u{f6}tes", "only paths of up to 200 letters", "responded with 404"),
            (&*long, "only paths of up to 200 letters", "responded with 404"),
        ] {
            self.fill_request(&json!({ "path": path })).await?;
            let hint = format!(
                "return document.querySelector('[data-part=reasons]').textContent.includes({}) && document.querySelector('[data-field=predicted]').dataset.verdict === undefined",
                json!("There is no prediction: the")
            );
            self.wait_for(&hint)
                .await
                .map_err(|_| format!("{path}: it should say why there is no prediction"))?;
            self.press("[data-action=send]").await?;
            let reasons = self.text("[data-part=reasons]").await?;
            let effects = self.text("[data-field=effects]").await?;
            if !reasons.contains(why) || !effects.contains(effect) {
                return Err(format!("{path}: it should say {why:?} and {effect:?}: {reasons:?} {effects:?}"));
            }
        }
        Ok(())
    }

    async fn sets_forbidden_headers(&self) -> Tried<()> {
        let page = self.demo.origins().page.clone();
        self.apply_accepted(&json!({ "allow_origins": [page] })).await?;
        for (request, names, outcome) in [
            (
                json!({ "headers": [["Origin", "https://a.example"], ["Cookie", "a=b"], ["Host", "a.example"]] }),
                vec!["Origin", "Cookie", "Host"],
                Outcome::Readable,
            ),
            (json!({ "headers": [["Sec-Fetch-Site", "none"]] }), vec!["Sec-Fetch-Site"], Outcome::Readable),
            (json!({ "mode": "no-cors", "headers": [["x-a", "1"]] }), vec!["x-a"], Outcome::Opaque),
            (json!({ "headers": [["accept", "text/plain"]] }), vec![], Outcome::Readable),
        ] {
            self.fill_request(&request).await?;
            self.send(Some(outcome)).await?;
            let told = self.text("[data-part=reasons]").await?;
            for name in &names {
                if !told.contains(&format!("The browser left out {name}")) {
                    return Err(format!("{request}: {name} is left out, and it should say so: {told:?}"));
                }
            }
            if names.is_empty() && told.contains("left out") {
                return Err(format!("{request}: nothing is left out: {told:?}"));
            }
        }
        Ok(())
    }

    async fn makes_calls_that_throw(&self) -> Tried<()> {
        let page = self.demo.origins().page.clone();
        self.apply_accepted(
            &json!({ "allow_origins": [page], "allow_headers": ["*"], "allow_methods": ["*"] }),
        )
        .await?;
        let requests: [Value; 4] = [
            json!({ "headers": [["x-a", "5 \u{20ac}"]] }),
            json!({ "kind": "xhr", "headers": [["x-a", "\u{43f}"]] }),
            json!({ "method": "CONNECT" }),
            json!({ "headers": [["x y", "1"]] }),
        ];
        for request in requests {
            self.fill_request(&request).await?;
            self.send(Some(Outcome::Blocked)).await?;
            let given = self.text("[data-part=given]").await?;
            for wanted in ["The message of the exception is the reason", "the request was not sent"] {
                if !given.contains(wanted) {
                    return Err(format!("{request}: it should say {wanted:?}: {given:?}"));
                }
            }
        }
        Ok(())
    }

    /// As far as the page can tell, the servers are gone: nothing of what happened before is left to be taken for news.
    async fn loses_its_server(&self) -> Tried<()> {
        self.send(Some(Outcome::Blocked)).await?;
        self.eval(
            "window.realFetch = window.fetch;
             window.fetch = () => Promise.reject(new TypeError('Failed to fetch'));",
        )
        .await?;
        self.click("[data-action=send]").await?;
        self.wait_for(
            "return document.querySelector('[data-field=observed]').textContent.includes('not known')",
        )
        .await?;
        self.find("#server-notice:not([hidden])").await?;
        let told = self.text("[data-room=verdict]").await?;
        if told.contains("sending") || !told.contains("The Lab’s server stopped responding") {
            return Err(format!("it should say that the server stopped: {told:?}"));
        }
        if self.is_there("[data-part=diagram] [data-message]").await? {
            return Err("a diagram is left of what happened before".to_owned());
        }
        self.eval("window.fetch = window.realFetch;").await?;
        self.find("#server-notice[hidden]").await?;
        self.find("[data-field=predicted][data-verdict=blocked]").await?;
        self.send(Some(Outcome::Blocked)).await
    }

    /// On the narrowest screens the words of the outcomes are not broken.
    async fn becomes_narrow(&self) -> Tried<()> {
        let broken = "return [...document.querySelectorAll('.verdict-box:not([hidden]) .word')].flatMap(word => {
                const text = [...word.childNodes].find(node => node.nodeType === Node.TEXT_NODE && node.data.trim() !== '');
                if (text === undefined) return [];
                const range = document.createRange();
                range.selectNodeContents(text);
                const box = word.parentElement.getBoundingClientRect();
                const [first, ...more] = range.getClientRects();
                return more.length > 0 || first.right > box.right + 1 ? [text.data] : [];
            });";
        let mut result = Ok(());
        for lesson in [false, true] {
            if lesson {
                self.click("[data-action=continue]").await?;
                self.click("[data-action=answer-no]").await?;
            }
            self.press("[data-action=send]").await?;
            for width in [320, 360, 420, 600] {
                self.session.set_window_size(width, 800).await.map_err(said)?;
                let words = self.eval(broken).await?;
                if words != json!([]) {
                    result = Err(format!("at {width} px, lesson {lesson}: {words} is broken"));
                }
            }
            self.session.set_window_size(1800, 1000).await.map_err(said)?;
        }
        result
    }
}
