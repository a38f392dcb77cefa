//! Which browser engines there are, and where this machine has them.
//!
//! An engine is looked up at run time, never at build time: if one is missing, the lookup says what to install, and the
//! other tests still run. Nothing here starts a process.

use std::{env, fmt, fs, path::PathBuf, str::FromStr};

/// A browser engine that implements CORS on its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Engine {
    /// Blink's network stack, as in Chrome and Edge.
    Chromium,
    /// Gecko.
    Firefox,
    /// The engine of Safari, here in its GTK port or, where that is missing, its WPE port.
    WebKit,
}

impl Engine {
    /// All engines, in alphabetical order.
    pub const ALL: [Self; 3] = [Self::Chromium, Self::Firefox, Self::WebKit];

    /// The name that `REQUIRE_BROWSERS` and test names use: `chromium`, `firefox` or `webkit`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chromium => "chromium",
            Self::Firefox => "firefox",
            Self::WebKit => "webkit",
        }
    }

    /// Looks for the engine's browser and driver.
    ///
    /// Each program is looked for in `PATH`, in `~/.cargo/bin`, and where distributions put it. Environment variables
    /// override its path: `CHROMIUM`, `CHROMEDRIVER`, `FIREFOX`, `GECKODRIVER`, and for WebKit either `WEBKITGTK`,
    /// `WEBKITWEBDRIVER` and `XVFB` (its GTK port) or `WPE` and `WPEWEBDRIVER` (its WPE port, which is chosen if one of the
    /// two is set).
    ///
    /// # Errors
    ///
    /// [`Missing`] lists every program that is missing, with the command that installs it.
    pub fn find(self) -> Result<Installed, Missing> {
        match self {
            Self::Chromium => CHROMIUM.find(self),
            Self::Firefox => FIREFOX.find(self),
            Self::WebKit if WEBKIT_WPE.is_chosen() => WEBKIT_WPE.find(self),
            // GTK first: Debian gives it a new WebKit with every security update, while WPE stays at the release's.
            Self::WebKit => WEBKIT_GTK.find(self).or_else(|gtk| WEBKIT_WPE.find(self).map_err(|_| gtk)),
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|engine| engine.name() == name)
            .ok_or_else(|| format!("{name:?} is not a browser engine. Write chromium, firefox or webkit"))
    }
}

/// The engines that `REQUIRE_BROWSERS` (`chromium,firefox,webkit`) makes mandatory; empty if it is unset or empty.
///
/// # Errors
///
/// A line that says which name is unknown, so that a typo never turns a required engine into an ignored one.
pub fn required_engines() -> Result<Vec<Engine>, String> {
    let list = env::var_os("REQUIRE_BROWSERS").unwrap_or_default();
    let list = list.to_str().ok_or("REQUIRE_BROWSERS is not UTF-8")?;
    list.split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| name.parse().map_err(|error| format!("REQUIRE_BROWSERS: {error}")))
        .collect()
}

/// An engine whose programs are all here, ready to [start](Self::start).
#[derive(Clone, Debug)]
pub struct Installed {
    pub(crate) engine: Engine,
    pub(crate) kind: Kind,
    pub(crate) driver: PathBuf,
    pub(crate) browser: PathBuf,
    pub(crate) display: Option<PathBuf>,
    /// What Chromium is started with in addition.
    pub(crate) arguments: Vec<String>,
}

impl Installed {
    /// The same engine, if it is Chromium, started with more arguments.
    pub(crate) fn with_arguments(&self, arguments: Vec<String>) -> Self {
        Self { arguments, ..self.clone() }
    }

    /// Which engine this is.
    pub fn engine(&self) -> Engine {
        self.engine
    }
}

/// Decides how a browser is started. WebKit has two kinds, which users of this crate don't see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Chromium,
    Firefox,
    WebKitGtk,
    WebKitWpe,
}

/// The programs of an engine that are not on this machine.
///
/// Its `Display` is one line, so that it can be the reason of an ignored test.
#[derive(Clone, Debug)]
pub struct Missing {
    engine: Engine,
    parts: Vec<MissingPart>,
}

#[derive(Clone, Debug)]
struct MissingPart {
    part: &'static Part,
    /// Set when the part's environment variable names something that is not a file.
    misdirected: Option<PathBuf>,
}

impl Missing {
    /// Which engine can't be driven.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The names of the programs that were not found.
    pub fn programs(&self) -> impl Iterator<Item = &'static str> {
        self.parts.iter().map(|missing| missing.part.name())
    }

    /// The command line that installs what is missing; empty if only an environment variable is wrong.
    pub fn install(&self) -> String {
        let mut commands: Vec<(&str, Vec<&str>)> = Vec::new();
        for missing in self.parts.iter().filter(|missing| missing.misdirected.is_none()) {
            let (command, package) = missing.part.install;
            let at = commands.iter().position(|(known, _)| *known == command).unwrap_or_else(|| {
                commands.push((command, Vec::new()));
                commands.len() - 1
            });
            if !commands[at].1.contains(&package) {
                commands[at].1.push(package);
            }
        }
        let lines: Vec<_> =
            commands.iter().map(|(command, packages)| format!("{command} {}", packages.join(" "))).collect();
        lines.join(" && ")
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if cfg!(not(unix)) {
            return write!(f, "{}: browsers are driven on Unix-like systems only", self.engine);
        }
        write!(f, "{}: ", self.engine)?;
        for (i, MissingPart { part, misdirected }) in self.parts.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            match misdirected {
                None => write!(f, "{comma}no {}", part.name())?,
                Some(path) => write!(f, "{comma}{}={} is not a file", part.variable, path.display())?,
            }
        }
        let install = self.install();
        if install.is_empty() { Ok(()) } else { write!(f, " (install with: {install})") }
    }
}

