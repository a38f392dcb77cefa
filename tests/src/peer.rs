//! Other makers' servers, as their users run them: found on this machine, started with a set-up of CORS, and ended again.
//!
//! Their programs are in `tests/peers`. Each has a mark, `{{ CORS }}`, where a set-up is put as it stands: a recipe is tried by
//! running it. nginx has two: what comes before the line `# in the location` is put into its `http` block.

use std::{
    env, fmt, fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    str::FromStr,
};

use tempfile::TempDir;

use crate::{Program, postgres, trials::or_exit};

/// What a peer needs to run; also the names in `REQUIRE_PEERS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Runtime {
    /// Node, with the packages of `tests/peers/node`.
    Node,
    /// Python, with the packages of `tests/peers/python`.
    Python,
    /// nginx.
    Nginx,
    /// Caddy.
    Caddy,
    /// PostgreSQL; see [`postgres`].
    Postgres,
}

impl Runtime {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Node, Self::Python, Self::Nginx, Self::Caddy, Self::Postgres];

    /// The name in `REQUIRE_PEERS`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Postgres => "postgres",
        }
    }

    /// The program and the file that its packages bring, if it has any.
    fn parts(self) -> (&'static str, Option<PathBuf>) {
        let packages = match self {
            Self::Node => Some(peers().join("node/node_modules/express/package.json")),
            Self::Python => Some(peers().join("python/.venv/bin/python")),
            Self::Nginx | Self::Caddy | Self::Postgres => None,
        };
        let program = if self == Self::Python { "python3" } else { self.name() };
        (program, packages)
    }

    /// Its program, if it and its packages are on this machine.
    ///
    /// # Errors
    ///
    /// One line: what is missing, and the command that installs it.
    pub fn find(self) -> Result<PathBuf, String> {
        let (program, packages) = self.parts();
        let has_packages = packages.as_ref().is_none_or(|file| file.is_file());
        let found = match self {
            Self::Postgres => postgres::programs().map(|folder| folder.join(program)),
            _ => in_path(program),
        };
        match found {
            Some(_) if has_packages && self == Self::Python => Ok(packages.unwrap_or_default()),
            Some(path) if has_packages => Ok(path),
            Some(_) => Err(format!("{}: no packages (install with: tools/install-peers)", self.name())),
            None => Err(format!("{}: no {program} (install with: tools/install-peers)", self.name())),
        }
    }
}

impl FromStr for Runtime {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|runtime| runtime.name() == name);
        known.ok_or_else(|| format!("{name:?} is not a peer. Write node, python, nginx, caddy or postgres"))
    }
}

/// The runtimes that `REQUIRE_PEERS` (`node,python,nginx,caddy,postgres`) makes mandatory.
///
/// # Errors
///
/// A line that says which name is unknown, so that a typo never turns a required peer into an ignored one.
pub fn required_peers() -> Result<Vec<Runtime>, String> {
    let list = env::var_os("REQUIRE_PEERS").unwrap_or_default();
    let list = list.to_str().ok_or("REQUIRE_PEERS is not UTF-8")?;
    let names = list.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(|name| name.parse().map_err(|error| format!("REQUIRE_PEERS: {error}"))).collect()
}

/// The same. Where the list is not valid, the program says so and ends with 2.
pub fn required_peers_or_exit() -> Vec<Runtime> {
    or_exit(required_peers())
}

/// A server of another maker. Each has `GET /items`, `PUT /items/1`, and `/broken`, whose handler fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Peer {
    /// Express 4 with the package `cors`.
    Express4,
    /// Express 5 with the package `cors`.
    Express5,
    /// FastAPI under uvicorn.
    FastApi,
    /// Django with `django-cors-headers`.
    Django,
    /// nginx, in front of another server.
    Nginx,
    /// Caddy, in front of another server.
    Caddy,
}

