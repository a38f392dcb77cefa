//! A program and all processes that it starts, ended together.
//!
//! A browser is a dozen processes, and a test may end normally, by a panic, by Ctrl-C or by a kill; no process may remain in
//! any of these cases. So each program runs under a shell with three jobs, in its own process group. The shell ends the
//! group as soon as its standard input closes, which the operating system does however the test ends. Nothing here depends
//! on the program.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

use crate::kept::under_shell;

/// Runs `"$@"` until it ends or the other end of standard input closes, then ends the whole group.
///
/// `SIGTERM` first, because Xvfb removes its lock file and its socket only then. The traps keep the shells alive through
/// their own `SIGTERM`; the first `wait` is cut short by it, hence the second.
const KEEPER: &str = r#"
exec 3<&0
trap : TERM
"$@" 3<&- </dev/null & program=$!
{ trap : TERM; read -r _ <&3; kill -TERM 0; sleep 3; kill -KILL 0; } &
wait $program; wait $program
echo "(ended with status $?)"
kill -KILL 0
"#;

/// How long the group may take to end. Longer than the 3 s that the keeper waits before `SIGKILL`.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program with its descendants. They end when it is dropped, or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Processes {
    keeper: Child,
    mark: String,
    ended: bool,
}

impl Processes {
    /// Starts `command` (its program, arguments, environment and folder; the rest is set here) and sends what it prints to `log`.
    /// `folder`, which no other program uses, is its `TMPDIR`; all descendants inherit it, and are recognised by it.
    pub(crate) fn start(command: &Command, folder: &Path, log: &File) -> io::Result<Self> {
        let mut keeper = under_shell(KEEPER, "sh", command, log)?;
        keeper.env("TMPDIR", folder);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        let mark = format!("TMPDIR={}", folder.display());
        Ok(Self { keeper: keeper.spawn()?, mark, ended: false })
    }

    /// Whether the program still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Whether a process of the group runs, or one that left it: Chromium's crash handlers leave it, and end once the browser
    /// is gone. Killed processes take a moment to end, too, and removing their folder before that would be a race. Without
    /// `/proc`, the keeper's end has to do.
    fn has_descendants(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else { return false };
        let group = self.keeper.id().to_string();
        processes.flatten().any(|process| {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else { return false };
            // "pid (name) state ppid pgrp …", where the name may hold anything, ")" too.
            let Some((_, fields)) = stat.rsplit_once(')') else { return false };
            let fields: Vec<_> = fields.split_whitespace().take(3).collect();
            // A zombie no longer runs; it doesn't matter when init reaps it.
            if matches!(fields[..], ["Z" | "X", ..]) {
                return false;
            }
            let is_marked = || {
                let environment = fs::read(process.path().join("environ")).unwrap_or_default();
                environment.split(|&byte| byte == 0).any(|entry| entry == self.mark.as_bytes())
            };
            fields.get(2) == Some(&group.as_str()) || is_marked()
        })
    }

    /// Ends all processes and waits until they are gone. Blocks, usually for some milliseconds.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if std::mem::replace(&mut self.ended, true) {
            return Ok(());
        }
        drop(self.keeper.stdin.take());
        let deadline = Instant::now() + PATIENCE;
        while self.is_running() || self.has_descendants() {
            if Instant::now() > deadline {
                return Err(io::Error::other(format!("process group {} does not end", self.keeper.id())));
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        // A drop can't return an error; a test that needs it calls `end`.
        let _ = self.end();
    }
}
