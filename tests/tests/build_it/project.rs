//! The reader's project: made by the document's own commands, and built at the end of each section.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use tempfile::TempDir;

use crate::{
    document::{Files, Item, Section, apply},
    ports::Ports,
};

/// As in the workspace: what it has compiled is not compiled again.
const PROFILE: [&str; 2] =
    [r#"profile.dev.debug="line-tables-only""#, r#"profile.dev.package."*".debug=false"#];

/// The caption of what a program prints.
pub(crate) const TERMINAL: &str = "The terminal shows";

/// The document, with a program for each section.
pub(crate) struct Stages {
    pub(crate) ports: Ports,
    all: Vec<Stage>,
    _folder: TempDir,
}

/// What the reader has at the end of a section.
pub(crate) struct Stage {
    pub(crate) section: Section,
    /// The current folder of the program, with its page.
    pub(crate) folder: PathBuf,
    pub(crate) program: PathBuf,
}

impl Stages {
    /// # Errors
    ///
    /// If a section can't be followed, does not compile, or its test does not print what the document says.
    pub(crate) fn build(sections: Vec<Section>) -> Result<Self, String> {
        let folder = TempDir::new().map_err(why)?;
        let ports = Ports::find().map_err(why)?;
        let mut project = Project {
            folder: folder.path().to_owned(),
            ports,
            built: String::new(),
            program: PathBuf::new(),
            lock: fs::read_to_string(workspace().join("Cargo.lock")).map_err(why)?,
        };
        let mut files = Files::new();
        let mut all = Vec::new();
        for (number, section) in sections.into_iter().enumerate() {
            let before = files.clone();
            let at = |why: String| format!("## {}\n{why}", section.title);
            project.follow(&section, &mut files).map_err(at)?;
            let stage = folder.path().join(format!("stage-{number}"));
            project.build(&files, &stage).map_err(at)?;
            if section.is_undone() {
                files = before;
            }
            all.push(Stage { section, folder: stage, program: project.program.clone() });
        }
        Ok(Self { ports, all, _folder: folder })
    }

    /// The stage of the section with this title.
    pub(crate) fn get(&self, title: &str) -> Result<&Stage, String> {
        let stage = self.all.iter().find(|stage| stage.section.title == title);
        stage.ok_or_else(|| format!("the document has no section {title:?}"))
    }

    pub(crate) fn all(&self) -> &[Stage] {
        &self.all
    }
}

struct Project {
    /// The reader's current folder.
    folder: PathBuf,
    ports: Ports,
    /// The last `src/main.rs` that was built, and its program.
    built: String,
    program: PathBuf,
    /// The workspace's `Cargo.lock`.
    lock: String,
}

impl Project {
    fn follow(&mut self, section: &Section, files: &mut Files) -> Result<(), String> {
        let mut tested = None;
        for item in &section.items {
            apply(files, item)?;
            match item {
                Item::Commands(lines) => {
                    for line in lines {
                        let words: Vec<_> = line.split(' ').collect();
                        match words[..] {
                            ["cargo", "new", name] => drop(self.cargo(&["new", "--vcs", "none", name])?),
                            ["cd", name] => self.folder.push(name),
                            ["cargo", "add", ref words @ ..] => self.add(words)?,
                            ["cargo", "run"] => {}
                            ["cargo", "test"] => tested = Some(self.test(files)?),
                            _ => return Err(format!("the test can't follow {line:?}")),
                        }
                    }
                }
                Item::Shown { caption, text } if caption == TERMINAL => {
                    if let Some(output) = tested.take() {
                        printed(&output, &self.ports.in_rust(text))?;
                    }
                }
                _ => {}
            }
        }
        if tested.is_some() { Err("it doesn't say what the test prints".to_owned()) } else { Ok(()) }
    }

    /// `cargo add` as in the document, with the version that the workspace has and the folder in which it is.
    fn add(&self, words: &[&str]) -> Result<(), String> {
        let mut arguments = vec!["add".to_owned()];
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            match word {
                "--path" => {
                    let path = words.next().unwrap_or(&"");
                    let inside = path.strip_prefix("../actix-web-cors/");
                    let inside = inside.ok_or_else(|| format!("{path} is not in the reader's clone"))?;
                    arguments.extend([word.to_owned(), workspace().join(inside).display().to_string()]);
                }
                "--features" => arguments.extend([word, words.next().unwrap_or(&"")].map(str::to_owned)),
                _ => arguments
                    .push(self.locked(word).map_or(word.to_owned(), |found| format!("{word}@{found}"))),
            }
        }
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        self.cargo(&arguments)?;
        // Cargo takes out what is not needed yet, and would look for the newest of it later.
        fs::write(self.folder.join("Cargo.lock"), &self.lock).map_err(why)
    }

    /// The version of a package of other makers.
    fn locked(&self, name: &str) -> Option<&str> {
        let package = self.lock.split("[[package]]\n").find(|package| {
            package.starts_with(&format!("name = \"{name}\"\n")) && package.contains("\nsource = ")
        })?;
        package.lines().find_map(|line| line.strip_prefix("version = \"")?.strip_suffix('"'))
    }

    fn build(&mut self, files: &Files, stage: &Path) -> Result<(), String> {
        let Some(main) = files.get("src/main.rs") else { return Ok(()) };
        self.write(files, &self.folder)?;
        self.write(files, stage)?;
        if *main != self.built {
            self.cargo(&["build"])?;
            let name = self.folder.file_name().unwrap_or_default();
            let program = target().join("debug").join(name).with_extension(env::consts::EXE_EXTENSION);
            self.program = stage.join(name).with_extension(env::consts::EXE_EXTENSION);
            fs::copy(program, &self.program).map_err(why)?;
            self.built.clone_from(main);
        }
        Ok(())
    }

    fn test(&self, files: &Files) -> Result<Output, String> {
        self.write(files, &self.folder)?;
        self.run(&["test"])
    }

    fn write(&self, files: &Files, folder: &Path) -> Result<(), String> {
        for (path, text) in files {
            let in_browser = path.starts_with("page/");
            let text = if in_browser { self.ports.in_browser(text) } else { self.ports.in_rust(text) };
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap_or(folder)).map_err(why)?;
            fs::write(path, text).map_err(why)?;
        }
        Ok(())
    }

    fn cargo(&self, arguments: &[&str]) -> Result<Output, String> {
        let output = self.run(arguments)?;
        if output.status.success() {
            return Ok(output);
        }
        Err(format!("cargo {}\n{}", arguments.join(" "), String::from_utf8_lossy(&output.stderr)))
    }

    /// Without the network: all that is needed was needed for this test. Where Cargo can't do without, with it.
    fn run(&self, arguments: &[&str]) -> Result<Output, String> {
        let run = |more: &[&str]| {
            let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
            command.current_dir(&self.folder).env("CARGO_TARGET_DIR", target()).env_remove("RUST_BACKTRACE");
            for setting in PROFILE {
                command.args(["--config", setting]);
            }
            command.args(arguments).args(more).output().map_err(why)
        };
        let output = run(&["--offline"])?;
        let printed = String::from_utf8_lossy(&output.stderr);
        if output.status.success() || !printed.contains("offline") {
            return Ok(output);
        }
        eprintln!("cargo {} needs the network: {printed}", arguments.join(" "));
        run(&[])
    }
}

/// The lines of the document are among those that the test printed, in their order. A line that ends with `...` goes on, and a line
/// that is `...` stands for others.
fn printed(output: &Output, wanted: &str) -> Result<(), String> {
    let all = [&*output.stdout, &*output.stderr].map(String::from_utf8_lossy).join("\n");
    if output.status.success() == wanted.contains("FAILED") {
        return Err(format!("the test ends with {}, and the document says\n{wanted}\n{all}", output.status));
    }
    let mut lines = all.lines();
    for wanted in wanted.lines().filter(|line| !line.is_empty() && *line != "...") {
        let is_wanted = |line: &str| match wanted.strip_suffix("...") {
            Some(start) => line.starts_with(start),
            None => line == wanted,
        };
        if !lines.any(is_wanted) {
            return Err(format!("the test does not print {wanted:?}, or not there:\n{all}"));
        }
    }
    Ok(())
}

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The workspace's: dependencies are compiled once for both.
fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap_or(Path::new("."))
}

fn why(error: impl std::fmt::Display) -> String {
    error.to_string()
}
