//! CORS Lab in real browsers, used as a person uses it: by clicks and keys. Every lesson is taken from where it starts to
//! its goal by the way that it names itself; then the policy's file is edited as the README tells a beginner, and fixes
//! are applied by click. At every sending, what was predicted and what was observed must agree.
//!
//! An engine that is not installed is reported as ignored, with the line that installs it. `REQUIRE_BROWSERS`, a list such
//! as `chromium,firefox,webkit`, turns that into a failure.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use demo_backend::{
    Options, Running,
    page::{
        lab_request::LabRequest,
        lesson::{self, Ending, Lesson, Solution, SolutionStep},
    },
};
use end_to_end::{
    Engine, Installed, Message, Session,
    fantoccini::{Locator, elements::Element, error::CmdError, key::Key},
    run_in_each_engine,
};
use libtest_mimic::{Arguments, Failed};
use serde::Deserialize;
use serde_json::{Value, json};

/// Far longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

fn main() {
    run_in_each_engine(&Arguments::from_args(), "the_lab", run, vec![]);
}

fn run(engine: &Installed) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let policy = folder.path().join("cors.toml");
        fs::write(&policy, fs::read_to_string(project("demo-backend/cors.toml"))?)?;
        let demo = Running::start(&Options {
            api: "localhost:0".to_owned(),
            page: "localhost:0".to_owned(),
            attacker: "localhost:0".to_owned(),
            policy: Some(policy.clone()),
            announce: |_| {},
            on_exchange: |_| {},
        })?;
        let session = engine.start().await?;
        let outcome = Lab { session: &session, demo: &demo, policy }.walk().await;
        session.close().await?;
        match outcome {
            Ok(failures) if failures.is_empty() => Ok(()),
            Ok(failures) => Err(failures.join("\n").into()),
            Err(what) => Err(what.into()),
        }
    })
}

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("..")).join(path)
}

/// What went wrong, for people.
type Tried<T> = Result<T, String>;

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// What the page shows of one sending.
#[derive(Debug, Deserialize)]
struct Shown {
    predicted: Option<Ending>,
    observed: Option<Ending>,
    agree: Option<String>,
    said: String,
}

impl Shown {
    fn judge(&self, expected: Option<Ending>) -> Tried<()> {
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

/// How a policy that was applied was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    InForce,
    Refused,
}

// Lets the page notice what goes wrong in itself: WebKit's driver does not tell what is written to the console.
const WATCH: &str = r#"
    window.noticed = [];
    const notice = (what, text) => window.noticed.push(what + ": " + text);
    addEventListener("error", (event) => notice("an error", event.message));
    addEventListener("unhandledrejection", (event) => notice("a rejection that nobody handles", String(event.reason)));
    document.addEventListener("securitypolicyviolation", (event) => {
        notice("blocked by the page's own policy", event.violatedDirective + " " + event.blockedURI);
    });
    const error = console.error;
    console.error = (...values) => { notice("console.error", values.join(" ")); error.apply(console, values); };
"#;

/// How often a box is clicked that does not change.
const CLICKS: usize = 3;

const LISTS: [&str; 4] = ["allow_origins", "allow_methods", "allow_headers", "expose_headers"];

struct Lab<'a> {
    session: &'a Session,
    demo: &'a Running,
    policy: PathBuf,
}

