//! A thousand sessions, each as full as can be, stay under 50 MB.

mod lab;

use std::alloc::System;

use lab::{Connection, TestLab};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const SESSIONS: usize = 1000;
const MOST: usize = 50_000_000;

fn held() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

#[test]
fn a_thousand_full_sessions_stay_under_50_mb() {
    let lab = TestLab::start();
    let before = held();
    let mut page = Connection::open(lab.page());
    let mut api = Connection::open(lab.api());
    let control = [("x-cors-lab", "1"), ("content-type", "application/json")];
    // As much as each may be.
    let origins: Vec<String> =
        (0..31).map(|n| format!("https://*.origin-{n}.{}.example", "x".repeat(20))).collect();
    // The page is among them, or no preflight of its requests would be remembered.
    let origins = [&[lab.page().to_owned()], &origins[..]].concat();
    let policy = json!({
        "allow_origins": origins,
        "allow_methods": (0..16).map(|n| format!("METHOD-{n}")).collect::<Vec<_>>(),
        "allow_headers": (0..16).map(|n| format!("x-header-{n}")).collect::<Vec<_>>(),
        "max_age": 86_400,
    });
    let policy = policy.to_string();
    let small = json!({ "allow_origins": [lab.page()], "allow_methods": ["METHOD-1"], "max_age": 86_400 })
        .to_string();
    let line = |n: usize| (format!("x-{n:02}"), "x".repeat(38));
    let written = json!({ "status": 302, "headers": (0..24).map(line).collect::<Vec<_>>(), "redirect": "x".repeat(300) });
    let hand = json!({ "preflight": written, "response": written }).to_string();
    let note = "x".repeat(300);
    let long = "x".repeat(900);
    let large: Vec<(String, String)> = (0..10).map(|n| (format!("x-{n}"), long[..450].to_owned())).collect();
    let large: Vec<(&str, &str)> =
        large.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();

    for _ in 0..SESSIONS {
        let made = page.send("POST", "/control/sessions", &control, b"{}").json();
        let id = made["id"].as_str().expect("an id");
        // The remembered preflights: as many as are kept, of which the first is still there in the end. Of a policy that allows
        // little, because more are kept of it.
        let put = page.send("PUT", &format!("/control/s/{id}/policy"), &control, small.as_bytes());
        assert_eq!(put.status, 200, "{put:?}");
        let mut predict = |path: &str, commit: bool| {
            let request = json!({ "method": "METHOD-1", "path": path, "query": long, "same_url": true });
            let question = json!({ "request": request, "run": "a1", "engine": "standard", "commit": commit })
                .to_string();
            page.send("POST", &format!("/control/s/{id}/predict"), &control, question.as_bytes()).json()
        };
        for path in ["notes/1", "notes/2"] {
            let predicted = predict(path, true);
            assert_eq!(predicted["remembered"], false, "{predicted}");
        }
        assert_eq!(predict("notes/1", false)["remembered"], true);
        let put = page.send("PUT", &format!("/control/s/{id}/policy"), &control, policy.as_bytes());
        assert_eq!(put.status, 200, "{put:?}");
        let put = page.send("PUT", &format!("/control/s/{id}/hand"), &control, hand.as_bytes());
        assert_eq!(put.status, 200, "{put:?}");
        let session = lab.running.sessions().find(id).expect("it was just made");
        {
            let mut state = session.state();
            for number in 1..=20 {
                state.notes.put(number, note.clone());
                state.visitors.count(None).expect("random numbers");
            }
        }
        // The cache, by URL and by origin.
        for path in ["notes", "font", "headers", "image.png"] {
            let origin = ("origin", lab.page());
            api.send("GET", &format!("/s/{id}/cached/api/{path}?{}", &long[..300]), &[origin], b"");
        }
        // The log, at last: what it holds is what came last.
        for _ in 0..6 {
            api.send("GET", &format!("/s/{id}/api/notes?{long}"), &large, b"");
        }
    }
    assert_eq!(lab.running.sessions().count(), SESSIONS);
    let held = held() - before;
    println!("{SESSIONS} full sessions hold {held} bytes, {} each", held / SESSIONS);
    assert!(held < MOST, "{SESSIONS} full sessions hold {held} bytes");
    assert!(held > MOST / 10, "they are not full: {held} bytes");
}
