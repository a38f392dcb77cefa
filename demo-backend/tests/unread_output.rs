//! Whatever becomes of its output, the program serves, reads its policy again, and ends when it is told to.
// For the addresses: every `127.*.*.*` is this machine.
#![cfg(target_os = "linux")]

mod lab;
mod program;

use std::{
    fs::{self, OpenOptions},
    io::{PipeReader, Write as _, pipe},
    process::Stdio,
    sync::atomic::{AtomicU8, Ordering},
    thread,
};

use lab::{Connection, send};
use program::{Started, eventually, policy_file, program};

/// A query that is shown as far as it may be.
const LONG: usize = 8000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stream {
    /// It takes everything, and nobody sees it.
    Null,
    /// Its reader is gone.
    Closed,
    /// Nobody reads it.
    Full,
    /// It is a file on a disk that is full.
    DiskFull,
    /// There is none.
    Missing,
}

impl Stream {
    /// What the program gets, and what keeps it as it is.
    fn open(self) -> (Stdio, Option<PipeReader>) {
        match self {
            Self::Null | Self::Missing => (Stdio::null(), None),
            Self::Closed => (pipe().expect("a pipe").1.into(), None),
            Self::Full => {
                let (reader, writer) = pipe().expect("a pipe");
                let mut other = writer.try_clone().expect("a pipe");
                // It waits as soon as the pipe is full, until the reader is dropped.
                thread::spawn(move || while other.write_all(&[b'x'; 4096]).is_ok() {});
                (writer.into(), Some(reader))
            }
            Self::DiskFull => {
                let full = OpenOptions::new().write(true).open("/dev/full");
                (full.expect("Linux has it").into(), None)
            }
        }
    }
}

/// An address that nothing else listens at. Where the program listens can't be read when nobody reads its output.
fn own_address() -> String {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [.., high, low] = std::process::id().to_be_bytes();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("127.{}.{low}.{count}:4180", high | 1)
}

#[test]
fn it_serves_and_follows_its_policy_and_ends() {
    let rows = [
        (Stream::Null, Stream::Null),
        (Stream::Closed, Stream::Null),
        (Stream::Full, Stream::Null),
        (Stream::Null, Stream::Closed),
        (Stream::Null, Stream::Full),
        (Stream::Closed, Stream::Closed),
        (Stream::Full, Stream::Full),
        (Stream::Full, Stream::Closed),
        (Stream::Missing, Stream::Missing),
        (Stream::DiskFull, Stream::DiskFull),
    ];
    for (stdout, stderr) in rows {
        if stdout == Stream::DiskFull && !fs::exists("/dev/full").unwrap_or(false) {
            continue;
        }
        let case = format!("stdout {stdout:?}, stderr {stderr:?}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = policy_file(folder.path(), "");
        let [api, page] = [(); 2].map(|()| own_address());
        let mut command =
            program(&["--api", &api, "--page", &page, "--attacker", "127.0.0.1:0", "--policy", &path]);
        let ((out, _out), (err, _err)) = (stdout.open(), stderr.open());
        // All that can be logged is.
        command.stdout(out).stderr(err).env("RUST_LOG", "trace");
        if stdout == Stream::Missing {
            let shell = std::process::Command::new("sh");
            let started = std::mem::replace(&mut command, shell);
            command
                .args(["-c", "exec \"$@\" >&- 2>&-", "sh"])
                .arg(started.get_program())
                .args(started.get_args());
        }
        let started = Started::unread(command);
        eventually(|| std::net::TcpStream::connect(&api).ok()).expect(&case);

        let (api, page) = (format!("http://{api}"), format!("http://{page}"));
        let long = format!("/api/notes?{}", "x".repeat(LONG));
        for number in 0..100 {
            // Refused, so that the middleware logs it as well.
            let origin = [("origin", "https://a.example")];
            assert_eq!(send(&api, "GET", &long, &origin, b"").status, 200, "{case}: request {number}");
        }
        fs::write(&path, "allow_origins = [\"https://a.example\"]").expect("the file can be written");
        let allowed = eventually(|| {
            let view = send(&page, "GET", "/control/s/default/policy", &[("x-cors-lab", "1")], b"").json();
            (view["config"]["allow_origins"][0] == "https://a.example").then_some(())
        });
        assert!(allowed.is_some(), "{case}: the policy is read again");
        started.ends_at("-TERM", &case);
    }
}

/// A mistake is exit code 2 even where the message about it has no reader.
#[test]
fn a_mistake_that_nobody_reads_of_is_still_exit_code_2() {
    for stream in [Stream::Closed, Stream::Full, Stream::Null] {
        let (err, _reader) = stream.open();
        let mut command = program(&["--api", "nowhere"]);
        command.stdout(Stdio::null()).stderr(err);
        let mut started = Started::unread(command);
        let ended = eventually(|| started.child.try_wait().expect("the program can be waited for"));
        assert_eq!(ended.and_then(|status| status.code()), Some(2), "{stream:?}");
    }
}

/// What was lost is said once the output is read again.
#[test]
fn lost_lines_are_counted() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = policy_file(folder.path(), "");
    let api = own_address();
    let arguments = ["--api", &api, "--page", "localhost:0", "--attacker", "localhost:0", "--policy", &path];
    let (reader, writer) = pipe().expect("a pipe");
    let mut command = program(&arguments);
    command.stdout(writer).stderr(Stdio::null());
    let started = Started::unread(command);
    eventually(|| std::net::TcpStream::connect(&api).ok()).expect("it listens");
    let mut connection = Connection::open(&format!("http://{api}"));
    // More than a pipe and the queue before it hold.
    for _ in 0..2500 {
        connection.send("GET", &format!("/api/notes?{}", "x".repeat(LONG)), &[], b"");
    }
    let lines = thread::spawn(move || {
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(reader)).map_while(Result::ok);
        let missing = lines.find(|line| line.contains("missing here"));
        // The rest is read, or the last lines would have to wait.
        lines.for_each(drop);
        missing
    });
    thread::sleep(std::time::Duration::from_millis(500));
    started.ends_at("-TERM", "its output is read again");
    let missing = lines.join().expect("no panic");
    assert!(missing.is_some_and(|line| line.starts_with('(')), "the number of lost lines is said");
}
