//! CORS Lab in real browsers: the page's buttons are pressed as a person would press them, while the policy goes step by
//! step from what is shipped to what allows everything. At each step the table says what script may see.
//!
//! An engine that is not installed is reported as ignored, with the line that installs it. `REQUIRE_BROWSERS`, a list such
//! as `chromium,firefox,webkit`, turns that into a failure.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use demo_backend::{Options, Running};
use end_to_end::{Installed, Session, in_each_engine};
use libtest_mimic::{Arguments, Failed};

/// Far longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() {
    let arguments = Arguments::from_args();
    let trials = match in_each_engine("the_lab", run) {
        Ok(trials) => trials,
        Err(message) => {
            eprintln!("{message}");
            std::process::exit(2);
        }
    };
    libtest_mimic::run(&arguments, trials).exit();
}

fn run(engine: &Installed) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let folder = tempfile::tempdir()?;
        let policy = folder.path().join("cors.toml");
        fs::write(&policy, shipped_policy()?)?;
        let demo = Running::start(&Options {
            api: "localhost:0".to_owned(),
            page: "localhost:0".to_owned(),
            policy: Some(policy.clone()),
            announce: |_| {},
        })?;
        let session = engine.start().await?;
        let outcome = Lab { session: &session, demo: &demo, policy }.walk().await;
        session.close().await?;
        outcome
    })
}

/// The text of `demo-backend/cors.toml`.
fn shipped_policy() -> std::io::Result<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".."));
    fs::read_to_string(root.join("demo-backend/cors.toml"))
}

/// What script is given for one button.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Script {
    /// An answer with this status.
    Reads(u16),
    /// Nothing but an error, and this many requests reached the API: a preflight, or the request whose answer was withheld.
    Blocked { handler_ran: bool },
}

use Script::{Blocked, Reads};

/// The answer was withheld: the handler ran all the same.
const WITHHELD: Script = Blocked { handler_ran: true };
/// The preflight failed: the request itself was never sent.
const NEVER_SENT: Script = Blocked { handler_ran: false };

/// What each step adds to the policy file, and what script may see then.
struct Step {
    name: &'static str,
    adds: &'static str,
    buttons: [(&'static str, Script); 6],
    etag_is_readable: bool,
}

const STEPS: [Step; 6] = [
    Step {
        name: "as shipped",
        adds: "",
        buttons: [
            ("get", WITHHELD),
            ("post", NEVER_SENT),
            ("put", NEVER_SENT),
            ("delete", NEVER_SENT),
            ("session", WITHHELD),
            ("fail", WITHHELD),
        ],
        etag_is_readable: false,
    },
    Step {
        name: "the origin is allowed",
        adds: "allow_origins",
        buttons: [
            ("get", Reads(200)),
            ("post", NEVER_SENT),
            ("put", NEVER_SENT),
            ("delete", NEVER_SENT),
            ("session", WITHHELD),
            ("fail", Reads(500)),
        ],
        etag_is_readable: false,
    },
    Step {
        name: "methods are allowed",
        adds: "allow_methods",
        buttons: [
            ("get", Reads(200)),
            ("post", NEVER_SENT),
            ("put", Reads(200)),
            ("delete", Reads(204)),
            ("session", WITHHELD),
            ("fail", Reads(500)),
        ],
        etag_is_readable: false,
    },
    Step {
        name: "a request header is allowed",
        adds: "allow_headers",
        buttons: [
            ("get", Reads(200)),
            ("post", Reads(201)),
            ("put", Reads(200)),
            ("delete", Reads(204)),
            ("session", WITHHELD),
            ("fail", Reads(500)),
        ],
        etag_is_readable: false,
    },
    Step {
        name: "a response header is exposed",
        adds: "expose_headers",
        buttons: [
            ("get", Reads(200)),
            ("post", Reads(201)),
            ("put", Reads(200)),
            ("delete", Reads(204)),
            ("session", WITHHELD),
            ("fail", Reads(500)),
        ],
        etag_is_readable: true,
    },
    Step {
        name: "credentials are allowed",
        adds: "allow_credentials",
        buttons: [
            ("get", Reads(200)),
            ("post", Reads(201)),
            ("put", Reads(200)),
            ("delete", Reads(204)),
            ("session", Reads(200)),
            ("fail", Reads(500)),
        ],
        etag_is_readable: true,
    },
];

/// What a card on the page says of one press of a button.
struct Card {
    run: String,
    script: Script,
    etag: Option<String>,
    body: String,
}

struct Lab<'a> {
    session: &'a Session,
    demo: &'a Running,
    policy: PathBuf,
}

impl Lab<'_> {
    async fn walk(&self) -> Result<(), Failed> {
        self.session.goto(self.demo.page_url()).await?;
        self.session.wait_for("html[data-ready=true]", PATIENCE).await?;
        let first_text = self.demo.store().note(1);

        let mut failures = Vec::new();
        for step in &STEPS {
            if !step.adds.is_empty() {
                self.uncomment(step.adds).await?;
            }
            for (button, expected) in step.buttons {
                let card = self.press(button).await?;
                let mut check = |what: &str, holds: bool, saw: &str| {
                    if !holds {
                        failures
                            .push(format!("{}, {button} (run {}): {what}; saw {saw}", step.name, card.run));
                    }
                };
                check(
                    &format!("script should see {expected:?}"),
                    card.script == expected,
                    &format!("{:?}", card.script),
                );
                if button == "get" && matches!(expected, Reads(_)) {
                    check(
                        "is the etag readable?",
                        card.etag.is_some() == step.etag_is_readable,
                        &format!("{:?}", card.etag),
                    );
                }
                if button == "put" && expected == NEVER_SENT {
                    let text = self.demo.store().note(1);
                    check("a blocked PUT changes nothing", text == first_text, &format!("{text:?}"));
                }
            }
        }

        // The cookie that the first visit set comes back: visits are counted, not begun anew.
        let (earlier, later) = (self.press("session").await?.body, self.press("session").await?.body);
        if visits(&later) != visits(&earlier).map(|visits| visits + 1) {
            failures.push(format!("the session's cookie should be sent: {earlier:?}, then {later:?}"));
        }
        if self.demo.store().note(1) == first_text {
            failures.push("an allowed PUT should change the note".to_owned());
        }
        failures.extend(self.save_nonsense().await?);
        if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
    }

