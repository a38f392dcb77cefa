//! One browser window that a test controls.
//!
//! [`Session`] is fantoccini's client and what tests need in addition: values that scripts return or reject with, waiting
//! that says what it waited for, and an end that leaves nothing behind. `driver` starts the driver.

use std::{
    fmt, io,
    ops::Deref,
    time::{Duration, Instant},
};

use fantoccini::{Client, ClientBuilder, Locator, elements::Element, error::CmdError};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::{task, time};

use crate::{
    driver::Driver,
    engine::{Engine, Installed},
};

/// How long a browser may take to start. On a busy machine with an empty profile, it takes several seconds.
const SESSION_PATIENCE: Duration = Duration::from_secs(60);
/// How long a browser may take to close its window before it is ended.
const CLOSE_PATIENCE: Duration = Duration::from_secs(5);
/// The pause before a page is searched again for an element.
const POLL: Duration = Duration::from_millis(50);

impl Installed {
    /// Starts the engine, headless, with an empty profile and nothing that another session uses, and opens a window.
    ///
    /// It tries twice, because another program may take the free port before the driver does.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what failed, with the last lines that driver and browser printed.
    pub async fn start(&self) -> Result<Session, StartError> {
        match self.start_once().await {
            Err(_) => self.start_once().await,
            started => started,
        }
    }

    async fn start_once(&self) -> Result<Session, StartError> {
        let engine = self.engine();
        let driver = Driver::start(self).await;
        let driver = driver.map_err(|(what, log)| StartError { engine, what, log })?;
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(driver.capabilities(self));
        let what = match time::timeout(SESSION_PATIENCE, builder.connect(&driver.url())).await {
            Ok(Ok(client)) => return Ok(Session { engine, client, driver }),
            Ok(Err(error)) => format!("the driver does not open a session: {error}"),
            Err(_) => format!("the driver does not open a session within {} s", SESSION_PATIENCE.as_secs()),
        };
        let log = driver.log_tail();
        Err(StartError { engine, what, log })
    }
}

/// A browser window, reached over WebDriver; it derefs to fantoccini's [`Client`].
///
/// End it with [`close`](Self::close). After a panic, dropping it ends the same processes and removes the same files; even
/// if the test is killed, the processes end.
#[derive(Debug)]
pub struct Session {
    engine: Engine,
    client: Client,
    driver: Driver,
}

impl Session {
    /// Its engine.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The first element that matches the CSS selector, as soon as there is one.
    ///
    /// The page may replace it at any time. To do something with it, use [`with`](Self::with).
    ///
    /// # Errors
    ///
    /// If there is none in time, or the selector is invalid.
    pub async fn wait_for(&self, css: &str, timeout: Duration) -> Result<Element, Failed> {
        self.with(css, timeout, async |element| Ok(element)).await
    }

    /// Does something with the first element that matches the CSS selector, as soon as there is one. If the page replaces the
    /// element before that is done, starts again with the new one.
    ///
    /// # Errors
    ///
    /// If there is none in time, the selector is invalid, or what is done fails.
    pub async fn with<T>(
        &self,
        css: &str,
        timeout: Duration,
        act: impl AsyncFn(Element) -> Result<T, CmdError>,
    ) -> Result<T, Failed> {
        let start = Instant::now();
        loop {
            let found = self.client.find(Locator::Css(css)).await;
            let done = match found {
                Ok(element) => act(element).await,
                Err(error) => Err(error),
            };
            match done {
                Ok(done) => return Ok(done),
                // A driver may report a stale element even from `find`.
                Err(error) if error.is_no_such_element() || error.is_stale_element_reference() => {
                    if start.elapsed() >= timeout {
                        return Err(
                            self.failed(format!("waiting {timeout:?} for {css:?}"), Cause::Late(error))
                        );
                    }
                    time::sleep(POLL).await;
                }
                Err(error) => return Err(self.failed(format!("at {css:?}"), Cause::Command(error))),
            }
        }
    }

    /// Runs the script as the body of a function in the page, with `args` as its `arguments`. Returns what it returns.
    ///
    /// # Errors
    ///
    /// If the script throws, or the browser is gone.
    pub async fn eval(&self, script: &str, args: &[Value]) -> Result<Value, Failed> {
        self.client
            .execute(script, args.to_vec())
            .await
            .map_err(|cause| self.failed(format!("running {script:?}"), Cause::Command(cause)))
    }

    /// Like [`eval`](Self::eval), but the script is the body of an `async` function, so that it may `await`.
    ///
    /// # Errors
    ///
    /// If the script throws what it doesn't catch (the message includes it, `TypeError: …` for a blocked `fetch`), takes
    /// longer than WebDriver's script timeout of 30 s, or if the browser is gone.
    pub async fn eval_async(&self, script: &str, args: &[Value]) -> Result<Value, Failed> {
        // Not every driver reports a rejection as an error of the script, so it is returned as a value.
        let wrapped = format!(
            "const done = arguments[arguments.length - 1];
             (async function () {{ {script}\n}}).apply(null, Array.from(arguments).slice(0, -1)).then(
                 value => done({{ value: value === undefined ? null : value }}),
                 error => done({{ error: String(error) }}));"
        );
        let result = self.client.execute_async(&wrapped, args.to_vec()).await;
        let doing = || format!("running {script:?}");
        let mut result = result.map_err(|cause| self.failed(doing(), Cause::Command(cause)))?;
        match result.get("error") {
            Some(error) => {
                Err(self.failed(doing(), Cause::Script(error.as_str().unwrap_or_default().to_owned())))
            }
            None => Ok(result.get_mut("value").map_or(json!(null), Value::take)),
        }
    }

    /// Ends the session, the browser, its driver and every process they started, and removes their files.
    ///
    /// A browser that no longer responds is ended like any other; that is not an error.
    ///
    /// # Errors
    ///
    /// If a process does not end or a file can't be removed.
    pub async fn close(self) -> io::Result<()> {
        // First let the driver close the browser's windows.
        let _ = time::timeout(CLOSE_PATIENCE, self.client.close()).await;
        task::spawn_blocking(|| self.driver.end()).await.map_err(io::Error::other)?
    }

    fn failed(&self, doing: String, cause: Cause) -> Failed {
        Failed { engine: self.engine, doing, cause }
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// Why a browser could not be started.
#[derive(Debug)]
pub struct StartError {
    engine: Engine,
    what: String,
    log: String,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} does not start: {}", self.engine, self.what)?;
        if self.log.is_empty() { Ok(()) } else { write!(f, "\nits last lines:\n{}", self.log) }
    }
}

impl std::error::Error for StartError {}

/// What went wrong in a running session, and what it was doing.
#[derive(Debug)]
pub struct Failed {
    engine: Engine,
    doing: String,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    Command(CmdError),
    /// There was no element in time, or the page replaced each one.
    Late(CmdError),
    Script(String),
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: ", self.engine, self.doing)?;
        match &self.cause {
            Cause::Late(error) if error.is_no_such_element() => f.write_str("not in time"),
            Cause::Late(_) => f.write_str("the page replaced it, again and again"),
            Cause::Command(error) => error.fmt(f),
            Cause::Script(error) => f.write_str(error),
        }
    }
}

impl std::error::Error for Failed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.cause {
            Cause::Command(error) | Cause::Late(error) => Some(error),
            Cause::Script(_) => None,
        }
    }
}
