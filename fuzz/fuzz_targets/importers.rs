//! What people paste into the doctor: any text gives a result or an error; what is said has no escape sequences for a terminal; a
//! secret of a pasted request is in nothing that is said about it; a printed command is one that a shell reads back.

#![no_main]

use std::time::Duration;

use arbitrary::{Arbitrary, Unstructured};
use cors_doctor::{
    command::quoted,
    explain::{self, findings},
    paste::{Paste, PastedRequest, har, recognize},
    probe::{Secrets, case_of},
    report::{Layout, Paint, Report, report, text},
    terminal::{is_obeyed, is_obeyed_in_a_line},
};
use fetch_cors::{
    browser::{Browser, PageOrigin, Response, Url},
    diagnosis::{Examination, Failure, Received, diagnose},
};
use libfuzzer_sys::fuzz_target;

/// Occurs in nothing but what is secret.
const SECRET: &str = "Zq7uXw3Kp9";

/// A paste with one secret in it.
#[derive(Arbitrary, Debug)]
struct Input<'a> {
    kind: u8,
    place: u8,
    reply: u8,
    before: &'a str,
    after: &'a str,
    more: &'a str,
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    if which % 2 == 0 {
        pasted(data, u8::from(data.len() % 2 == 1));
    } else if let Ok(input) = Input::arbitrary_take_rest(Unstructured::new(data)) {
        let has_secret = [input.before, input.after, input.more].iter().any(|text| text.contains(SECRET));
        if !has_secret {
            pasted(with_secret(&input).as_bytes(), input.reply);
        }
    }
});

fn with_secret(input: &Input<'_>) -> String {
    let Input { before, after, more, .. } = input;
    let value = format!("{before}{SECRET}{after}");
    let name = ["Authorization", "Cookie", "X-Api-Key", "x-csrf-token", "Proxy-Authorization", "X-A"]
        [usize::from(input.place) % 6];
    let scheme = ["Bearer ", "Basic ", "", "Token "][usize::from(input.place / 6) % 4];
    let url = match input.place / 24 % 5 {
        0 => format!("https://api.example/a?token={value}&b=1"),
        1 => format!("https://user:{value}@api.example/"),
        2 => format!("https://{value}:password@api.example/"),
        3 => format!("https://api.example/?b=1&X-Amz-Signature={value}#a"),
        _ => "https://api.example/".to_owned(),
    };
    match input.kind % 8 {
        0 => format!(
            "curl 'https://api.example/' -H '{name}: {scheme}{value}' -H 'Origin: https://app.example' {more}"
        ),
        1 => format!("curl '{url}' -H 'Origin: https://app.example' {more}"),
        2 => format!("curl -u 'user:{value}' https://api.example/ {more}"),
        3 => format!(
            "curl -b 'session={value}; a=b' https://api.example/ -H 'Referer: https://app.example/' {more}"
        ),
        4 => format!("fetch(\"{url}\", {{ headers: {{ \"x-b\": \"1\" }}, {more} }})"),
        5 => {
            format!("fetch('https://api.example/', {{ headers: {{ '{name}': '{scheme}{value}' }}, {more} }})")
        }
        6 => {
            let line = serde_json::json!({ "name": name, "value": format!("{scheme}{value}") });
            let origin = serde_json::json!({ "name": "Origin", "value": "https://app.example" });
            let entry = serde_json::json!({
                "request": { "method": "GET", "url": url, "headers": [origin, line] },
                "response": { "status": 200, "headers": [], "content": { "text": more } },
            });
            serde_json::json!({ "log": { "entries": [entry] } }).to_string()
        }
        _ => format!(
            "Access to fetch at '{url}' from origin 'https://app.example' has been blocked by CORS policy: {more} No \
             'Access-Control-Allow-Origin' header is present on the requested resource."
        ),
    }
}

