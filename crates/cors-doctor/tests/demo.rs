//! The doctor and this project's own servers: an audit of the Lab's API, and nginx in front of it, adding a header that is there
//! already.

use std::{fs, net::TcpListener, process::Command};

use demo_backend::{Options, Output, Running};
use end_to_end::peer::{Peer, required_peers};
use serde_json::Value;

/// The Lab, with a policy for its own page.
struct Lab {
    running: Running,
    page: String,
    _folder: tempfile::TempDir,
}

fn lab() -> Lab {
    let port = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let page = format!("http://localhost:{port}");
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("cors.toml");
    let text = format!(
        "allow_origins = ['{page}']\nallow_methods = ['PUT']\nallow_headers = ['content-type']\nallow_credentials = true\n"
    );
    fs::write(&policy, text).expect("a file");
    let running = Running::start(&Options {
        api: "localhost:0".to_owned(),
        page: format!("localhost:{port}"),
        attacker: "localhost:0".to_owned(),
        policy: Some(policy),
        output: Output::silent(),
    });
    Lab { running: running.expect("the Lab"), page, _folder: folder }
}

fn doctor(arguments: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(env!("CARGO_BIN_EXE_cors-doctor")).args(arguments).arg("--json").output();
    let output = output.expect("the program");
    let text = String::from_utf8_lossy(&output.stdout);
    let report = serde_json::from_str(&text);
    let report =
        report.unwrap_or_else(|error| panic!("{error}: {text}{}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), report)
}

#[test]
fn an_audit_of_the_lab_finds_nothing() {
    let lab = lab();
    let url = format!("{}/api/notes", lab.running.origins().api);
    let (status, report) = doctor(&["audit", &url, "--origin", &lab.page]);
    assert_eq!(report["findings"], Value::Array(Vec::new()), "{report:#}");
    assert_eq!(report["trusted_is_allowed"], true, "{report:#}");
    assert_eq!(status, Some(0));
}

#[test]
fn nginx_in_front_of_the_lab_writes_the_header_twice() {
    let runtime = Peer::Nginx.runtime();
    if let Err(missing) = runtime.find() {
        assert!(!required_peers().expect("a valid list").contains(&runtime), "{missing}");
        eprintln!("ignored: {missing}");
        return;
    }
    let lab = lab();
    let api = lab.running.origins().api.clone();
    let port = api.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
    let header = format!("Access-Control-Allow-Origin {} always;", lab.page);
    let check = |setup: &str| {
        let nginx = Peer::Nginx.start(setup, Some(port)).expect("nginx");
        let url = format!("http://127.0.0.1:{}/api/notes", nginx.port());
        doctor(&["check", &url, "--origin", &lab.page])
    };
    let (status, report) = check(&format!("add_header {header}"));
    assert_eq!(
        (status, &report["cause"], &report["certain"]),
        (Some(1), &"two-writers".into(), &true.into()),
        "{report:#}"
    );
    let servers = report["servers"].as_array().expect("a list");
    let nginx = servers.iter().find(|server| server["name"] == "nginx").expect("a recipe");
    assert!(nginx["line"].as_str().is_some_and(|line| line.contains("proxy_hide_header")), "{nginx:#}");
    let (status, report) =
        check(&format!("proxy_hide_header Access-Control-Allow-Origin;\nadd_header {header}"));
    assert_eq!(status, Some(0), "{report:#}");
}
