//! `file_with_live_reload`.

use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant, UNIX_EPOCH},
};

use tempfile::TempDir;

use crate::running::{Example, Reply, fails};

const BEFORE: &str = "allow_origins = ['https://before.example']\nallow_credentials = true\n";
const AFTER: &str = "allow_origins = [\n  'https://after.example',\n]\nallow_credentials = true\n";
const MISTAKE: &str = "allow_origins = [\n  'https://after.example/',\n]\n";

struct Server {
    example: Example,
    file: PathBuf,
    _folder: TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let file = folder.path().join("cors.toml");
        fs::write(&file, BEFORE).expect("a file");
        let example = Example::start("file_with_live_reload", &[&file], &[]);
        Self { example, file, _folder: folder }
    }

    /// Saves as most editors do: another file takes the name.
    fn save(&self, text: &str) {
        let other = self.file.with_extension("new");
        fs::write(&other, text).and_then(|()| fs::rename(&other, &self.file)).expect("a file");
    }

    fn get(&self, origin: &str) -> Reply {
        self.example.get("/notes", &[&format!("Origin: {origin}")])
    }

    #[track_caller]
    fn has(&self, policy: &str) {
        for origin in ["https://before.example", "https://after.example"] {
            let reply = self.get(origin);
            if policy.contains(origin) { reply.is_allowed(200, origin) } else { reply.is_refused(200) }
        }
    }
}

pub(crate) fn when_the_file_changes() {
    let server = Server::start();
    server.has(BEFORE);
    server.save(AFTER);
    server.example.wait_until_printed("a new policy is in force");
    server.example.wait_until_printed("  it allows the origin https://after.example");
    server.has(AFTER);
    // Back again, with the time of long ago, as a restored file has it.
    server.save(BEFORE);
    let opened = fs::File::options().write(true).open(&server.file).expect("the file");
    opened.set_modified(UNIX_EPOCH).expect("a time");
    server.example.wait_until_printed("  it allows the origin https://before.example");
    server.has(BEFORE);
}

pub(crate) fn a_mistake_keeps_the_previous_policy() {
    let server = Server::start();
    server.save(MISTAKE);
    server.example.wait_until_printed("the previous policy stays in force");
    let says = r#"line 2, allow_origins[0] "https://after.example/": an origin has no path. Write "https://after.example""#;
    assert!(server.example.printed().contains(says), "{}", server.example.printed());
    server.has(BEFORE);
    // Said once, and not with every look.
    thread::sleep(Duration::from_millis(2500));
    assert_eq!(server.example.printed().matches("the previous policy stays in force").count(), 1);
    fs::remove_file(&server.file).expect("the file");
    server.example.wait_until_printed("cors.toml: No such file");
    server.has(BEFORE);
    server.save(AFTER);
    server.example.wait_until_printed("a new policy is in force");
    server.has(AFTER);
}

/// An editor that writes for a while never puts half a file in force.
pub(crate) fn half_a_file_is_not_read() {
    let server = Server::start();
    let mut longest_pause = Duration::ZERO;
    for number in 0..25 {
        let start = Instant::now();
        // Each is a valid policy, and different from the one before.
        fs::write(&server.file, format!("{AFTER}# {number}\n")).expect("the file");
        thread::sleep(Duration::from_millis(100));
        longest_pause = longest_pause.max(start.elapsed());
    }
    let printed = server.example.printed();
    // On a machine that is very busy, the file may rest for so long that it counts as saved.
    assert!(!printed.contains("a new policy") || longest_pause > Duration::from_millis(800), "{printed}");
    server.example.wait_until_printed("a new policy is in force");
    server.has(AFTER);
}

#[cfg(unix)]
pub(crate) fn on_hangup() {
    let server = Server::start();
    // Nothing has changed, so what is printed is printed because of the signal.
    hang_up(&server.example);
    server.example.wait_until_printed("a new policy is in force");
    server.save(AFTER);
    hang_up(&server.example);
    server.example.wait_until_printed("  it allows the origin https://after.example");
    server.has(AFTER);
    server.save(MISTAKE);
    hang_up(&server.example);
    server.example.wait_until_printed("the previous policy stays in force");
    server.has(AFTER);
}

#[cfg(unix)]
fn hang_up(example: &Example) {
    let sent = std::process::Command::new("kill").args(["-HUP", &example.id().to_string()]).status();
    assert!(sent.is_ok_and(|status| status.success()), "kill -HUP");
}

pub(crate) fn a_mistake_at_the_start() {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("cors.toml");
    for (text, says) in
        [(Some(MISTAKE), "line 2"), (Some("allow_origin = '*'"), "line 1"), (None, "No such file")]
    {
        match text {
            Some(text) => fs::write(&file, text).expect("a file"),
            None => fs::remove_file(&file).expect("the file"),
        }
        let (has_failed, printed) = fails("file_with_live_reload", &[&file], &[]);
        assert!(
            has_failed && printed.contains("cors.toml:\n") && printed.contains(says),
            "{text:?}: {printed}"
        );
    }
}
