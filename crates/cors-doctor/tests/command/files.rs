//! Policy files, and the lines of the documentation for pull requests.

use std::{fs, process::Command};

use crate::run;

fn write(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, text).expect("a file");
    path.to_str().expect("a path").to_owned()
}

#[test]
fn a_policy_file_is_checked() {
    let folder = tempfile::tempdir().expect("a folder");
    let good =
        write(&folder, "good.toml", "allow_origins = ['https://app.example']\nallow_credentials = true\n");
    let bad = write(&folder, "bad.toml", "allow_origins = ['https://app.example/']\n");
    let table = write(&folder, "table.toml", "[server.cors]\nallow_origins = ['https://app.example']\n");
    assert_eq!(run(&["policy", &good]).status, 0);
    let result = run(&["policy", &bad]);
    assert_eq!(result.status, 1);
    assert!(result.out.contains("an origin has no path"), "{}", result.out);
    assert_eq!(run(&["policy", &table, "--table", "server.cors"]).status, 0);
    assert_eq!(run(&["policy", "/nonexistent"]).status, 2);
    assert_eq!(run(&["policy", &bad, "--json"]).json()["valid"], false);
}

#[test]
fn a_wider_policy_is_told_from_a_narrower_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let one = write(&folder, "one.toml", "allow_origins = ['https://app.example']\n");
    let two = write(&folder, "two.toml", "allow_origins = ['https://app.example', 'https://b.example']\n");
    let bad = write(&folder, "bad.toml", "allow_origins = 3\n");
    let empty = write(&folder, "empty.toml", "");
    for (old, new, status, expected) in [
        (&one, &two, 1, "it allows the origin https://b.example"),
        (&two, &one, 0, "nothing new"),
        (&one, &one, 0, "nothing new"),
        (&bad, &one, 1, "is not valid"),
        (&one, &bad, 1, "is not valid"),
        (&empty, &one, 1, "it allows the origin https://app.example"),
    ] {
        let result = run(&["diff", old, new]);
        assert_eq!(result.status, status, "{old} {new}\n{}{}", result.out, result.err);
        assert!(result.out.contains(expected), "{}", result.out);
    }
    assert_eq!(run(&["diff", "/nonexistent", &one]).status, 1);
    assert_eq!(run(&["diff", &one, "/nonexistent"]).status, 2);
}

/// The `run:` lines of the snippet in `docs/doctor.md`, in a repository with a branch that widens the policy.
#[test]
fn the_pull_request_check_of_the_documentation_works() {
    let document = include_str!("../../../../docs/doctor.md");
    let script = script(document);
    let folder = tempfile::tempdir().expect("a folder");
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
        let output = Command::new("git")
            .args(identity)
            .args(arguments)
            .current_dir(folder.path())
            .output()
            .expect("git");
        assert!(output.status.success(), "{arguments:?} {}", String::from_utf8_lossy(&output.stderr));
    };
    let commit = |text: &str| {
        write(&folder, "cors.toml", text);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "x"]);
    };
    git(&["init", "-q", "-b", "main"]);
    commit("allow_origins = ['https://app.example', 'https://b.example']\n");
    git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let check = || {
        let program = std::path::Path::new(env!("CARGO_BIN_EXE_cors-doctor")).parent().expect("a folder");
        let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = Command::new("bash");
        command.args(["-e", "-c", &script]).env("PATH", path).env("GITHUB_BASE_REF", "main");
        command.current_dir(folder.path()).output().expect("bash").status.code()
    };
    commit("allow_origins = ['https://app.example']\n");
    assert_eq!(check(), Some(0));
    commit("allow_origins = ['https://app.example', 'https://c.example']\n");
    assert_eq!(check(), Some(1));
}

/// What stands under `run: |`.
fn script(document: &str) -> String {
    let lines = document.lines().skip_while(|line| line.trim() != "run: |").skip(1);
    let lines = lines.take_while(|line| line.starts_with("          ") || line.trim().is_empty());
    lines
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("git fetch"))
        .collect::<Vec<_>>()
        .join("\n")
}
