//! What sessions do with elements of a page that changes while they use them, in each engine.
//!
//! The test of an engine that is not installed is ignored, or fails if `REQUIRE_BROWSERS` lists it.

use std::{cell::Cell, time::Duration};

use end_to_end::{Installed, Session, run_in_each_engine};
use libtest_mimic::{Arguments, Failed};

const PATIENCE: Duration = Duration::from_secs(15);
const IMPATIENCE: Duration = Duration::from_millis(200);

/// Each call of `replace` replaces its button; `start` does that endlessly.
const PAGE: &str = "data:text/html,<!doctype html><title>Changing</title><p></p><script>
    var number = 0, channel = new MessageChannel();
    function replace() { document.querySelector('p').innerHTML = `<button>${++number}</button>`; }
    function start() { channel.port2.postMessage(null); }
    channel.port1.onmessage = () => { replace(); start(); };
    replace();
</script>";

fn main() {
    run_in_each_engine(&Arguments::from_args(), "elements", run, vec![]);
}

fn run(engine: &Installed) -> Result<(), Failed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let session = engine.start().await?;
        let outcome = elements(&session).await;
        session.close().await?;
        outcome
    })
}

async fn elements(session: &Session) -> Result<(), Failed> {
    session.goto(PAGE).await?;

    // Replaced between finding and reading, once.
    let attempts = Cell::new(0);
    let read = session
        .with("button", PATIENCE, async |button| {
            attempts.set(attempts.get() + 1);
            if attempts.get() == 1 {
                session.execute("replace()", vec![]).await?;
            }
            button.text().await
        })
        .await?;
    assert_eq!((read.as_str(), attempts.get()), ("2", 2));

    // Replaced every time.
    let read = session
        .with("button", IMPATIENCE, async |button| {
            session.execute("replace()", vec![]).await?;
            button.text().await
        })
        .await;
    let error = read.expect_err("what is always replaced can't be read").to_string();
    assert!(error.ends_with("\"button\": the page replaced it, again and again"), "{error}");

    // Replaced while the driver looks for it.
    session.execute("start()", vec![]).await?;
    for _ in 0..100 {
        session.wait_for("button", PATIENCE).await?;
    }

    let error = session.wait_for("form", IMPATIENCE).await.expect_err("there is no form").to_string();
    assert!(error.ends_with("waiting 200ms for \"form\": not in time"), "{error}");
    let error = session.wait_for("[", IMPATIENCE).await.expect_err("not a selector").to_string();
    assert!(error.contains(": at \"[\": "), "{error}");
    Ok(())
}
