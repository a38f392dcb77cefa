//! A reader with a browser follows the document, and sees in each section what the document says.

use std::{cell::RefCell, collections::HashSet, process::Command, time::Duration};

use end_to_end::{Engine, Installed, Program, Session};
use libtest_mimic::Failed;
use tokio::time::{Instant, sleep};

use crate::{
    document::Item,
    project::{Stage, Stages, TERMINAL},
    wire::{Exchange, Wire, lacks},
};

/// How long a page and a console may take. They take tenths of a second, longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(50);
const ALLOW: &str = "access-control-allow-origin";

pub(crate) async fn follow(installed: &Installed, stages: &Stages) -> Result<(), Failed> {
    let session = installed.start().await?;
    let reader = Reader {
        installed,
        session: &session,
        stages,
        wire: Wire::start(stages.ports.wire, stages.ports.api)?,
        seen: RefCell::default(),
    };
    let outcome = reader.follow().await;
    session.close().await?;
    outcome
}

struct Reader<'a> {
    installed: &'a Installed,
    session: &'a Session,
    stages: &'a Stages,
    wire: Wire,
    /// The captions of each section that were compared with something.
    seen: RefCell<HashSet<(String, String)>>,
}

/// A stage whose program runs.
struct At<'a> {
    stage: &'a Stage,
    program: Program,
}

