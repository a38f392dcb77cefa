//! Every command line of the documents that calls the doctor, run by a shell as a reader would, with the names of the examples
//! leading to a closed port of this machine.

#![cfg(unix)]

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The documents that people read: everything in Markdown or YAML at the top, in `docs`, in a crate, or in an issue template.
fn documents() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let mut folders = vec![
        root.to_owned(),
        root.join("docs"),
        root.join("demo-backend"),
        root.join(".github/ISSUE_TEMPLATE"),
    ];
    folders.extend(
        fs::read_dir(root.join("crates")).expect("crates").map(|entry| entry.expect("a crate").path()),
    );
    let files = folders.iter().flat_map(|folder| fs::read_dir(folder).expect("a folder"));
    let mut found: Vec<_> = files
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "md" || extension == "yml"))
        .collect();
    found.sort();
    found
}

/// The command lines that call the doctor: lines of `sh` blocks, and code in a sentence that is a whole command.
fn commands(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut block = None;
    for line in text.lines() {
        let trimmed = line.trim();
        if let Some(language) = trimmed.strip_prefix("```") {
            block = if block.is_some() { None } else { Some(language) };
        } else if block == Some("sh") && calls_the_doctor(trimmed) {
            found.push(trimmed.to_owned());
        } else if block.is_none() {
            found.extend(
                trimmed
                    .split('`')
                    .skip(1)
                    .step_by(2)
                    .filter(|code| calls_the_doctor(code) && code.contains("://"))
                    .map(str::to_owned),
            );
        }
    }
    found
}

fn calls_the_doctor(line: &str) -> bool {
    let own = line.contains("cors-doctor ") || line.ends_with("cors-doctor");
    own && !line.starts_with("cargo install")
        && !line.starts_with("cargo test")
        && !line.starts_with("cargo build")
}

fn script(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, text).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[test]
fn every_command_in_a_document_is_understood() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let doctor = env!("CARGO_BIN_EXE_cors-doctor");
    // Nothing leaves this machine: whatever a command names is refused here.
    let refused = ["api.example:443", "api.example:80", "shop.example:443"]
        .map(|host| format!(" --resolve {host}:127.0.0.1"))
        .concat();
    let own = format!(
        "#!/bin/sh\ncase \"$1\" in check|audit) for word; do case \"$word\" in --har|--help) exec '{doctor}' \"$@\";; esac; done; exec '{doctor}' \"$@\"{refused};; *) exec '{doctor}' \"$@\";; esac\n"
    );
    script(path, "cors-doctor", &own);
    script(
        path,
        "cargo",
        "#!/bin/sh\nwhile [ \"$1\" != -- ]; do shift; done; shift; exec cors-doctor \"$@\"\n",
    );
    script(path, "curl", "#!/bin/sh\nprintf 'HTTP/1.1 200 OK\\r\\ncontent-type: text/plain\\r\\n\\r\\n'\n");
    script(
        path,
        "pbpaste",
        "#!/bin/sh\necho \"No 'Access-Control-Allow-Origin' header is present on the requested resource.\"\n",
    );
    fs::write(path.join("cors.toml"), "allow_origins = ['https://shop.example']\n").expect("a policy");
    fs::copy(path.join("cors.toml"), path.join("old.toml")).expect("a policy");
    fs::copy(path.join("cors.toml"), path.join("new.toml")).expect("a policy");
    let recording = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/chrome.har");
    fs::copy(recording, path.join("shop.example.har")).expect("a recording");

    let mut seen = 0;
    for document in documents() {
        for command in commands(&fs::read_to_string(&document).expect("a document")) {
            let run = Command::new("sh")
                .args(["-c", &command])
                .current_dir(path)
                .env("PATH", format!("{}:{}", path.display(), std::env::var("PATH").unwrap_or_default()))
                .stdin(Stdio::null())
                .output()
                .expect("a shell");
            let text =
                String::from_utf8_lossy(&run.stderr).into_owned() + &String::from_utf8_lossy(&run.stdout);
            // 2 is what the doctor ends with if it does not understand its arguments, 127 a shell that doesn't know a command.
            let understood = matches!(run.status.code(), Some(0 | 1 | 3 | 4));
            assert!(understood, "{}: {command}\n{:?}\n{text}", document.display(), run.status);
            seen += 1;
        }
    }
    assert!(seen >= 8, "only {seen} commands were found");
}