impl Peer {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Express4, Self::Express5, Self::FastApi, Self::Django, Self::Nginx, Self::Caddy];

    /// What it runs on.
    pub fn runtime(self) -> Runtime {
        match self {
            Self::Express4 | Self::Express5 => Runtime::Node,
            Self::FastApi | Self::Django => Runtime::Python,
            Self::Nginx => Runtime::Nginx,
            Self::Caddy => Runtime::Caddy,
        }
    }

    /// The file with the mark, below `tests/peers`.
    fn program(self) -> &'static str {
        match self {
            Self::Express4 => "node/express4.cjs",
            Self::Express5 => "node/express5.cjs",
            Self::FastApi => "python/fastapi_app.py",
            Self::Django => "python/django_settings.py",
            Self::Nginx => "proxy/nginx.conf",
            Self::Caddy => "proxy/Caddyfile",
        }
    }

    /// The smallest set-up, without CORS.
    pub fn bare(self) -> &'static str {
        match self {
            Self::Express4 | Self::Express5 => "const app = express()",
            _ => "",
        }
    }

    /// Starts it with `setup` at the mark. A proxy forwards to the port `upstream` on loopback.
    ///
    /// # Errors
    ///
    /// If it is not on this machine, or does not listen within 20 s; then with what it printed.
    pub fn start(self, setup: &str, upstream: Option<u16>) -> io::Result<Running> {
        let runtime = self.runtime().find().map_err(io::Error::other)?;
        let folder = TempDir::new()?;
        let port = free_port()?;
        let source = fs::read_to_string(peers().join(self.program()))?;
        let text = with_setup(&source, setup)
            .replace("FOLDER", &folder.path().display().to_string())
            .replace("UPSTREAM", &upstream.unwrap_or(port).to_string());
        // Only the proxies' files name the port themselves.
        let text = if upstream.is_some() { text.replace("PORT", &port.to_string()) } else { text };
        let (module, mut command) = self.command(&runtime, folder.path(), port);
        fs::write(folder.path().join(module), text)?;
        command.env("PORT", port.to_string());
        let mut program = Program::start_in(folder, &command)?;
        program.wait_for(&[port])?;
        Ok(Running { port, program })
    }

    /// The name of its file in `folder`, and the command that runs it.
    fn command(self, runtime: &Path, folder: &Path, port: u16) -> (&'static str, Command) {
        let mut command = Command::new(runtime);
        let module = match self {
            Self::Express4 | Self::Express5 => {
                // Node looks for packages next to the program, not where it was started.
                let _ = link(&peers().join("node/node_modules"), &folder.join("node_modules"));
                command.arg(folder.join("app.cjs"));
                "app.cjs"
            }
            Self::FastApi => {
                let port = port.to_string();
                command.args(["-m", "uvicorn", "--host", "127.0.0.1", "--port", &port, "--app-dir"]);
                command.arg(folder).arg("fastapi_app:app");
                "fastapi_app.py"
            }
            Self::Django => {
                command.args(["-m", "django", "runserver", "--noreload", "--settings", "django_settings"]);
                command.arg(format!("127.0.0.1:{port}"));
                let paths = env::join_paths([folder, &peers().join("python")]).unwrap_or_default();
                command.env("PYTHONPATH", paths).env("PYTHONDONTWRITEBYTECODE", "1");
                "django_settings.py"
            }
            Self::Nginx => {
                command.arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
                "nginx.conf"
            }
            Self::Caddy => {
                command.args(["run", "--adapter", "caddyfile", "--config"]).arg(folder.join("Caddyfile"));
                command.env("XDG_DATA_HOME", folder).env("XDG_CONFIG_HOME", folder).env("HOME", folder);
                "Caddyfile"
            }
        };
        (module, command)
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Express4 => "express4",
            Self::Express5 => "express5",
            Self::FastApi => "fastapi",
            Self::Django => "django",
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        })
    }
}

/// A server that listens on loopback. It ends when it is dropped.
#[derive(Debug)]
pub struct Running {
    port: u16,
    program: Program,
}

impl Running {
    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        self.program.printed()
    }
}

/// The text with the line of the mark replaced, each line of the set-up as far in as the mark was.
fn with_setup(source: &str, setup: &str) -> String {
    let (around, setup) = setup.split_once("# in the location\n").unwrap_or(("", setup));
    let mut text = String::new();
    for line in source.lines() {
        let setup = if line.contains("{{ CORS around }}") { around } else { setup };
        if line.contains("{{ CORS") {
            let indent: String = line.chars().take_while(|character| character.is_whitespace()).collect();
            for line in setup.lines() {
                text.extend([&indent, line, "\n"]);
            }
        } else {
            text += line;
            text.push('\n');
        }
    }
    text
}

fn peers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("peers")
}

/// In `PATH`, or where Debian keeps servers, which is not in everybody's `PATH`.
fn in_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|path| path.is_file())
}

/// Free now; somebody else may take it before the server does, and then [`Peer::start`] fails.
fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(unix)]
fn link(target: &Path, link: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_up_replaces_the_mark() {
        let source = "a\n  # {{ CORS }}\nb\n";
        assert_eq!(with_setup(source, "x\ny"), "a\n  x\n  y\nb\n");
        assert_eq!(with_setup(source, ""), "a\nb\n");
        let source = "# {{ CORS around }}\na\n  # {{ CORS }}\n";
        assert_eq!(with_setup(source, "x\n# in the location\ny"), "x\na\n  y\n");
    }

    #[test]
    fn every_program_has_the_mark() {
        for peer in Peer::ALL {
            let source = fs::read_to_string(peers().join(peer.program())).unwrap();
            assert_eq!(source.matches("{{ CORS }}").count(), 1, "{peer}");
        }
    }

    #[test]
    fn a_typo_among_the_required_is_an_error() {
        assert_eq!("node".parse(), Ok(Runtime::Node));
        let error = "nodejs".parse::<Runtime>().unwrap_err();
        assert_eq!(error, r#""nodejs" is not a peer. Write node, python, nginx, caddy or postgres"#);
    }
}
