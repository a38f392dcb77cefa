//! What an engine writes to its console, which each driver reports in its own way. No message is judged here.

use std::io;

use fantoccini::{error::CmdError, wd::WebDriverCompatibleCommand};
use http_1::Method;
use serde_json::{Value, json};
use tokio::task;
use url::{ParseError, Url};

use crate::{Engine, Installed, Session, driver::Unattended};

/// A command that only one driver knows.
#[derive(Debug)]
struct Vendor {
    path: &'static str,
    body: Value,
}

impl WebDriverCompatibleCommand for Vendor {
    fn endpoint(&self, base_url: &Url, session_id: Option<&str>) -> Result<Url, ParseError> {
        base_url.join(&format!("session/{}/{}", session_id.unwrap_or_default(), self.path))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}

/// What an engine wrote to its console.
#[derive(Clone, Debug)]
pub struct Message {
    /// The URL that the engine gives with it, of the page or of what could not be loaded; empty if it gives none.
    pub place: String,
    /// The message itself.
    pub text: String,
}

impl Message {
    /// `http://localhost/top 1:20 message`, or with a dash instead of the position if the engine doesn't know it.
    fn of_chromium(line: &str) -> Self {
        let (place, rest) = line.split_once(' ').unwrap_or_default();
        let text = match rest.split_once(' ') {
            Some((position, text))
                if position.bytes().all(|byte| byte.is_ascii_digit() || b":-".contains(&byte)) =>
            {
                text
            }
            _ => rest,
        };
        Self { place: place.to_owned(), text: text.to_owned() }
    }
}

/// Keeps all messages in Firefox's window, because Firefox itself keeps only the last 250.
const WATCH: &str = "window.consoleWatch = {
    lines: [],
    observe(message) {
        const isOfScript = message instanceof Ci.nsIScriptError;
        const text = isOfScript ? message.errorMessage : message.message;
        this.lines.push({ place: isOfScript ? message.sourceName : '', text });
    },
};
Services.console.registerListener(window.consoleWatch);";

impl Session {
    /// Starts keeping what the engine writes to its console.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn watch_console(&self) -> Result<(), CmdError> {
        if self.engine() == Engine::Firefox {
            self.in_chrome(WATCH).await?;
        }
        Ok(())
    }

    /// The messages since the last call, or else since the console is watched, in order; none from an engine whose driver
    /// doesn't tell.
    ///
    /// # Errors
    ///
    /// If the browser is gone.
    pub async fn console(&self) -> Result<Vec<Message>, CmdError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match self.engine() {
            Engine::Chromium => {
                let log =
                    self.issue_cmd(Vendor { path: "se/log", body: json!({ "type": "browser" }) }).await?;
                let lines = log.as_array().into_iter().flatten().map(|entry| text(&entry["message"]));
                Ok(lines.map(|line| Message::of_chromium(&line)).collect())
            }
            Engine::Firefox => {
                let log = self.in_chrome("return window.consoleWatch.lines.splice(0);").await?;
                let lines = log.as_array().into_iter().flatten();
                Ok(lines
                    .map(|line| Message { place: text(&line["place"]), text: text(&line["text"]) })
                    .collect())
            }
            Engine::WebKit => Ok(Vec::new()),
        }
    }

    async fn in_chrome(&self, script: &str) -> Result<Value, CmdError> {
        let context = |context: &str| Vendor { path: "moz/context", body: json!({ "context": context }) };
        self.issue_cmd(context("chrome")).await?;
        let value = self.execute(script, Vec::new()).await;
        self.issue_cmd(context("content")).await?;
        value
    }
}

impl Installed {
    /// What the engine writes to its console at the URL while `visit` runs, for an engine whose driver doesn't tell. It is
    /// started for this, and ended. `None` if it has no way to print its console.
    ///
    /// # Errors
    ///
    /// If it can't be started or ended.
    pub async fn console_at<T>(
        &self,
        url: &str,
        visit: impl Future<Output = T>,
    ) -> io::Result<Option<(T, Vec<Message>)>> {
        let Some(browser) = Unattended::start(self, url).await? else { return Ok(None) };
        let visited = visit.await;
        let log = task::spawn_blocking(|| browser.end()).await.map_err(io::Error::other)??;
        Ok(Some((visited, printed(&log))))
    }
}

/// The messages in what an unattended WebKit prints, such as `http://localhost/:1:20: CONSOLE SECURITY ERROR message`.
fn printed(log: &str) -> Vec<Message> {
    let message = |line: &str| {
        let (place, written) = line.split_once("CONSOLE ")?;
        // Its source and its level.
        let text = written.splitn(3, ' ').nth(2)?;
        Some(Message { place: place.to_owned(), text: text.to_owned() })
    };
    log.lines().filter_map(message).collect()
}
