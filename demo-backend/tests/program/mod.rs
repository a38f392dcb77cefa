//! Starts the program, and ends it with the test.
#![allow(dead_code, reason = "every file of tests uses a part of this")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// Far longer than anything takes, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-backend"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A program that is ended when the test is, however that ends.
pub(crate) struct Started {
    pub(crate) child: Child,
    lines: Receiver<String>,
}

impl Started {
    pub(crate) fn new(mut command: Command) -> Self {
        let mut child = command.spawn().expect("the program starts");
        let (sender, lines) = mpsc::channel();
        let streams: [Option<Box<dyn std::io::Read + Send>>; 2] = [
            child.stdout.take().map(|stream| Box::new(stream) as _),
            child.stderr.take().map(|stream| Box::new(stream) as _),
        ];
        for stream in streams.into_iter().flatten() {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Waits for a line that contains the text.
    pub(crate) fn expect(&self, text: &str) -> String {
        let mut seen = Vec::new();
        loop {
            let Ok(line) = self.lines.recv_timeout(PATIENCE) else {
                panic!("no line has {text:?}; there were {seen:#?}");
            };
            if line.contains(text) {
                return line;
            }
            seen.push(line);
        }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn free_ports() -> [&'static str; 6] {
    ["--api", "localhost:0", "--page", "localhost:0", "--attacker", "localhost:0"]
}

/// Runs a program that is expected to end by itself.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let started = program(arguments).spawn().expect("the program starts");
    let (sender, receiver) = mpsc::channel();
    let id = started.id();
    thread::spawn(move || sender.send(started.wait_with_output()));
    let Ok(output) = receiver.recv_timeout(PATIENCE) else {
        let _ = Command::new("kill").arg(id.to_string()).status();
        panic!("{arguments:?}: the program should have ended");
    };
    output.expect("its output can be read")
}

pub(crate) fn policy_file(folder: &Path, text: &str) -> String {
    let path = folder.join("cors.toml");
    fs::write(&path, text).expect("a temporary file can be written");
    path.to_str().expect("a temporary path is UTF-8").to_owned()
}

impl Started {
    /// Without anything that reads its output.
    pub(crate) fn unread(mut command: Command) -> Self {
        let child = command.spawn().expect("the program starts");
        Self { child, lines: mpsc::channel().1 }
    }

    /// Sends a signal, and waits for the end, which must be a success.
    #[cfg(unix)]
    pub(crate) fn ends_at(mut self, signal: &str, case: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{case}: the signal can be sent");
        let ended = eventually(|| self.child.try_wait().expect("the program can be waited for"));
        assert!(ended.is_some_and(|status| status.success()), "{case}: {signal}: {ended:?}");
    }
}

/// Tries until there is something, or patience ends.
pub(crate) fn eventually<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        let found = look();
        if found.is_some() || start.elapsed() > PATIENCE {
            return found;
        }
        thread::sleep(Duration::from_millis(50));
    }
}
