//! A program and all the processes it starts, ended together.
//!
//! A browser is a dozen processes, and a test may end in an orderly way, by a panic, by Ctrl-C or by a kill; nothing may
//! stay behind in any of these cases. So each program runs under a shell of three jobs in a process group of its own, and
//! the shell ends the group as soon as its standard input closes, which the system does for us whatever becomes of the
//! test. Nothing here knows what is being run.

use std::{
    fs::{self, File},
    io,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

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

/// How long the group may take to be gone. Longer than the keeper's own patience.
const PATIENCE: Duration = Duration::from_secs(10);

/// A running program with its descendants. They end when it is dropped, or when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Processes {
    keeper: Child,
    mark: String,
    ended: bool,
}

impl Processes {
    /// Starts `command` (its program, arguments and environment; the rest is set here) and sends what it prints to `log`.
    /// `folder`, which no other program uses, is its `TMPDIR`; all descendants inherit that, and are known by it.
    pub(crate) fn start(command: &Command, folder: &Path, log: &File) -> io::Result<Self> {
        let mut keeper = Command::new("sh");
        keeper.arg("-c").arg(KEEPER).arg("sh").arg(command.get_program()).args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        keeper.env("TMPDIR", folder);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut keeper, 0);
        keeper.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log.try_clone()?);
        let mark = format!("TMPDIR={}", folder.display());
        Ok(Self { keeper: keeper.spawn()?, mark, ended: false })
    }

    /// Whether the program still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.keeper.try_wait(), Ok(None))
    }

    /// Whether a process of the group runs, or one that left it: Chromium's crash handlers do, and end once they see the
    /// browser gone. Killed processes take a moment too, and whoever removes their folder then would race with them.
    /// Without `/proc` we take the keeper's word.
    fn has_descendants(&self) -> bool {
        let Ok(processes) = fs::read_dir("/proc") else { return false };
        let group = self.keeper.id().to_string();
        processes.flatten().any(|process| {
            let Ok(stat) = fs::read_to_string(process.path().join("stat")) else { return false };
            // "pid (name) state ppid pgrp …", where the name may hold anything, ")" too.
            let Some((_, fields)) = stat.rsplit_once(')') else { return false };
            let fields: Vec<_> = fields.split_whitespace().take(3).collect();
            // A zombie runs no more; when init reaps it is not ours to see.
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

    /// Ends all processes and waits until they are gone. Blocks, for some milliseconds as a rule.
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
        // Nobody is left to tell; a test that wants to know calls `end`.
        let _ = self.end();
    }
}
