//! The program as people start it: its first lines, its messages about mistakes, and its end.

mod program;

use std::{fs, io::Read as _, net::TcpListener, thread, time::Duration};

use program::{PATIENCE, Started, free_ports, policy_file, program, run};

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
        let started = Started::new(program(&arguments));
        started.expect("Ctrl-C");
        started.ends_at(signal, "it was just started");
    }
}

/// Even while clients keep their connections open, in every state that a request can be in.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_whatever_its_clients_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = policy_file(folder.path(), "");
    let started = Started::new(program(&[&free_ports()[..], &["--policy", &path]].concat()));
    let servers = ["the page", "the API", "the attacker"].map(|name| {
        let line = started.expect(name);
        let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
        address.expect("an address").to_owned()
    });
    started.expect("Ctrl-C");
    let open = |authority: &String, sent: &str| {
        let mut connection = std::net::TcpStream::connect(authority).expect("the server listens");
        let sent = sent.replace("HOST", authority);
        std::io::Write::write_all(&mut connection, sent.as_bytes()).expect("the server reads");
        connection
    };
    let whole = "GET /style.css HTTP/1.1\r\nhost: HOST\r\n\r\n";
    let connections: Vec<_> = servers
        .iter()
        .flat_map(|server| {
            [
                // Nothing, a part of a head, a part of a body, chunks without an end, and responses that nobody reads.
                open(server, ""),
                open(server, "GET / HTTP/1.1\r\nhost: HOST\r\n"),
                open(server, "POST /api/notes HTTP/1.1\r\nhost: HOST\r\ncontent-length: 9\r\n\r\n{"),
                open(
                    server,
                    "POST /api/notes HTTP/1.1\r\nhost: HOST\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n",
                ),
                // More than the buffers between the two hold.
                open(server, &whole.repeat(2000)),
            ]
        })
        .collect();
    // Until each is in its state: the last ones are when no buffer takes any more.
    thread::sleep(Duration::from_secs(2));
    started.ends_at("-TERM", "connections are open");
    drop(connections);
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
