//! The `curl` commands of the examples' first comments, run as they stand there, but for the port.

use std::{fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::running::Example;

/// Each example with the statuses that its commands print.
pub(crate) fn each_prints_its_status() {
    let tenants = TempDir::new().expect("a folder");
    fs::write(tenants.path().join("acme"), "https://acme.example").expect("a file");
    let tenants = tenants.path().to_str().expect("a path in UTF-8");
    let origins = "https://app.example.com, http://localhost:5173";
    for (name, variables, expected) in [
        ("one_origin", &[][..], &[200, 204, 200, 403][..]),
        ("file_with_live_reload", &[], &[200]),
        ("origins_from_environment", &[("ALLOWED_ORIGINS", origins)], &[200, 200, 200]),
        ("public_and_private_paths", &[], &[200, 200, 200, 200, 200]),
        ("preview_deployments", &[("STAGE", "preview")], &[200, 200, 200, 200]),
        ("cookies_and_login", &[], &[200]),
        ("fonts_for_other_sites", &[], &[200]),
        ("web_socket", &[], &[101]),
        ("source_with_cache", &[("TENANTS", tenants)], &[200]),
    ] {
        let server = Example::start(name, &[], variables);
        assert_eq!(statuses(name, &[(8080, server.port())]), expected, "{name}");
    }
}

/// What the commands print first, each run with the second of each pair of ports in the place of the first.
pub(crate) fn statuses(name: &str, ports: &[(u16, u16)]) -> Vec<u16> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name).with_extension("rs");
    let text = fs::read_to_string(file).expect("an example").replace("\\\n//!", " ");
    let commands = text.lines().filter_map(|line| line.strip_prefix("//!     curl "));
    // Where the reader has to put something in, there is nothing to run.
    let commands = commands.filter(|command| !command.contains('…'));
    let status = |command: &str| {
        let mut command = command.to_owned();
        for (old, new) in ports {
            command = command.replace(&format!(":{old}"), &format!(":{new}"));
        }
        // A WebSocket stays open, so each gets two seconds.
        let output = Command::new("sh").args(["-c", &format!("curl --max-time 2 {command}")]).output();
        let output = output.expect("sh");
        let printed = [output.stdout, output.stderr].concat();
        let printed = String::from_utf8_lossy(&printed);
        let status = printed.split_once("HTTP/1.1 ").and_then(|(_, rest)| rest.get(..3)?.parse().ok());
        status.unwrap_or_else(|| panic!("curl {command}\nprinted no status:\n{printed}"))
    };
    commands.map(status).collect()
}
