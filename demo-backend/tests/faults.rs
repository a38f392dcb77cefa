//! What fails around the Lab, beyond what the files named in `docs/hardening.md` show: a policy that is saved too often or
//! half, and a signal while requests are under way.
#![cfg(unix)]

mod lab;
mod program;

use std::{
    collections::BTreeSet,
    fs,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use demo_backend::{
    Output,
    session::policy_file::{PolicyFile, PolicyFileStatus},
};
use lab::send;
use program::{Started, eventually, free_ports, policy_file, program};
use serde_json::json;

fn policy(number: u32) -> String {
    format!("allow_origins = [\"https://app{number}.example\"]\nallow_methods = [\"PUT\"]\n")
}

fn followed(path: &Path) -> (PolicyFile, impl Fn(&str) -> PolicyFileStatus) {
    let file = PolicyFile::open(path).expect("a valid policy");
    let of_reader = file.clone();
    (file, move |wanted| {
        eventually(|| Some(of_reader.status()).filter(|status| status.config.allow_origins == [wanted]))
            .unwrap_or_else(|| panic!("{wanted} never came: {:?}", of_reader.status()))
    })
}

/// Each of the policies that are ever in force is one that was saved, whole, and the last one is in force in the end.
#[test]
fn a_policy_saved_ten_times_in_a_second() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("cors.toml");
    fs::write(&path, policy(0)).expect("a file can be written");
    let (file, wait_for) = followed(&path);
    let _watch = file.watch(Output::silent());
    for ways in 0..3 {
        let mut seen = BTreeSet::new();
        for number in 1..=10 {
            let number = ways * 10 + number;
            match ways {
                0 => fs::write(&path, policy(number)).expect("a file can be written"),
                1 => {
                    let new = folder.path().join("new");
                    fs::write(&new, policy(number)).expect("a file can be written");
                    fs::rename(&new, &path).expect("a file can be renamed");
                }
                _ => {
                    let _ = fs::remove_file(&path);
                    fs::write(&path, policy(number)).expect("a file can be written");
                }
            }
            let until = Instant::now() + Duration::from_millis(100);
            while Instant::now() < until {
                let status = file.status();
                seen.insert((status.config.allow_origins.clone(), status.config.allow_methods.clone()));
                thread::sleep(Duration::from_millis(5));
            }
        }
        let last = format!("https://app{}.example", ways * 10 + 10);
        let status = wait_for(&last);
        assert_eq!(status.problem, None);
        for (origins, methods) in seen {
            assert_eq!((origins.len(), methods), (1, vec!["PUT".to_owned()]), "{origins:?}");
        }
    }
}

/// A file that lost its end is said to be wrong where it is, and what was in force stays.
#[test]
fn a_truncated_policy_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("cors.toml");
    let whole = policy(1);
    fs::write(&path, &whole).expect("a file can be written");
    let (file, wait_for) = followed(&path);
    let _watch = file.watch(Output::silent());
    // Within a name, a string, a list, and a bracket before its end; at a line's end it would be another policy.
    for length in [5, 14, 17, 30, 43, whole.len() - 3] {
        fs::write(&path, &whole[..length]).expect("a file can be written");
        let status = eventually(|| Some(file.status()).filter(|status| status.problem.is_some()));
        let status = status.unwrap_or_else(|| panic!("{:?} is accepted", &whole[..length]));
        assert_eq!(status.config.allow_origins, ["https://app1.example"], "{:?}", &whole[..length]);
        fs::write(&path, &whole).expect("a file can be written");
        eventually(|| Some(file.status()).filter(|status| status.problem.is_none()))
            .expect("it is whole again");
        wait_for("https://app1.example");
    }
}

/// Requests that are under way when the Lab is told to end get their responses.
#[test]
fn a_signal_during_requests_lets_them_finish() {
    for signal in ["-TERM", "-INT"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = policy_file(folder.path(), "");
        let started = Started::new(program(&[&free_ports()[..], &["--policy", &path]].concat()));
        let [page, api] = ["the page", "the API"].map(|name| {
            let line = started.expect(name);
            let address = line.split("http://").nth(1).and_then(|rest| rest.split_whitespace().next());
            format!("http://{}", address.expect("an address"))
        });
        started.expect("Ctrl-C");
        let headers = [("x-cors-lab", "1"), ("content-type", "application/json")];
        let made = send(&page, "POST", "/control/sessions", &headers, b"{}");
        let session = made.json()["id"].as_str().expect("an id").to_owned();
        let hand = json!({ "response": { "delay_ms": 600 } }).to_string();
        let put = send(&page, "PUT", &format!("/control/s/{session}/hand"), &headers, hand.as_bytes());
        assert_eq!(put.status, 200, "{put:?}");
        let under_way: Vec<_> = [&api, &page]
            .map(|origin| {
                // By the API, and by the page's server, as the proxy passes it on.
                let (origin, path) = (origin.clone(), format!("/s/{session}/hand/notes"));
                thread::spawn(move || send(&origin, "GET", &path, &[], b"").status)
            })
            .into();
        thread::sleep(Duration::from_millis(200));
        started.ends_at(signal, "requests are under way");
        for request in under_way {
            assert_eq!(request.join().expect("it gets a response"), 200, "{signal}");
        }
    }
}