impl std::error::Error for Missing {}

/// The programs of one port of an engine.
struct Port {
    kind: Kind,
    driver: Part,
    browser: Part,
    display: Option<Part>,
}

/// One program: its names, where it may be, and what installs it.
#[derive(Debug)]
struct Part {
    /// The environment variable that names its path.
    variable: &'static str,
    place: Place,
    /// The installing command and the package, separate so that packages of one command are installed together.
    install: (&'static str, &'static str),
}

/// Where a program may be, the likeliest first.
#[derive(Debug)]
enum Place {
    /// Under one of these names in `PATH`.
    Path(&'static [&'static str]),
    /// At one of these places below a library folder.
    Library(&'static [&'static str]),
}

const APT: &str = "apt-get install";
const CARGO: &str = "cargo install";

static CHROMIUM: Port = Port {
    kind: Kind::Chromium,
    driver: Part {
        variable: "CHROMEDRIVER",
        place: Place::Path(&["chromedriver"]),
        install: (APT, "chromium-driver"),
    },
    browser: Part {
        variable: "CHROMIUM",
        place: Place::Path(&["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]),
        install: (APT, "chromium"),
    },
    display: None,
};

static FIREFOX: Port = Port {
    kind: Kind::Firefox,
    driver: Part {
        variable: "GECKODRIVER",
        place: Place::Path(&["geckodriver"]),
        install: (CARGO, "geckodriver"),
    },
    browser: Part {
        variable: "FIREFOX",
        place: Place::Path(&["firefox-esr", "firefox"]),
        install: (APT, "firefox-esr"),
    },
    display: None,
};

static WEBKIT_GTK: Port = Port {
    kind: Kind::WebKitGtk,
    driver: Part {
        variable: "WEBKITWEBDRIVER",
        place: Place::Path(&["WebKitWebDriver"]),
        install: (APT, "webkit2gtk-driver"),
    },
    // Comes with the library that the driver's package depends on.
    browser: Part {
        variable: "WEBKITGTK",
        place: Place::Library(&[
            "webkit2gtk-4.1/MiniBrowser",
            "webkit2gtk-4.0/MiniBrowser",
            "webkitgtk-6.0/MiniBrowser",
        ]),
        install: (APT, "webkit2gtk-driver"),
    },
    display: Some(Part { variable: "XVFB", place: Place::Path(&["Xvfb"]), install: (APT, "xvfb") }),
};

static WEBKIT_WPE: Port = Port {
    kind: Kind::WebKitWpe,
    driver: Part {
        variable: "WPEWEBDRIVER",
        place: Place::Path(&["WPEWebDriver"]),
        install: (APT, "wpewebkit-driver"),
    },
    browser: Part {
        variable: "WPE",
        place: Place::Library(&[
            "wpe-webkit-1.1/MiniBrowser",
            "wpe-webkit-2.0/MiniBrowser",
            "wpe-webkit-1.0/MiniBrowser",
        ]),
        // This package also installs the backend that WPE needs to run without a screen.
        install: (APT, "cog"),
    },
    display: None,
};

impl Port {
    /// Whether an environment variable names one of its programs.
    fn is_chosen(&self) -> bool {
        [Some(&self.driver), Some(&self.browser), self.display.as_ref()]
            .into_iter()
            .flatten()
            .any(|part| env::var_os(part.variable).is_some_and(|path| !path.is_empty()))
    }

    fn find(&'static self, engine: Engine) -> Result<Installed, Missing> {
        let mut parts = Vec::new();
        let mut look = |part: &'static Part| match part.find() {
            Ok(path) => Some(path),
            Err(misdirected) => {
                parts.push(MissingPart { part, misdirected });
                None
            }
        };
        let (browser, driver) = (look(&self.browser), look(&self.driver));
        let display = match &self.display {
            Some(part) => look(part).map(Some),
            None => Some(None),
        };
        match (browser, driver, display) {
            // The processes are kept together by a Unix shell (see `processes`).
            (Some(browser), Some(driver), Some(display)) if cfg!(unix) => {
                Ok(Installed { engine, kind: self.kind, driver, browser, display, arguments: Vec::new() })
            }
            _ => Err(Missing { engine, parts }),
        }
    }
}

impl Part {
    fn name(&self) -> &'static str {
        match self.place {
            Place::Path(places) | Place::Library(places) => places[0].rsplit('/').next().unwrap_or_default(),
        }
    }

    /// Its path; the error is the path in its environment variable that is not a file, if that is set.
    fn find(&self) -> Result<PathBuf, Option<PathBuf>> {
        if let Some(path) = env::var_os(self.variable).filter(|path| !path.is_empty()) {
            let path = PathBuf::from(path);
            return if path.is_file() { Ok(path) } else { Err(Some(path)) };
        }
        let candidates: Vec<PathBuf> = match self.place {
            Place::Path(names) => below(&path_folders(), names),
            Place::Library(files) => below(&library_folders(), files),
        };
        candidates.into_iter().find(|candidate| candidate.is_file()).ok_or(None)
    }
}

/// Every name in every folder, by folder.
fn below(folders: &[PathBuf], names: &[&str]) -> Vec<PathBuf> {
    folders.iter().flat_map(|folder| names.iter().map(|name| folder.join(name))).collect()
}

/// The folders in `PATH`, and the one of `cargo install`, which may not be in `PATH`.
fn path_folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).chain(env::home_dir().map(|home| home.join(".cargo/bin"))).collect()
}

/// Where distributions keep programs that users don't call themselves; Debian has such a folder for each architecture.
fn library_folders() -> Vec<PathBuf> {
    let architectures = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    architectures.chain(["/usr/lib", "/usr/lib64", "/usr/libexec"].map(PathBuf::from)).collect()
}
