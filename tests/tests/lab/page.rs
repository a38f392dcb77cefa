//! The Lab's page in a browser: how it is entered and left, and what a person's hands and eyes do there.

use std::{
    cell::RefCell,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use demo_backend::{Options, Output, Running};
use end_to_end::{
    Engine, Installed, Message, Session,
    fantoccini::{Locator, elements::Element, error::CmdError, key::Key},
};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::{Tried, said, view};

/// Far longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

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

pub(crate) struct Page {
    pub(crate) session: Session,
    pub(crate) demo: Running,
    /// The file that governs the default session.
    pub(crate) policy: PathBuf,
    _folder: TempDir,
    /// What the engine wrote to its console since the page was entered.
    console: RefCell<Vec<Message>>,
}

impl Page {
    pub(crate) async fn start(installed: &Installed) -> Tried<Self> {
        let folder = tempfile::tempdir().map_err(said)?;
        let policy = folder.path().join("cors.toml");
        let demo = Running::start(&Options {
            api: "localhost:0".to_owned(),
            page: "localhost:0".to_owned(),
            attacker: "localhost:0".to_owned(),
            policy: Some(shipped_policy(&policy)?),
            output: Output::silent(),
        })
        .map_err(said)?;
        let session = installed.start().await.map_err(said)?;
        session.watch_console().await.map_err(said)?;
        let page = Self { session, demo, policy, _folder: folder, console: RefCell::default() };
        page.resize(view::WIDE).await?;
        Ok(page)
    }

    pub(crate) async fn close(self) -> io::Result<()> {
        self.session.close().await
    }

    /// Opens the Lab as somebody who was never there.
    pub(crate) async fn enter(&self) -> Tried<()> {
        shipped_policy(&self.policy)?;
        // Of the page's origin, and without its scripts.
        self.session.goto(&format!("{}/favicon.svg", self.demo.origins().page)).await.map_err(said)?;
        self.session.eval("localStorage.clear(); sessionStorage.clear()", &[]).await.map_err(said)?;
        self.hear().await?;
        self.console.borrow_mut().clear();
        self.go(&self.demo.origins().page).await
    }

    /// Opens one of the Lab's addresses in a document of its own, as from a bookmark.
    pub(crate) async fn open(&self, address: &str) -> Tried<()> {
        self.check_noticed().await?;
        self.session.goto("about:blank").await.map_err(said)?;
        self.go(address).await
    }

    pub(crate) async fn reload(&self) -> Tried<()> {
        self.check_noticed().await?;
        self.session.refresh().await.map_err(said)?;
        self.is_ready().await
    }

    async fn go(&self, address: &str) -> Tried<()> {
        self.session.goto(address).await.map_err(said)?;
        self.is_ready().await
    }

    async fn is_ready(&self) -> Tried<()> {
        self.find("html[data-ready=true]").await?;
        self.session.eval(WATCH, &[]).await.map(drop).map_err(said)
    }

    /// Whether all that was noticed and written to the console meanwhile is explained.
    pub(crate) async fn leave(&self) -> Tried<()> {
        self.check_noticed().await?;
        self.hear().await?;
        let console = self.console.borrow();
        let unexplained: Vec<_> = console.iter().filter(|message| !self.is_explained(message)).collect();
        if unexplained.is_empty() {
            Ok(())
        } else {
            Err(format!("the console says, unexplained: {unexplained:?}"))
        }
    }

    async fn check_noticed(&self) -> Tried<()> {
        let noticed = self.session.eval("return window.noticed", &[]).await.map_err(said)?;
        match noticed.as_array() {
            Some(noticed) if noticed.is_empty() => Ok(()),
            Some(noticed) => Err(format!("the page noticed, unexplained: {noticed:?}")),
            None => Err("the page was left, and with it what it noticed".to_owned()),
        }
    }

    async fn hear(&self) -> Tried<()> {
        let messages = self.session.console().await.map_err(said)?;
        self.console.borrow_mut().extend(messages);
        Ok(())
    }

    /// Whether the engine writes a line to its console that begins so. What it wrote instead, if not in time.
    pub(crate) async fn is_in_console(&self, line: &str) -> Tried<()> {
        let start = Instant::now();
        loop {
            self.hear().await?;
            if self.console.borrow().iter().any(|message| message.text.starts_with(line)) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE / 6 {
                return Err(format!(
                    "nothing in the console begins with {line:?}: {:?}",
                    self.console.borrow()
                ));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Whether a message belongs to what the Lab is about, requests to the API. Calls to the page's own server leave none: the
    /// reader is told to look at the console.
    fn is_explained(&self, message: &Message) -> bool {
        let origins = self.demo.origins();
        let Message { place, text } = message;
        let api = [Some(&origins.api), origins.api_alias.as_ref(), Some(&origins.attacker)];
        let is_of_a_request = api
            .into_iter()
            .flatten()
            .any(|origin| place.contains(origin.as_str()) || text.contains(origin.as_str()));
        // The lesson on redirects is led back to the page's own icon, which script may not read then.
        let is_the_icon = (place.ends_with("/favicon.svg") && text.contains("net::ERR_FAILED"))
            || (text.starts_with("Cross-Origin Request Blocked") && text.contains("/favicon.svg"));
        // What the page's server forwards to the API is of a request as well.
        let is_forwarded = place.contains(&format!("{}/s/", origins.page)) && place.contains("/api/");
        // Firefox tells of itself, too, and of what its driver does to a page that is still loading.
        let is_of_firefox = self.session.engine() == Engine::Firefox
            && (!text.contains(origins.page.as_str()) && !place.contains(origins.page.as_str())
                || text.starts_with("Layout was forced before the page was fully loaded"));
        is_of_a_request || is_forwarded || is_the_icon || is_of_firefox
    }

    /// What placeholders in lessons and cases stand for.
    pub(crate) async fn names(&self) -> Tried<Names> {
        let origins = self.demo.origins();
        let alias = origins.api_alias.as_ref().unwrap_or(&origins.api);
        let named = [
            ("page", &origins.page),
            ("api", &origins.api),
            ("alias", alias),
            ("attacker", &origins.attacker),
        ];
        let named = named.map(|(name, origin)| (name, origin.clone()));
        Ok(Names { origins: named, session: self.lab_session().await? })
    }

    /// The id of the Lab's session, which is part of every URL that it sends to.
    pub(crate) async fn lab_session(&self) -> Tried<String> {
        let code = self.eval("return document.querySelector('[data-field=curl]').textContent").await?;
        let code = code.as_str().unwrap_or_default();
        let id =
            code.split_once("/s/").and_then(|(_, rest)| rest.split_once('/')).map(|(id, _)| id.to_owned());
        id.ok_or_else(|| format!("no session in {code:?}"))
    }

    /// The policy in force at the server, as JSON.
    pub(crate) async fn policy_in_force(&self) -> Tried<Value> {
        let id = self.lab_session().await?;
        let session = self.demo.sessions().find(&id).ok_or("the server does not know the session")?;
        serde_json::to_value(session.policy_in_force().config).map_err(said)
    }

    // What eyes do.

    pub(crate) async fn eval(&self, script: &str) -> Tried<Value> {
        self.session.eval(script, &[]).await.map_err(said)
    }

    pub(crate) async fn find(&self, css: &str) -> Tried<Element> {
        self.session.wait_for(css, PATIENCE).await.map_err(said)
    }

    pub(crate) async fn count(&self, css: &str) -> Tried<usize> {
        self.session.find_all(Locator::Css(css)).await.map(|found| found.len()).map_err(said)
    }

    pub(crate) async fn is_there(&self, css: &str) -> Tried<bool> {
        self.count(css).await.map(|count| count > 0)
    }

    pub(crate) async fn text(&self, css: &str) -> Tried<String> {
        self.with(css, async |element| element.text().await).await
    }

    pub(crate) async fn attribute(&self, css: &str, name: &str) -> Tried<Option<String>> {
        self.with(css, async |element| element.attr(name).await).await
    }

    pub(crate) async fn is_displayed(&self, css: &str) -> Tried<bool> {
        self.with(css, async |element| element.is_displayed().await).await
    }

    pub(crate) async fn is_selected(&self, css: &str) -> Tried<bool> {
        self.with(css, async |element| element.is_selected().await).await
    }

    pub(crate) async fn value(&self, css: &str) -> Tried<String> {
        self.with(css, async |field| field.prop("value").await.map(Option::unwrap_or_default)).await
    }

    /// What a script returns, once that is neither null nor false.
    pub(crate) async fn wait_for(&self, script: &str) -> Tried<Value> {
        let start = Instant::now();
        loop {
            let value = self.eval(script).await?;
            if !matches!(value, Value::Null | Value::Bool(false)) {
                return Ok(value);
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("waiting for {script:?}: not in time"));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    // What hands do.

    /// Does something with what [`find`](Self::find) finds, and again if the page replaced it meanwhile.
    pub(crate) async fn with<T>(
        &self,
        css: &str,
        act: impl AsyncFn(Element) -> Result<T, CmdError>,
    ) -> Tried<T> {
        self.session.with(css, PATIENCE, act).await.map_err(said)
    }

    pub(crate) async fn click(&self, css: &str) -> Tried<()> {
        self.with(css, async |element| element.click().await).await
    }

    /// Opens a `<details>`, unless it is open.
    pub(crate) async fn open_details(&self, details: &str) -> Tried<()> {
        if !self.is_there(&format!("{details}[open]")).await? {
            self.click(&format!("{details} > summary")).await?;
            self.find(&format!("{details}[open]")).await?;
        }
        Ok(())
    }

    /// Presses a button that copies, and pastes into a field of our own.
    pub(crate) async fn copied(&self, button: &str) -> Tried<String> {
        // It says only for a moment that it has copied.
        let watch = "const button = document.querySelector(arguments[0]);
            window.hasCopied = false;
            const watch = () => { window.hasCopied ||= button.dataset.copied === 'true'; };
            new MutationObserver(watch).observe(button, { attributes: true });
            document.querySelector('#paste')?.remove();";
        self.session.eval(watch, &[json!(button)]).await.map_err(said)?;
        self.click(button).await?;
        self.wait_for("return window.hasCopied").await?;
        self.eval(
            "const field = document.createElement('textarea');
             field.id = 'paste';
             field.style.cssText = 'position: fixed; top: 0; left: 0; z-index: 9';
             document.body.append(field);",
        )
        .await?;
        let paste = format!("{}v{}", char::from(Key::Control), char::from(Key::Null));
        self.click("#paste").await?;
        self.with("#paste", async |field| field.send_keys(&paste).await).await?;
        self.wait_for("return document.querySelector('#paste').value !== ''").await?;
        let pasted = self.value("#paste").await?;
        self.eval("document.querySelector('#paste').remove()").await?;
        Ok(pasted)
    }
}

/// What the placeholders of texts stand for.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    origins: [(&'static str, String); 4],
    pub(crate) session: String,
}

impl Names {
    pub(crate) fn origin(&self, name: &str) -> &str {
        let named = self.origins.iter().find(|(known, _)| *known == name);
        named.map_or("", |(_, origin)| origin.as_str())
    }

    /// The text with origins in place of `{page}` and the like, their hosts in place of `{page host}`, and `{session}`.
    pub(crate) fn fill(&self, text: &str) -> String {
        let text = text.replace("{session}", &self.session);
        self.origins.iter().fold(text, |text, (name, origin)| {
            let host = origin.trim_start_matches("http://");
            text.replace(&format!("{{{name}}}"), origin).replace(&format!("{{{name} host}}"), host)
        })
    }
}

/// Writes the policy that the project ships, which allows nothing, and gives its path.
fn shipped_policy(path: &Path) -> Tried<PathBuf> {
    let shipped = fs::read_to_string(project("demo-backend/cors.toml")).map_err(said)?;
    if fs::read_to_string(path).ok().as_ref() != Some(&shipped) {
        fs::write(path, shipped).map_err(said)?;
    }
    Ok(path.to_owned())
}

/// A file of the project.
pub(crate) fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("..")).join(path)
}
