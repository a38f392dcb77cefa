//! How each engine's WebDriver server is started: its command line, its environment, and the capabilities with which it
//! then starts the browser. Nothing here speaks WebDriver.

use std::{
    fs::{self, File},
    io,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::{net::TcpStream, time};

use crate::{
    engine::{Installed, Kind},
    processes::Processes,
};

/// How long a driver or a display may take until it responds. It takes tenths of a second, longer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(20);

/// A driver that listens, and all that belongs to it.
#[derive(Debug)]
pub(crate) struct Driver {
    // Fields are dropped in this order: no process may outlive the folder that it writes to.
    processes: Processes,
    display: Option<Processes>,
    home: TempDir,
    port: u16,
}

impl Driver {
    /// Starts the driver, and the display if the browser needs one. On failure, what went wrong and what they printed.
    pub(crate) async fn start(installed: &Installed) -> Result<Self, (String, String)> {
        let home = home().map_err(|error| (format!("no temporary folder: {error}"), String::new()))?;
        match Self::start_in(installed, home.path()).await {
            Ok((processes, display, port)) => Ok(Self { processes, display, home, port }),
            Err(error) => Err((error.to_string(), log_tail(home.path()))),
        }
    }

    async fn start_in(installed: &Installed, home: &Path) -> io::Result<(Processes, Option<Processes>, u16)> {
        // Free now. If another program takes it before the driver does, the driver ends, and `Installed::start` starts another.
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        let mut command = Command::new(&installed.driver);
        command.arg(format!("--port={port}"));
        if installed.kind == Kind::Firefox {
            command.arg(SYSTEM_ACCESS);
        }
        let (mut processes, display) = start_program(installed, command, home).await?;
        let waiting = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                if !processes.is_running() {
                    return Err(io::Error::other(format!("{} ended at once", installed.driver.display())));
                }
                time::sleep(PAUSE).await;
            }
            Ok(())
        };
        time::timeout(PATIENCE, waiting).await.map_err(|_| {
            let driver = installed.driver.display();
            io::Error::other(format!(
                "{driver} does not listen on port {port} after {} s",
                PATIENCE.as_secs()
            ))
        })??;
        Ok((processes, display, port))
    }

    /// Where it accepts WebDriver commands.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The capabilities that the new session requests.
    pub(crate) fn capabilities(&self, installed: &Installed) -> Map<String, Value> {
        let browser = installed.browser.display().to_string();
        let (name, options) = match installed.kind {
            Kind::Chromium => {
                let profile = format!("--user-data-dir={}", self.home.path().join("profile").display());
                let mut arguments = CHROMIUM_ARGUMENTS.to_vec();
                // Debian blocks third-party cookies, which Chrome does not do by default.
                let preferences =
                    json!({ "profile.cookie_controls_mode": 0, "profile.block_third_party_cookies": false });
                arguments.push(&profile);
                arguments.extend(installed.arguments.iter().map(String::as_str));
                ("goog:chromeOptions", json!({ "binary": browser, "args": arguments, "prefs": preferences }))
            }
            // geckodriver makes a fresh profile in TMPDIR.
            Kind::Firefox => ("moz:firefoxOptions", json!({ "binary": browser, "args": ["-headless"] })),
            // Under automation, WebKit keeps all data in memory.
            Kind::WebKitGtk => {
                ("webkitgtk:browserOptions", json!({ "binary": browser, "args": ["--automation"] }))
            }
            Kind::WebKitWpe => {
                ("wpe:browserOptions", json!({ "binary": browser, "args": ["--automation", "--headless"] }))
            }
        };
        let mut capabilities = Map::from_iter([(name.to_owned(), options)]);
        if installed.kind == Kind::Chromium {
            capabilities.insert("goog:loggingPrefs".to_owned(), json!({ "browser": "ALL" }));
        }
        capabilities
    }

    /// The last lines that the driver and its browser printed.
    pub(crate) fn log_tail(&self) -> String {
        log_tail(self.home.path())
    }

    /// Ends every process and removes every file. Blocks until that is done.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.processes.end()?;
        if let Some(display) = &mut self.display {
            display.end()?;
        }
        self.home.close()
    }
}

const CHROMIUM_ARGUMENTS: [&str; 9] = [
    "--headless",
    // In containers, tests run as root, and Chromium refuses to start as root with its sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    // The driver does not report the console of a frame that has its own process.
    "--disable-site-isolation-trials",
];