impl Reader<'_> {
    async fn follow(&self) -> Result<(), Failed> {
        self.session.watch_console().await?;
        self.see_it_blocked().await?;
        self.allow_it().await?;
        self.slash().await?;
        self.count().await?;
        self.second_origin().await?;
        self.each_block_was_compared()
    }

    async fn see_it_blocked(&self) -> Result<(), Failed> {
        let at = self.start("An API and a page")?;
        self.terminal(&at).await?;
        let at = self.start_again(at, "See it blocked")?;
        self.is_blocked(&at, &self.page()).await?;
        self.terminal(&at).await?;
        let exchange = self.exchanges(1)?.remove(0);
        let has = |name: &str| exchange.response.iter().any(|line| line.starts_with(name));
        if lacks(&exchange.response, "HTTP/1.1 200 OK\nHello from the API!").is_some() || has(ALLOW) {
            return Err(format!("the response is {exchange:?}").into());
        }
        self.session.goto(&self.stages.ports.in_browser("http://localhost:8080/hello")).await?;
        self.shows(&at, "The page at `http://localhost:8080/hello` shows").await?;
        self.console(&at, &self.page()).await
    }

    async fn allow_it(&self) -> Result<(), Failed> {
        let at = self.start("Allow it, in three steps")?;
        self.session.console().await?;
        self.is_allowed(&at, "The page shows", &self.page()).await?;
        // Firefox writes about itself, too.
        let messages = self.session.console().await?;
        if self.session.engine() == Engine::Chromium && !messages.is_empty() {
            return Err(format!("the console has {messages:?}").into());
        }
        let at = self.start_again(at, "How it works")?;
        self.open(&self.page()).await?;
        self.exchanged(&at, "The request", "The response")?;
        let at = self.start_again(at, "The preflight")?;
        let script = self.text(&at, "The console")?;
        let status = self.session.eval_async(&format!("return {script}"), &[]).await?.to_string();
        let wanted = self.text(&at, "It shows")?;
        if status != wanted {
            return Err(format!("the console shows {status}, not {wanted}").into());
        }
        self.exchanged(&at, "The preflight", "The response to the preflight")
    }

    /// The program ends, and says why.
    async fn slash(&self) -> Result<(), Failed> {
        let stage = self.stages.get("Try it: a slash too many")?;
        let at = At { stage, program: program(stage)? };
        self.terminal(&at).await
    }

    async fn count(&self) -> Result<(), Failed> {
        let at = self.start("A cookie")?;
        for _ in 0..2 {
            self.is_allowed(&at, "The page shows", &self.page()).await?;
        }
        if let Some(cookie) = cookie(&self.exchanges(1)?[0]) {
            return Err(format!("the browser sent {cookie}").into());
        }
        let at = self.start_again(at, "The page wants it")?;
        self.is_blocked(&at, &self.page()).await?;
        self.console(&at, &self.page()).await?;
        let at = self.start_again(at, "The API allows it")?;
        self.is_allowed(&at, "The page shows", &self.page()).await?;
        self.exchanged(&at, "The request", "The response")?;
        self.only_what_is_named().await
    }

    /// The built policy does not allow the header of the section about preflights.
    async fn only_what_is_named(&self) -> Result<(), Failed> {
        let section = &self.stages.get("The preflight")?.section;
        let script = self.stages.ports.in_browser(section.shown("The console").concat().trim_end());
        let deadline = Instant::now() + PATIENCE;
        loop {
            let outcome = self.session.eval_async(&format!("return {script}"), &[]).await;
            let is_blocked = outcome.as_ref().is_err_and(|error| error.to_string().contains("TypeError"));
            let last = self.exchanges(1)?.remove(0);
            if is_blocked && last.request[0].starts_with("OPTIONS ") {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(
                    format!("{script} is {outcome:?}, and the last request {:?}", last.request).into()
                );
            }
            // For 5 s, the browser remembers the preflight that was granted. A reader takes longer.
            sleep(10 * PAUSE).await;
        }
    }

    async fn second_origin(&self) -> Result<(), Failed> {
        let second = format!("http://localhost:{}/", self.stages.ports.second);
        let at = self.start("A second origin")?;
        self.is_allowed(&at, "The page at `http://localhost:3000` shows", &self.page()).await?;
        self.is_blocked(&at, &second).await?;
        self.console(&at, &second).await?;
        let at = self.start_again(at, "Two entries")?;
        self.is_allowed(&at, "The page at `http://localhost:4000` shows", &second).await?;
        self.exchanged(&at, "The request", "The response")?;
        let at = self.start_again(at, "Try it: another name for the same machine")?;
        self.is_blocked(&at, &format!("http://127.0.0.1:{}/", self.stages.ports.page)).await
    }

    fn page(&self) -> String {
        format!("http://localhost:{}/", self.stages.ports.page)
    }

    /// Runs what the reader has at the end of the section.
    fn start(&self, title: &str) -> Result<At<'_>, Failed> {
        let stage = self.stages.get(title)?;
        let mut program = program(stage)?;
        program.wait_for(&[self.stages.ports.page, self.stages.ports.api])?;
        Ok(At { stage, program })
    }

    fn start_again<'a>(&'a self, before: At<'_>, title: &str) -> Result<At<'a>, Failed> {
        drop(before);
        self.start(title)
    }

    /// Opens the page, or reloads it if it is open, and waits until its script is done.
    async fn open(&self, url: &str) -> Result<String, Failed> {
        // A browser may show an open page again without a request for it, unless it is reloaded.
        if self.session.current_url().await?.as_str() == url {
            self.session.refresh().await?;
        } else {
            self.session.goto(url).await?;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = self.session.wait_for("#result", PATIENCE).await?.text().await?;
            if text != "nothing yet" {
                return Ok(text);
            }
            if Instant::now() > deadline {
                return Err(format!("{url} shows nothing").into());
            }
            sleep(PAUSE).await;
        }
    }

    async fn is_allowed(&self, at: &At<'_>, caption: &str, url: &str) -> Result<(), Failed> {
        self.open(url).await?;
        self.shows(at, caption).await
    }

    /// The page at the URL shows what this browser shows in the section, or in the first one that is blocked.
    async fn is_blocked(&self, at: &At<'_>, url: &str) -> Result<(), Failed> {
        let section = &at.stage.section;
        let first = &self.stages.get("See it blocked")?.section;
        let row = section.browser(self.browser()).or_else(|| first.browser(self.browser()));
        let (wanted, _) = row.ok_or("the document doesn't say what this browser shows")?;
        let shown = self.open(url).await?;
        if shown == wanted { Ok(()) } else { Err(differs(at, "the page", &shown, wanted)) }
    }

    /// The name that people know.
    fn browser(&self) -> &'static str {
        match self.session.engine() {
            Engine::Chromium => "Chrome",
            Engine::Firefox => "Firefox",
            Engine::WebKit => "Safari",
        }
    }

    /// The page's text, with no space between paragraphs.
    async fn shows(&self, at: &At<'_>, caption: &str) -> Result<(), Failed> {
        let wanted = self.text(at, caption)?;
        let shown = self.session.wait_for("body", PATIENCE).await?.text().await?;
        if shown.split_whitespace().eq(wanted.split_whitespace()) {
            Ok(())
        } else {
            Err(differs(at, caption, &shown, &wanted))
        }
    }

    /// The one text under the caption, as the browser has it.
    fn text(&self, at: &At<'_>, caption: &str) -> Result<String, Failed> {
        let section = &at.stage.section;
        self.seen.borrow_mut().insert((section.title.clone(), caption.to_owned()));
        match section.shown(caption)[..] {
            [text] => Ok(self.stages.ports.in_browser(text.trim_end())),
            _ => Err(format!("{:?} has not one block {caption:?}", section.title).into()),
        }
    }

    /// The program prints what the section says, and nothing else.
    async fn terminal(&self, at: &At<'_>) -> Result<(), Failed> {
        let wanted = self.text(at, TERMINAL)?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let printed = at.program.printed();
            // What keeps the program adds how it ended.
            let shown = printed.split("(ended with ").next().unwrap_or_default().trim_end();
            if shown == wanted {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(differs(at, "the terminal", shown, &wanted));
            }
            sleep(PAUSE).await;
        }
    }

    /// The console has the message of the section; the page is blocked at the URL.
    async fn console(&self, at: &At<'_>, url: &str) -> Result<(), Failed> {
        let section = &at.stage.section;
        self.seen.borrow_mut().insert((section.title.clone(), String::new()));
        let (_, wanted) = section.browser(self.browser()).ok_or("no console message")?;
        let wanted = self.stages.ports.in_browser(wanted);
        let deadline = Instant::now() + PATIENCE;
        let mut messages = Vec::new();
        loop {
            let before = self.count_exchanges();
            let visit = async {
                while self.count_exchanges() == before && Instant::now() < deadline {
                    sleep(PAUSE).await;
                }
                // The message comes after the response.
                sleep(10 * PAUSE).await;
            };
            match self.session.engine() {
                Engine::WebKit => match self.installed.console_at(url, visit).await? {
                    Some(((), printed)) => messages.extend(printed),
                    // Its WPE port does not tell.
                    None => return Ok(()),
                },
                _ => messages.extend(self.session.console().await?),
            }
            if messages.iter().any(|message| message.text == wanted) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let texts: Vec<_> = messages.into_iter().map(|message| message.text).collect();
                return Err(differs(at, "the console", &texts.join("\n"), &wanted));
            }
            sleep(PAUSE).await;
        }
    }

    fn count_exchanges(&self) -> usize {
        self.wire.exchanges("/hello").len()
    }

    /// The last ones.
    fn exchanges(&self, count: usize) -> Result<Vec<Exchange>, Failed> {
        let mut exchanges = self.wire.exchanges("/hello");
        let first = exchanges.len().checked_sub(count).ok_or("there were fewer requests")?;
        Ok(exchanges.split_off(first))
    }

    /// The last request and its response have the lines that are shown under the captions; a preflight stands before it.
    fn exchanged(&self, at: &At<'_>, request: &str, response: &str) -> Result<(), Failed> {
        let is_preflight = request == "The preflight";
        let exchange = self.exchanges(if is_preflight { 2 } else { 1 })?.remove(0);
        for (caption, lines) in [(request, &exchange.request), (response, &exchange.response)] {
            let wanted = self.text(at, caption)?;
            if let Some(line) = lacks(lines, &wanted) {
                return Err(differs(at, caption, &lines.join("\n"), &line));
            }
        }
        Ok(())
    }

    /// What a section shows, and nobody looked at, may be wrong.
    fn each_block_was_compared(&self) -> Result<(), Failed> {
        let seen = self.seen.borrow();
        let mut missed = Vec::new();
        for Stage { section, .. } in self.stages.all() {
            // The test's output was compared when it ran.
            let is_tested = |item: &Item| matches!(item, Item::Commands(lines) if lines.contains(&"cargo test".to_owned()));
            if section.items.iter().any(is_tested) {
                continue;
            }
            let captions = section.items.iter().filter_map(|item| match item {
                Item::Shown { caption, .. } => Some(caption.as_str()),
                Item::Browser { .. } => Some(""),
                _ => None,
            });
            let captions = captions.map(|caption| (section.title.clone(), caption.to_owned()));
            missed.extend(captions.filter(|caption| !seen.contains(caption)));
        }
        if missed.is_empty() { Ok(()) } else { Err(format!("nobody compared {missed:?}").into()) }
    }
}

fn program(stage: &Stage) -> Result<Program, Failed> {
    let mut command = Command::new(&stage.program);
    command.current_dir(&stage.folder);
    Ok(Program::start(&command)?)
}

/// The header line with the cookies that the browser sent.
fn cookie(exchange: &Exchange) -> Option<&String> {
    exchange.request.iter().find(|line| line.to_ascii_lowercase().starts_with("cookie:"))
}

fn differs(at: &At<'_>, what: &str, shown: &str, wanted: &str) -> Failed {
    format!("## {}\n{what}: it shows\n{shown}\nand the document says\n{wanted}", at.stage.section.title)
        .into()
}
