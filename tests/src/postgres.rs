//! PostgreSQL of Debian's package, started for one test: as a user of its own, because it refuses to run as root, with its data
//! in a temporary folder, on a free port. It ends with the test, however that ends.

use std::{
    env, fs,
    io::{self, Read as _},
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::{
    kept::{Ending, Kept},
    peer::Runtime,
};

const PATIENCE: Duration = Duration::from_secs(30);
/// The folder of its programs, if they are on this machine. Debian keeps them out of `PATH`.
pub(crate) fn programs() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<_> = versions.map(|version| version.path().join("bin")).collect();
    // The newest first.
    folders.sort();
    folders.reverse();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    folders.into_iter().find(|folder| folder.join("postgres").is_file() && folder.join("initdb").is_file())
}

/// A server with an empty database.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// None while it is stopped.
    server: Option<Kept>,
}

impl Postgres {
    /// Makes a database and starts it.
    ///
    /// # Errors
    ///
    /// If it is not on this machine, or does not start; then with what it printed.
    pub fn start() -> io::Result<Self> {
        let program = Runtime::Postgres.find().map_err(io::Error::other)?;
        let programs = program.parent().unwrap_or(Path::new("/")).to_owned();
        let folder = TempDir::new()?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let data = folder.path().join("data");
        fs::create_dir(&data)?;
        if is_root() {
            let owned = Command::new("chown").arg("-R").arg("nobody").arg(folder.path()).status()?;
            if !owned.success() {
                return Err(io::Error::other("the folder can't be given to the user nobody"));
            }
        }
        let mut initdb = as_other_user(&programs.join("initdb"));
        initdb.args(["-D"]).arg(&data).args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        initdb.args(["--locale", "C"]).current_dir(folder.path());
        let made = initdb.output()?;
        if !made.status.success() {
            return Err(io::Error::other(String::from_utf8_lossy(&made.stderr).into_owned()));
        }
        let mut server = Self { programs, folder, port, server: None };
        server.resume()?;
        Ok(server)
    }

    /// For `DATABASE_URL`.
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// Its port on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it again, on the same port and with the same data.
    ///
    /// # Errors
    ///
    /// If it does not start; then with what it printed.
    pub fn resume(&mut self) -> io::Result<()> {
        let log = self.folder.path().join("log");
        let mut server = as_other_user(&self.programs.join("postgres"));
        server.arg("-D").arg(self.folder.path().join("data"));
        server.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-k", ""]);
        // A test's data needs no disk, but its order of commits must be the real one.
        server.args(["-c", "fsync=off", "-c", "max_connections=100"]);
        server.current_dir(self.folder.path());
        let written = fs::OpenOptions::new().create(true).append(true).open(&log)?;
        self.server = Some(Kept::start(&server, Ending::Quit, &written)?);
        let deadline = Instant::now() + PATIENCE;
        while !self.is_ready() {
            if !self.server.as_mut().is_some_and(Kept::is_running) || Instant::now() > deadline {
                let mut printed = String::new();
                fs::File::open(&log)?.read_to_string(&mut printed)?;
                return Err(io::Error::other(format!("it does not start. It printed:\n{printed}")));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Ends it at once, as a lost machine would: connections break, and what was committed stays.
    pub fn kill(&mut self) {
        self.server = None;
    }

    fn is_ready(&self) -> bool {
        let mut check = Command::new(self.programs.join("pg_isready"));
        check.args(["-q", "-h", "127.0.0.1", "-U", "postgres", "-p", &self.port.to_string()]);
        check.status().is_ok_and(|status| status.success())
    }
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A command that runs as the user `nobody`, if this process is root's.
fn as_other_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]).arg(program);
    command
}
