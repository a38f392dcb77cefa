//! A server that a test starts as a program, with all that it prints.

use std::{
    fs::{self, File},
    io,
    net::{Ipv4Addr, TcpStream},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

use crate::processes::Processes;

/// How long it may take until it listens.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. It ends when it is dropped, or when this process ends in any way.
#[derive(Debug)]
pub struct Program {
    processes: Processes,
    folder: TempDir,
}

impl Program {
    /// Starts `command`: its program, arguments, environment and folder.
    ///
    /// # Errors
    ///
    /// If there is no temporary folder, or no shell to start it.
    pub fn start(command: &Command) -> io::Result<Self> {
        Self::start_in(TempDir::new()?, command)
    }

    /// The same with a folder that is its own, and removed at its end.
    pub(crate) fn start_in(folder: TempDir, command: &Command) -> io::Result<Self> {
        let log = File::create(folder.path().join("log"))?;
        let processes = Processes::start(command, folder.path(), &log)?;
        Ok(Self { processes, folder })
    }

    /// What it printed so far.
    pub fn printed(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Waits until it listens on these ports of loopback.
    ///
    /// # Errors
    ///
    /// If it ends, or does not listen within 20 s; then with what it printed.
    pub fn wait_for(&mut self, ports: &[u16]) -> io::Result<()> {
        let deadline = Instant::now() + PATIENCE;
        for &port in ports {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
                if !self.processes.is_running() || Instant::now() > deadline {
                    let printed = self.printed();
                    return Err(io::Error::other(format!("it does not listen. It printed:\n{printed}")));
                }
                thread::sleep(Duration::from_millis(20));
            }
        }
        Ok(())
    }
}
