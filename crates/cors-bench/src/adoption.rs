//! What it costs to adopt a CORS crate: what an application that has Actix Web already gains in crates, in CPU seconds of
//! its release build, and in bytes of its stripped binary, for this project's middleware and for `actix-cors`.
//!
//! The application is generated three times, and only the middleware differs: none, ours (by path), `actix-cors` (from the
//! registry). Features are the default ones, and versions those of the workspace's `Cargo.lock`.
//!
//! CPU time is taken per compiled crate, by this program as `RUSTC_WRAPPER`. A crate that the application without a middleware
//! has, too, with the same features, costs nothing more, whatever noise says; one with other features, and the application
//! itself, count by the difference.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Output},
};

use crate::{lock::version_in, median::median};

/// How many builds the median is taken of. They are interleaved.
const ROUNDS: usize = 3;
/// In the environment of the compilers: the file to which [`compile`] appends.
const LOG: &str = "CORS_BENCH_CPU_LOG";

/// A middleware, or none, as an application uses it.
struct Middleware {
    name: &'static str,
    /// What stands in front of the server.
    setting: &'static str,
    /// What is called on the `App`.
    wrap: &'static str,
}

const NONE: Middleware = Middleware { name: "without", setting: "", wrap: "" };
const OURS: Middleware = Middleware {
    name: "actix-web-cors",
    setting: r#"
    let policy = actix_web_cors::Policy::builder()
        .allow_origins(["https://app.example.com"])
        .allow_methods(["PUT", "DELETE"])
        .allow_headers(["content-type"])
        .allow_credentials()
        .build()?;"#,
    wrap: ".wrap(actix_web_cors::Cors::new(policy.clone()))",
};
const PEER: Middleware = Middleware {
    name: "actix-cors",
    setting: "",
    wrap: r#".wrap(
                actix_cors::Cors::default()
                    .allowed_origin("https://app.example.com")
                    .allowed_methods(["PUT", "DELETE"])
                    .allowed_header("content-type")
                    .supports_credentials(),
            )"#,
};

impl Middleware {
    fn main_rs(&self) -> String {
        let Self { setting, wrap, .. } = self;
        format!(
            r#"use actix_web::{{App, HttpServer, web}};

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {{{setting}
    HttpServer::new(move || {{
        App::new(){wrap}.route("/api/notes", web::get().to(|| async {{ "[]" }}))
    }})
    .bind(("127.0.0.1", 8080))?
    .run()
    .await?;
    Ok(())
}}
"#
        )
    }
}