impl Lab<'_> {
    /// All of it. Gives what failed, as far as the rest could still be tried.
    async fn walk(&self) -> Tried<Vec<String>> {
        self.session.set_window_size(1400, 1000).await.map_err(said)?;
        self.session.watch_console().await.map_err(said)?;
        self.session.goto(&self.demo.origins().page).await.map_err(said)?;
        self.find("html[data-ready=true]").await?;
        self.session.eval(WATCH, &[]).await.map_err(said)?;

        let mut failures = Vec::new();
        let outcome = self.follow_the_readme().await;
        self.note(&mut failures, "the README's first minutes", outcome).await;
        let outcome = self.apply_fixes().await;
        self.note(&mut failures, "the fixes", outcome).await;
        let lessons = self.lessons()?;
        assert!(lessons.len() > 10, "the lessons are read");
        for lesson in &lessons {
            let outcome = self.take(lesson).await;
            self.note(&mut failures, &lesson.id, outcome).await;
        }
        let done = self.count("[data-lesson][data-done=true]").await?;
        if failures.is_empty() && done != lessons.len() {
            failures.push(format!("{done} of {} lessons are marked as done", lessons.len()));
        }
        let noticed = self.session.eval("return window.noticed", &[]).await.map_err(said)?;
        for what in noticed.as_array().ok_or("the page was left, and with it what it noticed")? {
            failures.push(format!("the page noticed, unexplained: {what}"));
        }
        let messages = self.session.console().await.map_err(said)?;
        failures.extend(
            messages
                .iter()
                .filter(|message| !self.is_explained(message))
                .map(|message| format!("the console says, unexplained: {message:?}")),
        );
        Ok(failures)
    }

    /// Notes a failure, with a picture of the page if that can be had.
    async fn note(&self, failures: &mut Vec<String>, what: &str, outcome: Tried<()>) {
        let Err(why) = outcome else { return };
        let name = format!("lab-{}-{}.png", self.session.engine(), what.replace(' ', "-"));
        let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let seen = match self.session.screenshot().await {
            Ok(image) if fs::write(&picture, &image).is_ok() => format!(" (see {})", picture.display()),
            _ => String::new(),
        };
        failures.push(format!("{what}: {why}{seen}"));
    }

    /// Whether a message belongs to what the Lab is about: requests to the API, or a policy that was refused.
    fn is_explained(&self, message: &Message) -> bool {
        let origins = self.demo.origins();
        let Message { place, text } = message;
        let is_of_a_request = [&origins.api, &origins.attacker]
            .into_iter()
            .any(|origin| place.contains(origin.as_str()) || text.contains(origin.as_str()));
        // The lesson on redirects is led back to the page's own icon, which script may not read then.
        let is_the_icon = (place.ends_with("/favicon.svg") && text.contains("net::ERR_FAILED"))
            || (text.starts_with("Cross-Origin Request Blocked") && text.contains("/favicon.svg"));
        let is_a_refusal = place.ends_with("/policy") && text.contains("422");
        // Firefox tells of itself, too, and of what its driver does to a page that is still loading.
        let is_of_firefox = self.session.engine() == Engine::Firefox
            && (!text.contains(origins.page.as_str()) && !place.contains(origins.page.as_str())
                || text.starts_with("Layout was forced before the page was fully loaded"));
        is_of_a_request || is_the_icon || is_a_refusal || is_of_firefox
    }

    fn lessons(&self) -> Tried<Vec<Lesson>> {
        let text = fs::read_to_string(lesson::file()).map_err(said)?;
        lesson::read(&text, self.demo.origins()).map_err(said)
    }

    // What a reader does.

    /// One lesson, from its start to its goal.
    async fn take(&self, lesson: &Lesson) -> Tried<()> {
        let at = |step: String| move |why: String| format!("{step}: {why}");
        self.start(&lesson.id).await.map_err(at("start".to_owned()))?;
        if self.is_there("[data-action=send]:enabled").await? {
            return Err("before the question is answered, nothing can be sent".to_owned());
        }
        let answer = if lesson.answer { "yes" } else { "no" };
        self.click(&format!("[data-action=answer-{answer}]")).await.map_err(at("answer".to_owned()))?;
        self.send(Some(lesson.first)).await.map_err(at("the first sending".to_owned()))?;
        self.find(".because[data-right=true]").await.map_err(at("the answer".to_owned()))?;

        let Solution { policy, request, steps } = &lesson.solution;
        if steps.is_empty() {
            if let Some(policy) = policy {
                self.apply_accepted(&json!(policy)).await.map_err(at("the policy".to_owned()))?;
            }
            if let Some(request) = request {
                self.fill_request(&json!(request)).await.map_err(at("the request".to_owned()))?;
            }
            self.send(None).await.map_err(at("the last sending".to_owned()))?;
        } else {
            for (number, step) in steps.iter().enumerate() {
                self.step(step).await.map_err(at(format!("step {}, {step:?}", number + 1)))?;
            }
        }
        self.find("[data-field=goal][data-reached=true]").await.map_err(at("the goal".to_owned()))?;
        Ok(())
    }

    /// As the page offers it: the first by *Start*, each other by *Next*, or else from the list.
    async fn start(&self, id: &str) -> Tried<()> {
        let opened = format!("body[data-lesson='{id}']");
        let is_first = self.is_there("[data-action=continue]:not([hidden])").await?;
        for offer in ["[data-action=continue]:not([hidden])", "[data-action=next-lesson]"] {
            if self.is_there(offer).await? {
                self.click(offer).await?;
                if self.find(&opened).await.is_ok() {
                    return Ok(());
                }
                if is_first {
                    return Err(format!("{offer} should lead here"));
                }
            }
        }
        self.open("[data-part=list]").await?;
        self.click(&format!("[data-lesson='{id}'] [data-action=start-lesson]")).await?;
        self.find(&opened).await.map(drop)
    }

    async fn step(&self, step: &SolutionStep) -> Tried<()> {
        match step {
            SolutionStep::Refused { refused, setting } => {
                let before = self.generation().await?;
                let taken = self.apply(&json!(refused)).await?;
                if taken != Taken::Refused {
                    return Err("the policy should be refused".to_owned());
                }
                self.find(&format!("[data-problem='{setting}']")).await?;
                if self.generation().await? != before {
                    return Err("the policy before should stay in force".to_owned());
                }
                Ok(())
            }
            SolutionStep::Policy { policy } => self.apply_accepted(&json!(policy)).await,
            SolutionStep::Request { request } => self.fill_request(&json!(request)).await,
            SolutionStep::Send { send } => self.send(Some(*send)).await,
        }
    }

    async fn apply_accepted(&self, policy: &Value) -> Tried<()> {
        match self.apply(policy).await? {
            Taken::InForce => Ok(()),
            Taken::Refused => Err(format!("refused: {}", self.text("[data-room=policy] form").await?)),
        }
    }

    /// Types what differs from the policy, and presses *Apply*.
    async fn apply(&self, policy: &Value) -> Tried<Taken> {
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

    /// Changes what differs in the request's form.
    async fn fill_request(&self, request: &Value) -> Tried<()> {
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
        let cached = request["cached"].as_bool().unwrap_or_default();
        self.tick("[data-room=request] [name=cached]", cached).await
    }

    /// Sends, and checks what the page then shows.
    async fn send(&self, expected: Option<Ending>) -> Tried<()> {
        self.press("[data-action=send]").await?.judge(expected)
    }

    /// Presses a button that sends, and waits for the verdict.
    async fn press(&self, button: &str) -> Tried<Shown> {
        // What is shown of a sending is made anew for each; the run may be the same.
        let remember = "window.shownBefore = document.querySelector('[data-part=given]').firstChild;";
        self.session.eval(remember, &[]).await.map_err(said)?;
        self.find("[data-action=send]:enabled").await?;
        self.click(button).await?;
        let shown =
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
            };";
        let start = Instant::now();
        loop {
            let value = self.session.eval(shown, &[]).await.map_err(said)?;
            if !value.is_null() {
                return serde_json::from_value(value).map_err(said);
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("no verdict in time; {:?}", self.text("[data-room=verdict]").await?));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// What the README tells a beginner: blocked, one line in the file, allowed.
    async fn follow_the_readme(&self) -> Tried<()> {
        self.click("[name=source][value=file]").await?;
        self.find("[data-action=apply-policy][hidden]").await?;
        self.send(Some(Ending::Blocked)).await?;

        let text = fs::read_to_string(&self.policy).map_err(said)?;
        let edited = text
            .replace("# allow_origins =", "allow_origins =")
            .replace("http://localhost:3000", &self.demo.origins().page);
        assert_ne!(edited, text, "the shipped file has a line for allow_origins");
        let before = self.generation().await?;
        fs::write(&self.policy, &edited).map_err(said)?;
        self.find(&format!("[data-room=policy]:not([data-generation='{before}'])")).await?;
        self.send(Some(Ending::Allowed)).await?;

        // The page reports a save that is not a valid policy, and the previous policy stays in force.
        fs::write(&self.policy, "allow_origins = [\"null\"]\n").map_err(said)?;
        let problem = "[data-room=policy] [data-part=meaning] .problem";
        self.find(problem).await?;
        let told = self.text(problem).await?;
        if !told.contains("allow_origins[0] \"null\"") {
            return Err(format!("the page should say what is wrong with the file; it says {told:?}"));
        }
        self.send(Some(Ending::Allowed)).await
    }

    /// From a request that is blocked to one that is allowed, by nothing but *Apply this fix*.
    async fn apply_fixes(&self) -> Tried<()> {
        self.click("[name=source][value=form]").await?;
        self.find("[data-action=apply-policy]:not([hidden])").await?;
        self.click("[data-action=reset]").await?;
        self.wait_until("return location.hash === ''").await?;
        let request = json!({
            "method": "PUT",
            "path": "notes/1",
            "credentials": "include",
            "headers": [["x-request-id", "1"]],
            "body": {"type": "application/json", "text": "{\"text\": \"Fixed\"}"},
        });
        self.fill_request(&request).await?;
        let mut shown = self.press("[data-action=send]").await?;
        shown.judge(Some(Ending::Blocked))?;
        let mut fixes = 0;
        while shown.observed == Some(Ending::Blocked) {
            fixes += 1;
            if fixes > 6 {
                return Err(format!("after six fixes it is still blocked; the page says {:?}", shown.said));
            }
            self.click("[data-action=apply-fix]").await?;
            self.find("[data-action=send-again]").await?;
            shown = self.press("[data-action=send-again]").await?;
            shown.judge(None)?;
        }
        shown.judge(Some(Ending::Allowed))
    }

    // What hands do.

    async fn find(&self, css: &str) -> Tried<Element> {
        self.session.wait_for(css, PATIENCE).await.map_err(said)
    }

    /// Does something with what [`find`](Self::find) finds, and again if the page replaced it meanwhile.
    async fn with<T>(&self, css: &str, act: impl AsyncFn(Element) -> Result<T, CmdError>) -> Tried<T> {
        self.session.with(css, PATIENCE, act).await.map_err(said)
    }

    async fn click(&self, css: &str) -> Tried<()> {
        self.with(css, async |element| element.click().await).await
    }

    async fn count(&self, css: &str) -> Tried<usize> {
        self.session.find_all(Locator::Css(css)).await.map(|found| found.len()).map_err(said)
    }

    async fn is_there(&self, css: &str) -> Tried<bool> {
        self.count(css).await.map(|count| count > 0)
    }

    async fn text(&self, css: &str) -> Tried<String> {
        self.with(css, async |element| element.text().await).await
    }

    async fn attribute(&self, css: &str, name: &str) -> Tried<Option<String>> {
        self.with(css, async |element| element.attr(name).await).await
    }

    async fn is_displayed(&self, css: &str) -> Tried<bool> {
        self.with(css, async |element| element.is_displayed().await).await
    }

    async fn is_selected(&self, css: &str) -> Tried<bool> {
        self.with(css, async |element| element.is_selected().await).await
    }

    async fn generation(&self) -> Tried<String> {
        self.attribute("[data-room=policy]", "data-generation").await.map(Option::unwrap_or_default)
    }

    async fn wait_until(&self, script: &str) -> Tried<()> {
        let start = Instant::now();
        while self.session.eval(script, &[]).await.map_err(said)? != json!(true) {
            if start.elapsed() > PATIENCE {
                return Err(format!("waiting for {script:?}: not in time"));
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Opens a `<details>`, unless it is open.
    async fn open(&self, details: &str) -> Tried<()> {
        if !self.is_there(&format!("{details}[open]")).await? {
            self.click(&format!("{details} > summary")).await?;
            self.find(&format!("{details}[open]")).await?;
        }
        Ok(())
    }

    async fn tick(&self, css: &str, wanted: bool) -> Tried<()> {
        // What was above it may have grown meanwhile, so that the click went beside it; a person sees that, and clicks again.
        for _ in 0..CLICKS {
            if self.is_selected(css).await? == wanted {
                return Ok(());
            }
            if css.starts_with("[data-room=request]") {
                self.open("[data-room=request] form > details").await?;
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
            self.open("[data-room=request] form > details").await?;
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

    /// Chooses in a list of the request, likewise.
    async fn choose(&self, name: &str, value: &str) -> Tried<()> {
        let css = format!("[data-room=request] [name={name}]");
        if self.value(&css).await? == value {
            return Ok(());
        }
        if name == "redirect" {
            self.open("[data-room=request] form > details").await?;
        }
        if !self.is_displayed(&css).await? {
            return Ok(());
        }
        if self.session.engine() == Engine::Chromium {
            // Its driver, told to click an option, tells the page of the choice before it makes it. Keys it gets right.
            let distance = "const list = document.querySelector(arguments[0]);
                return [...list.options].findIndex(option => option.value === arguments[1]) - list.selectedIndex;";
            let distance = self.session.eval(distance, &[json!(css), json!(value)]).await.map_err(said)?;
            let distance = distance.as_i64().unwrap_or_default();
            let key = char::from(if distance < 0 { Key::Up } else { Key::Down });
            for _ in 0..distance.abs() {
                self.with(&css, async |list| list.send_keys(&key.to_string()).await).await?;
            }
        } else {
            if self.session.engine() == Engine::WebKit {
                // Its driver clicks an option without the list, so that the engine compares with the last choice that was
                // made by click, and tells the page nothing if it is the same. Another choice between makes it differ.
                self.click(&format!("{css} option:not(:checked):not([value='{value}'])")).await?;
            }
            self.click(&format!("{css} option[value='{value}']")).await?;
        }
        let now = self.value(&css).await?;
        if now == value { Ok(()) } else { Err(format!("{name} is {now:?}, though {value:?} was chosen")) }
    }

    async fn value(&self, css: &str) -> Tried<String> {
        self.with(css, async |field| field.prop("value").await.map(Option::unwrap_or_default)).await
    }

    /// Selects what is in a field, and types over it.
    async fn type_into(&self, css: &str, text: &str) -> Tried<()> {
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
