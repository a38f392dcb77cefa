//! The program as people start it: its first lines, its messages about mistakes, and its end.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// Far longer than anything takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_demo-backend"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A program that is ended when the test is, however that ends.
struct Started {
    child: Child,
    lines: Receiver<String>,
}

impl Started {
    fn new(mut command: Command) -> Self {
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
    fn expect(&self, text: &str) -> String {
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

fn free_ports() -> [&'static str; 6] {
    ["--api", "localhost:0", "--page", "localhost:0", "--attacker", "localhost:0"]
}

/// Runs a program that is expected to end by itself.
fn run(arguments: &[&str]) -> Output {
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

fn policy_file(folder: &Path, text: &str) -> String {
    let path = folder.join("cors.toml");
    fs::write(&path, text).expect("a temporary file can be written");
    path.to_str().expect("a temporary path is UTF-8").to_owned()
}

#[test]
fn mistakes_are_one_clear_message_and_exit_code_2() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let valid = policy_file(folder.path(), "");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let taken = taken.local_addr().expect("it has an address");
    let missing = folder.path().join("missing.toml");
    let missing = missing.to_str().expect("a temporary path is UTF-8");
    let invalid_folder = tempfile::tempdir().expect("a temporary folder");
    let invalid =
        policy_file(invalid_folder.path(), "allow_origins = [\"https://a.example/\"]\nmax_age = 90000\n");
    let unknown_folder = tempfile::tempdir().expect("a temporary folder");
    let unknown = policy_file(unknown_folder.path(), "allow_origin = \"*\"\n");

    for (name, arguments, said) in [
        (
            "the API's port is taken",
            ["--api", &taken.to_string(), "--page", "localhost:0", "--policy", &valid],
            vec![format!("error: {taken} is taken by another program")],
        ),
        (
            "the page's port is taken",
            ["--api", "localhost:0", "--page", &taken.to_string(), "--policy", &valid],
            vec![format!("error: {taken} is taken by another program")],
        ),
        (
            "an address without a port",
            ["--api", "localhost", "--page", "localhost:0", "--policy", &valid],
            vec!["\"localhost\" is not an address to listen at".to_owned()],
        ),
        (
            "a port that is too large",
            ["--api", "localhost:99999", "--page", "localhost:0", "--policy", &valid],
            vec!["\"localhost:99999\" is not an address to listen at".to_owned()],
        ),
        (
            "a policy file that is not there",
            ["--api", "localhost:0", "--page", "localhost:0", "--policy", missing],
            vec!["error: the policy file ".to_owned(), "missing.toml can't be read".to_owned()],
        ),
        (
            "an invalid policy, every problem",
            ["--api", "localhost:0", "--page", "localhost:0", "--policy", &invalid],
            vec![
                "the CORS policy has 2 problems".to_owned(),
                "line 1, allow_origins[0] \"https://a.example/\"".to_owned(),
                "line 2, max_age 90000".to_owned(),
            ],
        ),
        (
            "a setting that does not exist",
            ["--api", "localhost:0", "--page", "localhost:0", "--policy", &unknown],
            vec!["line 1".to_owned(), "unknown field `allow_origin`".to_owned()],
        ),
    ] {
        let output = run(&[&arguments[..], &["--attacker", "localhost:0"]].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}: {error}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{name}: nothing was started");
        for said in said {
            assert!(error.contains(&said), "{name}: {said:?} should be in {error:?}");
        }
    }
}

#[test]
fn a_save_is_announced_and_an_invalid_one_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = policy_file(folder.path(), "");
    let arguments = [&free_ports()[..], &["--policy", &path]].concat();
    let started = Started::new(program(&arguments));
    started.expect("The policy in force allows no other origin.");
    started.expect("Ctrl-C stops the servers.");

    fs::write(&path, "allow_origins = [\"https://a.example\"]").expect("the file can be written");
    started.expect("The policy in force allows https://a.example.");

    fs::write(&path, "allow_origins = [\n\"null\",\n\"a.example\"]").expect("the file can be written");
    started.expect("the CORS policy has 2 problems:");
    started.expect("1. line 2, allow_origins[0] \"null\"");
    started.expect("2. line 3, allow_origins[1] \"a.example\"");
    started.expect("The previous policy stays in force.");

    // As many editors save: another file takes the name.
    let new = folder.path().join("new");
    fs::write(&new, "allow_origins = [\"https://b.example\"]").expect("the file can be written");
    fs::rename(&new, &path).expect("the file can be renamed");
    started.expect("The policy in force allows https://b.example.");
}

#[test]
fn the_shipped_policy_allows_nothing_wherever_the_program_is_started() {
    let elsewhere = tempfile::tempdir().expect("a temporary folder");
    let mut command = program(&free_ports());
    command.current_dir(elsewhere.path());
    let started = Started::new(command);
    let page = started.expect("the page");
    started.expect("The policy in force allows no other origin.");
    started.expect("Ctrl-C");

    let page = page.split_whitespace().find(|word| word.starts_with("http://")).expect("the page's address");
    let authority = page.strip_prefix("http://").expect("an http URL");
    let mut connection = std::net::TcpStream::connect(authority).expect("the page's server listens");
    connection.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    std::io::Write::write_all(
        &mut connection,
        format!("GET / HTTP/1.1\r\nhost: {authority}\r\nconnection: close\r\n\r\n").as_bytes(),
    )
    .expect("a request can be sent");
    let mut response = String::new();
    connection.read_to_string(&mut response).expect("the response can be read");
    assert!(response.starts_with("HTTP/1.1 200"), "{response}");
    assert!(response.contains("<title>CORS Lab</title>"), "{response}");
}

/// Ctrl-C stops the servers, and the exit code says success.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_it() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = policy_file(folder.path(), "");
    let arguments = [&free_ports()[..], &["--policy", &path]].concat();
    for signal in ["-INT", "-TERM"] {
        let mut started = Started::new(program(&arguments));
        started.expect("Ctrl-C");
        let sent = Command::new("kill").args([signal, &started.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal can be sent");
        let ended = (0..600).find_map(|_| {
            thread::sleep(Duration::from_millis(50));
            started.child.try_wait().expect("the program can be waited for")
        });
        assert!(ended.is_some_and(|status| status.success()), "{signal}: {ended:?}");
    }
}

/// One line for each exchange, with the verdict, and without colours where stdout is not a terminal.
#[test]
fn every_exchange_is_a_line() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = policy_file(folder.path(), "allow_origins = [\"https://a.example\"]");
    let started = Started::new(program(&[&free_ports()[..], &["--policy", &path]].concat()));
    let api = started.expect("the API");
    started.expect("Ctrl-C");
    let authority = api.split("http://").nth(1).expect("the API's address");
    let send = |method: &str, lines: &str| {
        let mut connection = std::net::TcpStream::connect(authority).expect("the API listens");
        let head = format!(
            "{method} /api/notes/1?run=a1 HTTP/1.1\r\nhost: {authority}\r\n{lines}connection: close\r\n\r\n"
        );
        std::io::Write::write_all(&mut connection, head.as_bytes()).expect("a request can be sent");
        connection.read_to_string(&mut String::new()).expect("the response can be read");
    };
    let from = |origin: &str| format!("origin: {origin}\r\n");
    let preflight =
        |method: &str| format!("{}access-control-request-method: {method}\r\n", from("https://a.example"));
    for (method, lines, said) in [
        (
            "GET",
            from("https://a.example"),
            "GET     200  api/notes/1               allowed for https://a.example, without cookies",
        ),
        (
            "GET",
            from("https://b.example"),
            "GET     200  api/notes/1               the origin \"https://b.example\" is not",
        ),
        (
            "GET",
            String::new(),
            "GET     200  api/notes/1               no Origin header, so CORS doesn't apply",
        ),
        (
            "OPTIONS",
            preflight("PUT\r\naccess-control-request-headers: access-control-allow-origin"),
            "remove \"access-control-allow-origin\" from the request's headers",
        ),
        (
            "GET",
            from("https://a.example") + "cookie: a=b\r\n",
            "the request carries cookies, which the policy does not allow",
        ),
        ("OPTIONS", preflight("GET"), "may be sent by https://a.example, without cookies"),
        (
            "OPTIONS",
            preflight("PUT"),
            "OPTIONS 204  api/notes/1               the method \"PUT\" is not allowed",
        ),
    ] {
        send(method, &lines);
        let line = started.expect("api/notes/1");
        assert!(line.contains(said), "{said:?} should be in {line:?}");
        assert!(!line.contains('\x1b'), "{line:?}");
    }
}