/// If this process is to be a compiler, runs that, logs the CPU time that it and its linker took, and ends as it ended.
///
/// # Panics
///
/// When the compiler doesn't start, or the log can't be written.
pub fn compile() -> Option<ExitCode> {
    let log = env::var_os(LOG)?;
    let arguments: Vec<String> = env::args().skip(1).collect();
    let (compiler, arguments) = arguments.split_first().expect("cargo names the compiler");
    let status = Command::new(compiler).args(arguments).status().expect("the compiler starts");
    let name = arguments.iter().skip_while(|argument| *argument != "--crate-name").nth(1);
    // Cargo also asks the compiler about itself, with a crate of this name.
    if let Some(name) = name.filter(|name| *name != "___") {
        let [package, version] =
            ["CARGO_PKG_NAME", "CARGO_PKG_VERSION"].map(|name| env::var(name).unwrap_or_default());
        let features: Vec<&str> =
            arguments.iter().filter_map(|argument| argument.strip_prefix("feature=")).collect();
        let line = format!("{}\t{package} {version} {name}\t{features:?}\n", children_seconds());
        let file = fs::File::options().create(true).append(true).open(log);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("the log can be written");
    }
    Some(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The CPU time, user and system, of the processes that this one has waited for, and of theirs.
fn children_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells");
    let (_, after_name) = stat.rsplit_once(") ").expect("a name in parentheses");
    // `cutime` and `cstime`, in hundredths of a second.
    after_name.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// A crate as it was compiled: package, version and name; then its features.
type Unit = (String, String);
type Seconds = BTreeMap<Unit, f64>;

/// What an application costs.
struct Cost {
    crates: usize,
    seconds: f64,
    bytes: u32,
}

/// The table, in Markdown, for the workspace at this path. Where the seconds go is printed to standard error.
///
/// # Panics
///
/// When an application can't be built.
pub fn section(workspace: &Path) -> String {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let all = [NONE, OURS, PEER].map(|middleware| Application::new(&middleware, workspace, directory.path()));
    let crates = all.each_ref().map(Application::crates);
    let [added_by_ours, added_by_peer] =
        [1, 2].map(|with| crates[with].difference(&crates[0]).collect::<Vec<_>>());

    let base_seconds = all[0].build();
    let mut rounds: [Vec<Seconds>; 3] = Default::default();
    for round in 0..ROUNDS {
        for ((application, added), seconds) in
            all.iter().zip([&vec![], &added_by_ours, &added_by_peer]).zip(&mut rounds)
        {
            if round == 0 && application.name != NONE.name {
                run(Command::new("cp").arg("-a").args([all[0].target(), application.target()]));
            } else {
                application.clean(added);
            }
            seconds.push(application.build());
        }
    }
    let [own, with @ ..] = rounds.map(|rounds| medians(&rounds));
    let added = with.map(|with| added_seconds(&with, &own, &base_seconds));
    for (application, added) in all[1..].iter().zip(&added) {
        eprintln!("{}: {added:.2?}", application.name);
    }
    let bytes = all.each_ref().map(Application::bytes);
    let cost = |crates: &[&String], seconds: &[(String, f64)], bytes| Cost {
        crates: crates.len(),
        seconds: seconds.iter().map(|(_, seconds)| seconds).sum(),
        bytes,
    };
    table(
        &Cost { crates: crates[0].len(), seconds: base_seconds.values().sum(), bytes: bytes[0] },
        &cost(&added_by_ours, &added[0], bytes[1].saturating_sub(bytes[0])),
        &cost(&added_by_peer, &added[1], bytes[2].saturating_sub(bytes[0])),
    )
}

fn table(without: &Cost, ours: &Cost, peer: &Cost) -> String {
    let mut text = format!(
        "## What adopting costs\n\n\
         What a small application that has Actix Web already, default features everywhere, gains: crates; CPU seconds of a \
         release build, user and system, the median of {ROUNDS} interleaved builds; bytes of the stripped binary.\n\n\
         | | the application without | + actix-web-cors | + actix-cors | ours ÷ actix-cors |\n\
         |---|---:|---:|---:|---:|\n"
    );
    for (what, of, decimals) in [
        ("crates", (|cost| f64::from(u32::try_from(cost.crates).unwrap_or(u32::MAX))) as fn(&Cost) -> f64, 0),
        ("CPU seconds", |cost| cost.seconds, 2),
        ("binary, MB", |cost| f64::from(cost.bytes) / 1e6, 3),
    ] {
        let [without, ours, peer] = [without, ours, peer].map(of);
        let _ = writeln!(
            text,
            "| {what} | {without:.decimals$} | {ours:.decimals$} | {peer:.decimals$} | {:.2} |",
            ours / peer
        );
    }
    text
}

/// By crate, the CPU seconds that an application takes beyond those of the one without a middleware, the most first.
fn added_seconds(with: &Seconds, own: &Seconds, base: &Seconds) -> Vec<(String, f64)> {
    let in_base = |name: &str| base.iter().find(|((known, _), _)| known == name).map(|(_, seconds)| *seconds);
    let mut added: Vec<(String, f64)> = with
        .iter()
        .filter_map(|(unit, seconds)| match own.get(unit) {
            Some(own) => Some((unit.0.clone(), seconds - own)),
            None if base.contains_key(unit) => None,
            None => Some((unit.0.clone(), seconds - in_base(&unit.0).unwrap_or_default())),
        })
        .collect();
    added.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    added
}

/// The median of each crate, over the rounds that compiled it.
fn medians(rounds: &[Seconds]) -> Seconds {
    let of = |unit: &Unit| median(rounds.iter().filter_map(|round| round.get(unit)).copied().collect());
    rounds[0].keys().map(|unit| (unit.clone(), of(unit))).collect()
}

/// A generated application.
struct Application {
    name: &'static str,
    directory: PathBuf,
}

impl Application {
    fn new(middleware: &Middleware, workspace: &Path, parent: &Path) -> Self {
        let lock = fs::read_to_string(workspace.join("Cargo.lock")).expect("a workspace with a Cargo.lock");
        let version = |name| version_in(&lock, name).expect("it is in the lock");
        let crates = workspace.join("crates").canonicalize().expect("a workspace with crates");
        let dependency = match middleware.name {
            "without" => String::new(),
            "actix-web-cors" => {
                format!("actix-web-cors = {{ path = \"{}\" }}\n", crates.join("actix-web-cors").display())
            }
            peer => format!("{peer} = \"={}\"\n", version(peer)),
        };
        let manifest = format!(
            "[package]\nname = \"application\"\nedition = \"2024\"\n\n\
             [dependencies]\nactix-web = \"={}\"\n{dependency}\n\
             [profile.release]\nstrip = true\n\n[workspace]\n",
            version("actix-web")
        );
        let this = Self { name: middleware.name, directory: parent.join(middleware.name) };
        fs::create_dir_all(this.directory.join("src")).expect("a directory can be made");
        for (name, text) in
            [("Cargo.toml", &manifest), ("Cargo.lock", &lock), ("src/main.rs", &middleware.main_rs())]
        {
            fs::write(this.directory.join(name), text).expect("a file can be written");
        }
        this
    }

    fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.directory)
            .env("CARGO_TARGET_DIR", self.target())
            .args(arguments)
            .arg("--quiet");
        cargo
    }

    fn target(&self) -> PathBuf {
        self.directory.join("target")
    }

    /// The names and versions of all that is compiled. Asks the registry only for what is not here yet: the default features
    /// of Actix Web need crates that this workspace doesn't.
    fn crates(&self) -> BTreeSet<String> {
        let tree = ["tree", "--edges", "normal,build", "--prefix", "none", "--format", "{p}"];
        let offline = self.cargo(&tree).arg("--offline").output();
        let output = match offline {
            Ok(output) if output.status.success() => output,
            _ => run(&mut self.cargo(&tree)),
        };
        let crates = String::from_utf8(output.stdout).expect("names are UTF-8");
        // `psl v2.1.0`, and more.
        let package = |line: &str| line.split(' ').take(2).collect::<Vec<_>>().join(" ").replace(" v", "@");
        crates.lines().map(package).collect()
    }

    /// Has the application, and what it adds, compiled again.
    fn clean(&self, added: &[&String]) {
        let mut cargo = self.cargo(&["clean", "--offline", "--release", "--package", "application"]);
        run(cargo.args(added.iter().flat_map(|package| ["--package", package])));
    }

    /// Builds what is missing, and says what took how long.
    fn build(&self) -> Seconds {
        let log = self.directory.join("log");
        let this = env::current_exe().expect("a running program has a path");
        let mut cargo = self.cargo(&["build", "--offline", "--release"]);
        run(cargo.env("RUSTC_WRAPPER", this).env(LOG, &log));
        let mut all = Seconds::new();
        for line in fs::read_to_string(&log).expect("something was compiled").lines() {
            let [seconds, name, features] = line.split('\t').collect::<Vec<_>>()[..] else {
                panic!("three fields in {line:?}")
            };
            let unit = (name.to_owned(), features.to_owned());
            *all.entry(unit).or_default() += seconds.parse::<f64>().expect("seconds");
        }
        fs::remove_file(log).expect("it was there");
        all
    }

    fn bytes(&self) -> u32 {
        let binary = fs::metadata(self.target().join("release/application")).expect("it was built");
        u32::try_from(binary.len()).expect("a small program")
    }
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
