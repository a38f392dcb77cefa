//! A server as a process: its address, its memory, its open files, as Linux tells them.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, Command, Stdio},
};

use super::server::SERVER;

pub(super) struct Server {
    child: Child,
    pub(super) address: SocketAddr,
}

impl Server {
    pub(super) fn start(kind: &str) -> Result<Self, String> {
        let program = env::current_exe().map_err(|error| format!("this program's path: {error}"))?;
        let mut child = Command::new(program)
            .args([SERVER, kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{kind}: {error}"))?;
        let mut line = String::new();
        let read = child.stdout.take().map(|out| BufReader::new(out).read_line(&mut line));
        let address =
            line.trim().parse().map_err(|error| format!("{kind} printed {line:?}: {error}; {read:?}"));
        match address {
            Ok(address) => Ok(Self { child, address }),
            Err(message) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(message)
            }
        }
    }

    /// Resident memory, in bytes.
    pub(super) fn memory(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/status", self.child.id());
        let status =
            fs::read_to_string(&path).map_err(|error| format!("{path}: {error} (the soak needs Linux)"))?;
        let resident =
            status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB"));
        let resident = resident.and_then(|text| text.parse::<f64>().ok());
        resident.map(|kilobytes| kilobytes * 1024.0).ok_or_else(|| format!("{path} has no VmRSS"))
    }

    /// How many file descriptors are open.
    pub(super) fn descriptors(&self) -> Result<usize, String> {
        let path = format!("/proc/{}/fd", self.child.id());
        fs::read_dir(&path).map(Iterator::count).map_err(|error| format!("{path}: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Its standard input ends first, so it may already be gone.
        drop(self.child.stdin.take());
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
