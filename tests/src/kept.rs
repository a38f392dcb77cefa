//! A program that ends with the test, however that ends.

use std::{
    fs::File,
    io,
    process::{Child, Command, Stdio},
};

/// Runs a program until it ends, or until standard input closes, which the operating system does however the test ends. Then it
/// gets the signal `$0`.
const KEEPER: &str = r#"
exec 3<&0
"$@" 3<&- </dev/null & program=$!
{ read -r _ <&3; kill -$0 $program; } & reader=$!
wait $program; status=$?
kill $reader
exit $status
"#;

/// The signal that ends a program at once.
#[derive(Clone, Copy, Debug)]
pub enum Ending {
    /// For one process. It can't be told from a crash.
    Kill,
    /// For PostgreSQL, which then ends its other processes, without finishing anything. A program that has no handler for it is
    /// not ended: the shell makes it ignore this signal.
    Quit,
}

/// A running program. It is killed when it is dropped.
#[derive(Debug)]
pub struct Kept(Child);

/// `command` (its program, arguments, environment and folder) as `"$@"` of a shell's `script`, whose `$0` is `name`. Its standard
/// input is a pipe that closes however this process ends; what it prints goes to `log`.
pub(crate) fn under_shell(script: &str, name: &str, command: &Command, log: &File) -> io::Result<Command> {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(script).arg(name).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        shell.current_dir(folder);
    }
    shell.stdin(Stdio::piped()).stdout(log.try_clone()?).stderr(log.try_clone()?);
    Ok(shell)
}

impl Kept {
    /// Starts `command` (its program, arguments, environment and folder; the rest is set here) and sends what it prints to `log`.
    ///
    /// # Errors
    ///
    /// If there is no shell.
    pub fn start(command: &Command, ending: Ending, log: &File) -> io::Result<Self> {
        let signal = match ending {
            Ending::Kill => "KILL",
            Ending::Quit => "QUIT",
        };
        Ok(Self(under_shell(KEEPER, signal, command, log)?.spawn()?))
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Ends it at once, without notice.
    pub fn kill(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.kill();
    }
}
