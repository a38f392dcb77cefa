//! The small cache between browsers and the API, over sockets: poisoned where `Vary` is forgotten, and right elsewhere.

mod lab;

use lab::{TestLab, WireResponse, send};
use serde_json::json;

const A: &str = "https://a.example";
const B: &str = "https://b.example";

/// The request's origin, what the cache does, and the origin that the response allows.
type Step<'a> = (Option<&'a str>, Option<&'a str>, Option<&'a str>);

fn outcome(response: &WireResponse) -> (Option<&str>, Option<&str>) {
    (response.header("x-lab-cache"), response.header("access-control-allow-origin"))
}

#[test]
fn responses_are_kept_per_what_vary_names() {
    let lab = TestLab::start();
    let policy = json!({ "allow_origins": [A, B] });
    let (hit, miss) = (Some("hit"), Some("miss"));
    let rows: [(&str, &str, &[Step<'_>]); 6] = [
        (
            "a response per origin, by Vary",
            "cached/api/notes",
            &[
                (Some(A), miss, Some(A)),
                (Some(B), miss, Some(B)),
                (Some(A), hit, Some(A)),
                (None, miss, None),
            ],
        ),
        (
            "the run makes no difference",
            "cached/api/notes?run=a1",
            &[(Some(A), miss, Some(A)), (Some(A), hit, Some(A))],
        ),
        (
            "poisoned by another origin",
            "cached/api/notes?vary=forgotten",
            &[(Some(A), miss, Some(A)), (Some(B), hit, Some(A))],
        ),
        (
            "poisoned by a request without Origin",
            "cached/api/notes?vary=forgotten",
            &[(None, miss, None), (Some(A), hit, None)],
        ),
        (
            "responses with cookies are not kept",
            "cached/api/session",
            &[(None, miss, None), (None, miss, None)],
        ),
        (
            "no cache in between",
            "api/notes?vary=forgotten",
            &[(Some(A), None, Some(A)), (Some(B), None, Some(B))],
        ),
    ];
    for (name, path, steps) in rows {
        let session = lab.session(&policy);
        let path = format!("/s/{session}/{path}");
        for (number, &(origin, did, allowed)) in steps.iter().enumerate() {
            let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            let response = send(lab.api(), "GET", &path, &headers, b"");
            assert_eq!(outcome(&response), (did, allowed), "{name}, request {number}: {response:?}");
            assert_eq!(response.header("cache-control"), Some("no-store"), "{name}: browsers keep nothing");
            let for_cdns = did.map(|_| "max-age=600");
            assert_eq!(response.header("cdn-cache-control"), for_cdns, "{name}: {response:?}");
        }
        // Another session doesn't have it, and this one doesn't after a reset.
        let other = lab.session(&policy);
        let elsewhere = send(lab.api(), "GET", &path.replace(&session, &other), &[("origin", A)], b"");
        assert_ne!(elsewhere.header("x-lab-cache"), hit, "{name}: another session");
        lab.control("POST", &format!("/s/{session}/reset"), Some(&json!({})));
        let again = send(lab.api(), "GET", &path, &[("origin", A)], b"");
        assert_ne!(again.header("x-lab-cache"), hit, "{name}: after a reset");
    }
}

#[test]
fn what_came_first_makes_room() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let get = |number: usize| {
        let path = format!("/s/{session}/cached/api/notes?number={number}");
        send(lab.api(), "GET", &path, &[], b"").header("x-lab-cache").map(str::to_owned)
    };
    for number in 0..100 {
        assert_eq!(get(number).as_deref(), Some("miss"), "{number}");
    }
    assert_eq!(get(99).as_deref(), Some("hit"), "the last one is kept");
    assert_eq!(get(0).as_deref(), Some("miss"), "the first one went");
}