    /// Takes the `#` away in front of a setting, as the tutorial says, and waits until the page shows the new policy.
    async fn uncomment(&self, setting: &str) -> Result<(), Failed> {
        let text = fs::read_to_string(&self.policy)?;
        let edited = text
            .replace(&format!("# {setting} ="), &format!("{setting} ="))
            .replace("http://localhost:3000", self.demo.page_url());
        assert_ne!(edited, text, "the shipped file has a line for {setting}");
        let generation = self.demo.policy_file().report().generation + 1;
        fs::write(&self.policy, edited)?;
        let panel = format!("[data-field=policy][data-generation='{generation}']");
        self.session.wait_for(&panel, PATIENCE).await?;
        Ok(())
    }

    /// Presses a button, as with the mouse, and reads the card that tells of it.
    async fn press(&self, button: &str) -> Result<Card, Failed> {
        let cards_of = |state: &str| format!("article[data-request={button}]{state}");
        let known = self.session.eval("return document.querySelectorAll('article').length ? document.querySelector('article').dataset.run : ''", &[]).await?;
        let known = known.as_str().unwrap_or("").to_owned();
        self.session.wait_for(&format!("button[data-request={button}]"), PATIENCE).await?.click().await?;
        let fresh = cards_of(&format!("[data-state=done]:not([data-run='{known}']):first-child"));
        let card = self.session.wait_for(&fresh, PATIENCE).await?;
        let read = |css: &'static str| {
            let card = card.clone();
            async move {
                match card.find_all(end_to_end::fantoccini::Locator::Css(css)).await {
                    Ok(found) => match found.first() {
                        Some(element) => element.text().await.ok(),
                        None => None,
                    },
                    Err(_) => None,
                }
            }
        };
        let attribute = |name: &'static str| {
            let card = card.clone();
            async move { card.attr(name).await.ok().flatten().unwrap_or_default() }
        };
        let script = match attribute("data-outcome").await.as_str() {
            "readable" => {
                let status = read("[data-field=status]").await.unwrap_or_default();
                Reads(
                    status
                        .trim()
                        .parse()
                        .map_err(|_| format!("{button}: the card shows the status {status:?}"))?,
                )
            }
            "blocked" => {
                let ran = card
                    .find_all(end_to_end::fantoccini::Locator::Css(
                        "[data-exchange][data-reached-handler=true]",
                    ))
                    .await?;
                Blocked { handler_ran: !ran.is_empty() }
            }
            other => return Err(format!("{button}: the card has the outcome {other:?}").into()),
        };
        Ok(Card {
            run: attribute("data-run").await,
            script,
            etag: read("[data-header=etag]").await,
            body: read("[data-field=body]").await.unwrap_or_default(),
        })
    }

    /// A save that is no policy: the page says so, and the policy before stays in force.
    async fn save_nonsense(&self) -> Result<Vec<String>, Failed> {
        fs::write(&self.policy, "allow_origins = [\"null\", \"https://*\"]\nallow_methods = [\"patch\"]\n")?;
        let shown = self.wait_for_problem().await?;
        let mut failures = Vec::new();
        for said in
            ["3 problems", "allow_origins[0] \"null\"", "allow_origins[1] \"https://*\"", "Write \"PATCH\""]
        {
            if !shown.contains(said) {
                failures.push(format!("the page should show {said:?}; it shows {shown:?}"));
            }
        }
        let card = self.press("put").await?;
        if card.script != Reads(200) {
            failures.push(format!("the policy before should stay in force; saw {:?}", card.script));
        }
        Ok(failures)
    }

    async fn wait_for_problem(&self) -> Result<String, Failed> {
        let start = Instant::now();
        loop {
            let text = self.session.wait_for("[data-field=problem]", PATIENCE).await?.text().await?;
            if !text.trim().is_empty() {
                return Ok(text);
            }
            if start.elapsed() > PATIENCE {
                return Err("the page shows no problem".into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn visits(body: &str) -> Option<u64> {
    serde_json::from_str::<serde_json::Value>(body).ok()?.get("visits")?.as_u64()
}
