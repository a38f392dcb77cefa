//! The API's redirects lead only to the Lab's own origins, as a browser resolves them.

mod lab;

use lab::{TestLab, send};
use serde_json::json;
use url::Url;

#[test]
fn redirects_lead_only_to_the_labs_own_origins() {
    let lab = TestLab::start();
    let session = lab.session(&json!({}));
    let origins = lab.running.origins();
    let (api, page, attacker) = (&origins.api, &origins.page, &origins.attacker);
    let alias = origins.api_alias.clone().expect("localhost has an address");
    let host = api.trim_start_matches("http:");
    let page_host = page.trim_start_matches("http:");
    let notes = format!("{api}/s/{session}/api/notes");

    // The target, and where a browser goes; none where the redirect is refused.
    for (name, to, expected) in [
        ("a route", "notes".to_owned(), Some(notes.clone())),
        ("the API", format!("{api}/api/notes"), Some(format!("{api}/api/notes"))),
        ("the API by its address", format!("{alias}/api/notes"), Some(format!("{alias}/api/notes"))),
        ("the page", format!("{page}/x"), Some(format!("{page}/x"))),
        ("the attacker's page", format!("{attacker}/"), Some(format!("{attacker}/"))),
        ("the page without a scheme", format!("{page_host}/x"), Some(format!("{page}/x"))),
        ("another site", "https://evil.example/".to_owned(), None),
        ("another site without a scheme", "//evil.example/".to_owned(), None),
        ("with backslashes", r"\\evil.example/".to_owned(), None),
        ("with a tab", "/%09/evil.example/".to_owned(), None),
        ("another port", "http://localhost:1/".to_owned(), None),
        ("a name that starts as the API's", format!("{api}.evil.example/"), None),
        ("the API's name as a user", format!("{api}@evil.example/"), None),
        ("a user at the API", format!("http://user@{}/", &host[2..]), None),
        ("another scheme", format!("https:{host}/"), None),
        ("a javascript URL", "javascript:alert(1)".to_owned(), None),
        // Paths of the API that, written alone, would be resolved as another site.
        ("two slashes after a dot", "/.//evil.example/".to_owned(), Some(format!("{api}//evil.example/"))),
        (
            "two slashes after the API's name",
            format!("{host}//evil.example/"),
            Some(format!("{api}//evil.example/")),
        ),
        (
            "two slashes above all",
            "../../..//evil.example/".to_owned(),
            Some(format!("{api}//evil.example/")),
        ),
        ("a backslash after a dot", r"/./\evil.example/".to_owned(), Some(format!("{api}//evil.example/"))),
    ] {
        let path = format!("/s/{session}/api/redirect?to={to}");
        let response = send(lab.api(), "GET", &path, &[], b"");
        let base = Url::parse(&format!("{api}{path}")).expect("a URL");
        let leads_to = response.header("location").map(|location| base.join(location).expect("a URL"));
        assert_eq!(leads_to.as_ref().map(Url::as_str), expected.as_deref(), "{name}: {response:?}");
        assert_eq!(response.status, if expected.is_some() { 302 } else { 400 }, "{name}");
    }
}