/// Lets us read Firefox's console.
const SYSTEM_ACCESS: &str = "--allow-system-access";
/// Lets us read the console of WebKit's GTK port. Its WPE port has no such option.
const CONSOLE_TO_STDOUT: &str = "--enable-write-console-messages-to-stdout=true";

/// The environment of every program that we start: its own home (`processes` sets `TMPDIR`), and nothing of the desktop or
/// of proxies around it.
fn prepare(command: &mut Command, home: &Path) {
    for name in ["HOME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
        command.env(name, home);
    }
    // In containers, tests run as root, and WebKit's sandbox can't be set up as root.
    command.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
    // A developer's Wayland would be preferred to our X display, and show the windows.
    command.env_remove("WAYLAND_DISPLAY").env("GDK_BACKEND", "x11");
    // Otherwise GLib may start a message bus that outlives us.
    command.env("DBUS_SESSION_BUS_ADDRESS", "disabled:");
    // The tests' servers are on this machine.
    for name in ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        command.env_remove(name);
    }
}

/// A browser that shows a page without a driver.
#[derive(Debug)]
pub(crate) struct Unattended {
    // In the same order as in `Driver`.
    processes: Processes,
    display: Option<Processes>,
    home: TempDir,
}

impl Unattended {
    /// Starts WebKit's GTK port, which prints its console only without a driver; `None` if the engine is another.
    pub(crate) async fn start(installed: &Installed, url: &str) -> io::Result<Option<Self>> {
        if installed.kind != Kind::WebKitGtk {
            return Ok(None);
        }
        let home = home()?;
        let mut command = Command::new(&installed.browser);
        command.args([CONSOLE_TO_STDOUT, url]);
        let (processes, display) = start_program(installed, command, home.path()).await?;
        Ok(Some(Self { processes, display, home }))
    }

    /// Ends it like a driver, and returns all that it printed.
    pub(crate) fn end(self) -> io::Result<String> {
        let Self { processes, display, home } = self;
        let log = fs::read(log_path(home.path()))?;
        Driver { processes, display, home, port: 0 }.end()?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }
}

fn home() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("end-to-end-").tempdir()
}

/// Starts the program, and the display if the browser needs one.
async fn start_program(
    installed: &Installed,
    mut command: Command,
    home: &Path,
) -> io::Result<(Processes, Option<Processes>)> {
    let log = File::options().create(true).append(true).open(log_path(home))?;
    let mut display = None;
    if let Some(program) = &installed.display {
        let (processes, name) = start_display(program, home, &log).await?;
        display = Some(processes);
        command.env("DISPLAY", name);
    }
    prepare(&mut command, home);
    Ok((Processes::start(&command, home, &log)?, display))
}

/// Starts an X server without a screen on the first free display, and returns the display's name.
async fn start_display(program: &Path, home: &Path, log: &File) -> io::Result<(Processes, String)> {
    let mut command = Command::new("sh");
    let folder = home.join("display");
    fs::create_dir(&folder)?;
    let number = folder.join("number");
    // The server writes its number to a file descriptor, which a shell has to open.
    command.args(["-c", r#"exec "$0" -displayfd 4 -nolisten tcp -screen 0 1280x1024x24 4>"$1""#]);
    command.arg(program).arg(&number);
    prepare(&mut command, &folder);
    let mut processes = Processes::start(&command, &folder, log)?;
    let waiting = async {
        loop {
            match fs::read_to_string(&number) {
                Ok(number) if number.ends_with('\n') => return Ok(format!(":{}", number.trim())),
                _ if !processes.is_running() => {
                    return Err(io::Error::other(format!("{} ended at once", program.display())));
                }
                _ => time::sleep(PAUSE).await,
            }
        }
    };
    let name = time::timeout(PATIENCE, waiting).await.map_err(|_| {
        io::Error::other(format!("{} has no display after {} s", program.display(), PATIENCE.as_secs()))
    })??;
    Ok((processes, name))
}

fn log_path(home: &Path) -> PathBuf {
    home.join("driver.log")
}

fn log_tail(home: &Path) -> String {
    let log = fs::read(log_path(home)).unwrap_or_default();
    let log = String::from_utf8_lossy(&log);
    let lines: Vec<_> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