fn pasted(bytes: &[u8], reply: u8) {
    let pasted = String::from_utf8_lossy(bytes);
    match recognize(bytes) {
        Ok(Paste::Request(request)) => {
            let secrets = Secrets::of(&request);
            let is_hidden = is_secret_only(&request);
            let mut made = examined(&request, reply);
            made.notes.extend(request.notes.iter().cloned());
            said(&made.masked(&secrets), is_hidden);
        }
        Ok(Paste::Recordings(list)) => {
            for recording in &list {
                let case = case_of(recording);
                let made = report(&case, &diagnose(&case));
                let bodies = recording.exchanges.iter().any(|one| one.body.contains(SECRET));
                said(
                    &made.masked(&Secrets::of(&recording.request)),
                    is_secret_only(&recording.request) && !bodies,
                );
            }
        }
        Ok(Paste::Messages(list)) => {
            assert!(!list.is_empty());
            for message in list {
                let _ = (message.causes(), message.is_certain(), message.status_hint(), message.kind());
                shown(&message.check().to_string());
                for fact in [&message.facts.url, &message.facts.first_url, &message.facts.page] {
                    let Some(fact) = fact else { continue };
                    assert!(
                        pasted.contains(fact.as_str()) || pasted.contains(char::is_whitespace),
                        "{fact:?}"
                    );
                }
            }
        }
        Ok(Paste::Responses(list)) => {
            assert!(!list.is_empty());
            for response in &list {
                assert!(findings(response).iter().all(|finding| !finding.text.is_empty()));
            }
        }
        Ok(_) => {}
        Err(error) => {
            let error = error.to_string();
            assert!(error.len() < 4096, "{} bytes", error.len());
            shown(&error);
        }
    }
    // Each reader alone.
    let _ = explain::recognize(&pasted);
    let _ = cors_doctor::paste::curl::parse(&pasted);
    let _ = cors_doctor::paste::fetch::parse(&pasted);
    let _ = cors_doctor::paste::http::parse(&pasted);
    let _ = har::parse(&pasted);
    let read = shell_word(&quoted(&pasted));
    let shown: String = pasted.chars().filter(|character| !is_obeyed_in_a_line(*character)).collect();
    assert_eq!(read.as_deref(), Some(shown.as_str()));
}

/// The report about a request whose server responds like this.
fn examined(request: &PastedRequest, reply: u8) -> Report {
    let page = request.page.clone().or_else(|| PageOrigin::of("https://app.example")).expect("an origin");
    let mut examination = Examination::new(Browser::default(), request.to_request(page), Duration::ZERO);
    while let Some(wanted) = examination.wanted() {
        // A server may say in its response what it was told.
        let auth = wanted.sent.header("authorization").unwrap_or_default().to_vec();
        let received = match reply % 6 {
            0 => Received::NotSent,
            1 => Received::Failed(Failure::Closed),
            2 => response(401, &[("www-authenticate", &auth)]),
            3 => response(302, &[("location", wanted.sent.url.as_str().replace("/a", "/b").as_bytes())]),
            4 => response(200, &[("access-control-allow-origin", &auth)]),
            _ => response(200, &[("access-control-allow-origin", b"*")]),
        };
        examination.receive(received, Duration::ZERO);
    }
    report(examination.case(), &examination.diagnosis())
}

fn response(status: u16, lines: &[(&str, &[u8])]) -> Received {
    let head = lines.iter().fold(Response::new(status), |head, (name, value)| head.header(name, value));
    Received::Response { head, body: Vec::new() }
}

/// Whether the secret stands where a secret is expected, and nowhere else.
fn is_secret_only(request: &PastedRequest) -> bool {
    const SECRET_NAMES: [&str; 5] =
        ["authorization", "cookie", "x-api-key", "x-csrf-token", "proxy-authorization"];
    let is_secret = |name: &str| SECRET_NAMES.contains(&name.to_ascii_lowercase().as_str());
    let Ok(mut url) = Url::parse(&request.url) else { return false };
    let pairs: Vec<(String, String)> =
        url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    if pairs.iter().any(|(name, value)| {
        name.contains(SECRET) || value.contains(SECRET) && name != "token" && name != "X-Amz-Signature"
    }) {
        return false;
    }
    url.set_query(None);
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let elsewhere = [&request.method, &url.to_string()].into_iter().any(|text| text.contains(SECRET))
        || request
            .headers
            .iter()
            .any(|(name, value)| name.contains(SECRET) || value.contains(SECRET) && !is_secret(name))
        || request.notes.iter().any(|note| note.contains(SECRET))
        || request
            .cookies
            .iter()
            .flat_map(|cookies| cookies.split(';'))
            .any(|cookie| cookie.split_once('=').is_some_and(|(name, _)| name.contains(SECRET)));
    !elsewhere
}

/// What is printed about it.
fn said(report: &Report, is_secret_only: bool) {
    let json = serde_json::to_string(report).expect("JSON");
    let layouts = [120, 40].map(|width| Layout { width, paint: Paint::default(), server: None });
    let texts = layouts.map(|layout| text(report, layout));
    for text in &texts {
        shown(text);
    }
    if is_secret_only {
        for said in texts.iter().chain([&json]) {
            // A narrow terminal breaks words.
            assert!(!said.contains(SECRET), "{said}");
        }
    }
}

fn shown(text: &str) {
    assert!(!text.contains(is_obeyed), "{text:?}");
}

/// The word that a POSIX shell reads; none if it is not one word.
fn shell_word(text: &str) -> Option<String> {
    let mut word = String::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\'' => loop {
                match characters.next()? {
                    '\'' => break,
                    inside => word.push(inside),
                }
            },
            '\\' => word.push(characters.next()?),
            _ if character.is_ascii_alphanumeric() || "-_./:@%+=,".contains(character) => {
                word.push(character)
            }
            _ => return None,
        }
    }
    Some(word)
}
