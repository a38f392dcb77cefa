//! No word of the library prints a password, nor what `Authorization` and cookies hold: words end up in logs, in issues and on
//! screens that others see.

use std::{fmt::Debug, time::Duration};

use fetch_cors::{
    Policy, PolicyConfig, Wanted,
    browser::{
        Blocked, Browser, Engine, Exchange, Mode, Next, PageOrigin, Profile, Request, Response, Verdict,
    },
    diagnosis::{Case, Examination, Exchanged, Failure, Received, Sent, diagnose},
    server::{RequestField, RequestHead, decide, escape, refusal},
};

const PAGE: &str = "https://app.example";
/// Each of these is in some value below, and may be in no text.
const SECRETS: [&str; 3] = ["s3cret", "t0ken", "c00kie"];

/// Texts, with where each is from.
#[derive(Default)]
struct Said(Vec<(String, String)>);

impl Said {
    fn add(&mut self, what: impl Into<String>, text: impl Into<String>) {
        self.0.push((what.into(), text.into()));
    }

    fn debug(&mut self, what: &str, value: &impl Debug) {
        self.add(format!("{what}, Debug"), format!("{value:?}"));
        self.add(format!("{what}, Debug in lines"), format!("{value:#?}"));
    }

    fn blocked(&mut self, what: &str, blocked: &Blocked) {
        self.debug(what, blocked);
        self.add(format!("{what}, Display"), blocked.to_string());
        self.add(format!("{what}, why"), blocked.why());
        self.add(format!("{what}, fix"), blocked.fix());
        for engine in [Engine::Chromium, Engine::Firefox, Engine::WebKit] {
            self.add(format!("{what}, {engine}"), blocked.console(engine).unwrap_or_default());
        }
    }

    fn next(&mut self, what: &str, next: &Next) {
        self.debug(what, next);
        if let Next::Done(Verdict::Blocked(blocked)) = next {
            self.blocked(what, blocked);
        }
    }

    /// Which texts show a secret.
    fn check(self) {
        let count = self.0.len();
        let told: Vec<String> = self
            .0
            .into_iter()
            .filter(|(_, text)| SECRETS.iter().any(|secret| text.contains(secret)))
            .map(|(what, text)| format!("{what}: {text}"))
            .collect();
        assert!(told.is_empty(), "{} of {count} texts tell a secret:\n{}", told.len(), told.join("\n"));
    }
}

fn page() -> PageOrigin {
    PageOrigin::of(PAGE).expect("an origin")
}

fn get(url: &str) -> Request {
    Request::new(page(), "GET", url)
}

/// What a script can write as a URL with a password in it.
fn urls() -> Vec<String> {
    let long = "u".repeat(300);
    [
        "https://user:s3cret@api.example/",
        "https://:s3cret@api.example/",
        "https://s3cret@api.example/",
        "HTTPS://user:s3cret@api.example/",
        "https:user:s3cret@api.example/",
        r"https:\\user:s3cret@api.example\",
        "//user:s3cret@api.example/",
        "https://user:s3cret@api.example:99999/",
        "https://user:s3cret@[/",
        "https://user:s3cret@/",
        "https://user:s3cret@a b/",
        "https://user:p@s3cret@api.example/",
        "https://user:%73s3cret@api.example/?to=https://u:s3cret@b.example/#https://u:s3cret@c.example/",
        "ftp://user:s3cret@api.example/",
        "user:s3cret@api.example",
        "http://user:s3cret@api.example/",
        "\thttps://user:s3\u{0}cret:s3cret@api.example/",
    ]
    .into_iter()
    .map(str::to_owned)
    .chain([format!("https://{long}:s3cret@api.example/"), format!("https://{long}:s3cret@[/")])
    .collect()
}

#[test]
fn no_verdict_tells_a_password() {
    let mut said = Said::default();
    for url in urls() {
        for profile in [Profile::STANDARD, Profile::CHROMIUM, Profile::FIREFOX, Profile::WEBKIT] {
            let what = format!("fetch({url:?})").replace("s3cret", "…");
            let request = get(&url);
            said.debug(&format!("{what}, the request"), &request);
            said.next(&what, &Browser::new(profile).fetch(request, Duration::ZERO));
            // From a redirect, to another origin and within one.
            for from in ["https://api.example/", PAGE] {
                for mode in [Mode::Cors, Mode::NoCors] {
                    let what = format!("{from} redirects to {url:?}").replace("s3cret", "…");
                    let mut browser = Browser::new(profile);
                    let Next::Send(exchange) = browser.fetch(get(from).mode(mode), Duration::ZERO) else {
                        panic!("{what}")
                    };
                    let response = Response::new(302)
                        .header("location", &url)
                        .header("access-control-allow-origin", "*");
                    said.debug(&format!("{what}, the response"), &response);
                    let next = exchange.receive(&mut browser, &response, Duration::ZERO);
                    said.next(&what, &next);
                    // Where it is followed: everything that can be said afterwards.
                    if let Next::Send(exchange) = next {
                        said.next(
                            &what,
                            &exchange.receive(&mut browser, &Response::new(200), Duration::ZERO),
                        );
                    }
                }
            }
        }
        for name in
            ["access-control-allow-origin", "access-control-allow-methods", "access-control-allow-headers"]
        {
            let what = format!("{name}: {url}").replace("s3cret", "…");
            let mut browser = Browser::default();
            let request = Request::new(page(), "PUT", "https://api.example/").header("x-a", "1");
            let Next::Send(exchange) = browser.fetch(request, Duration::ZERO) else { panic!("{what}") };
            let response = Response::new(200).header("access-control-allow-origin", "*");
            let response = if name.ends_with("origin") { Response::new(200) } else { response };
            said.next(&what, &exchange.receive(&mut browser, &response.header(name, &url), Duration::ZERO));
        }
    }
    for name in [
        "Authorization: Bearer t0ken",
        "\"Cookie\": \"session=c00kie\"",
        "authorization = t0ken",
        "https://u:s3cret@a.example",
    ] {
        let what = format!("a header named {:?}", name.split(' ').next());
        said.next(
            &what,
            &Browser::default().fetch(get("https://api.example/").header(name, "1"), Duration::ZERO),
        );
        said.next(
            &what,
            &Browser::default().fetch(get("https://api.example/").header("x-a\0", name), Duration::ZERO),
        );
        said.next(
            &what,
            &Browser::default().fetch(Request::new(page(), name, "https://api.example/"), Duration::ZERO),
        );
    }
    said.check();
}

fn with_secrets(url: &str) -> Request {
    get(url)
        .header("Authorization", "Bearer t0ken")
        .header("Cookie", "session=c00kie")
        .header("Proxy-Authorization", "Basic t0ken")
        .header("x-a", "visible")
}

fn sent(browser: &mut Browser, request: Request) -> Exchange {
    match browser.fetch(request, Duration::ZERO) {
        Next::Send(exchange) => exchange,
        Next::Done(verdict) => panic!("{verdict}"),
    }
}

#[test]
fn no_debug_output_tells_credentials() {
    let mut said = Said::default();
    let request = with_secrets("https://api.example/");
    said.debug("a request", &request);
    let mut browser = Browser::default();
    let preflight = sent(&mut browser, request.clone());
    said.debug("a preflight", &preflight);
    let own = sent(&mut browser, with_secrets(PAGE));
    said.debug("an exchange", &own);
    said.debug("a header list", own.headers());
    // What is not a secret is there.
    assert!(format!("{own:?}").contains("visible") && format!("{request:?}").contains("visible"));
    let response = Response::new(200)
        .header("Set-Cookie", "session=c00kie")
        .header("set-cookie2", "c00kie")
        .header("Location", "https://u:s3cret@a.example");
    said.debug("a response", &response);

    let mut case = Case::new(request.clone());
    case.exchanges.push(Exchanged {
        sent: Sent::from(&own),
        received: Received::Response { head: response.clone(), body: Vec::new() },
    });
    said.debug("a case", &case);
    said.debug("what was sent", &Sent::from(&own));
    said.debug("a verdict", &own.receive(&mut browser, &response, Duration::ZERO));
    let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
    for _ in 0..20 {
        said.debug("an examination", &examination);
        let Some(wanted) = examination.wanted() else { break };
        said.debug("a wanted request", &wanted);
        examination
            .receive(Received::Response { head: Response::new(401), body: Vec::new() }, Duration::ZERO);
    }
    said.debug("a diagnosis", &examination.diagnosis());
    said.add("a diagnosis, Display", examination.diagnosis().to_string());
    said.check();
}

#[test]
fn no_diagnosis_tells_a_password() {
    let mut said = Said::default();
    for url in urls() {
        for (from, status) in [("https://api.example/", 302), ("https://api.example/", 307), (PAGE, 308)] {
            for method in ["GET", "PUT"] {
                let what = format!("{method} {from}, a redirect to {url}").replace("s3cret", "…");
                let request = Request::new(page(), method, from).header("authorization", "Bearer t0ken");
                let mut examination = Examination::new(Browser::default(), request, Duration::ZERO);
                for round in 0..20 {
                    let Some(wanted) = examination.wanted() else { break };
                    if let Some(probe) = &wanted.probe {
                        said.add(format!("{what}, a probe"), probe.to_string());
                    }
                    let head = Response::new(if round == 0 { status } else { 404 }).header("location", &url);
                    examination.receive(Received::Response { head, body: Vec::new() }, Duration::ZERO);
                }
                let diagnosis = examination.diagnosis();
                said.debug(&what, &diagnosis);
                said.add(what, diagnosis.to_string());
            }
        }
        let what = format!("fetch({url})").replace("s3cret", "…");
        let mut case = Case::new(get(&url));
        case.hints.is_blocked_in_browser = true;
        said.debug(&what, &diagnose(&case));
        said.add(&what, diagnose(&case).to_string());
        for failure in [
            Failure::Unknown(format!("can't connect to {url}")),
            Failure::Tls { why: format!("no certificate for {url}"), wants_client_certificate: false },
        ] {
            said.add("a failure", failure.to_string());
            said.debug("a failure", &failure);
        }
    }
    said.check();
}

struct Head(bool, Vec<(RequestField, String)>);

impl RequestHead for Head {
    fn is_options(&self) -> bool {
        self.0
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.1.iter().filter(move |(name, _)| *name == field).map(|(_, value)| value.as_bytes())
    }
}

#[test]
fn no_refusal_and_no_problem_tells_a_password() {
    let mut said = Said::default();
    let listed = Policy::allow_origin(PAGE).expect("a valid policy");
    let echoing =
        Policy::builder().allow_origin(PAGE).allow_methods(["*"]).allow_headers(["*"]).allow_credentials();
    let echoing = echoing.build().expect("a valid policy");
    for value in urls().into_iter().chain(
        ["Authorization: Bearer t0ken", "\"Cookie\": \"session=c00kie\"", "x-a, Cookie: session=c00kie"]
            .map(str::to_owned),
    ) {
        let what = value.replace("s3cret", "…").replace("t0ken", "…").replace("c00kie", "…");
        said.add(format!("escape: {what}"), escape(value.as_bytes()));
        let page = (RequestField::Origin, PAGE.to_owned());
        let put = (RequestField::AccessControlRequestMethod, "PUT".to_owned());
        for policy in [&listed, &echoing, &Policy::deny_all(), &Policy::any_origin()] {
            for head in [
                Head(false, vec![(RequestField::Origin, value.clone())]),
                Head(false, vec![(RequestField::Origin, value.clone()), page.clone()]),
                Head(true, vec![(RequestField::Origin, value.clone()), put.clone()]),
                Head(true, vec![page.clone(), (RequestField::AccessControlRequestMethod, value.clone())]),
                Head(
                    true,
                    vec![
                        page.clone(),
                        put.clone(),
                        (RequestField::AccessControlRequestHeaders, value.clone()),
                    ],
                ),
                Head(false, vec![page.clone(), (RequestField::Cookie, "session=c00kie".to_owned())]),
            ] {
                if let Some(refusal) = refusal(policy, &head, decide(policy, &head)) {
                    said.add(format!("a refusal: {what}"), refusal.to_string());
                    said.debug(&format!("a refusal: {what}"), &refusal);
                }
            }
            for wanted in [
                Wanted::from_origin(&value),
                Wanted::from_origin(PAGE).method(&value),
                Wanted::from_origin(PAGE).headers([&value]),
            ] {
                said.debug(&format!("wanted: {what}"), &wanted);
                match policy.change_for(&wanted) {
                    Ok(change) => {
                        said.add(format!("a change: {what}"), change.to_string());
                        said.debug(&format!("a change: {what}"), &change);
                    }
                    Err(none) => {
                        said.add(format!("no change: {what}"), none.to_string());
                        said.debug(&format!("no change: {what}"), &none.obstacles());
                    }
                }
            }
        }
        let builder = Policy::builder()
            .allow_origins([&value])
            .danger_allow_origins([&value])
            .allow_methods([&value])
            .allow_headers([&value])
            .expose_headers([&value]);
        said.debug(&format!("a builder: {what}"), &builder);
        match builder.build() {
            Ok(policy) => said.debug(&format!("a policy: {what}"), &policy),
            Err(invalid) => {
                said.add(format!("problems: {what}"), invalid.to_string());
                said.debug(&format!("problems: {what}"), &invalid.problems());
            }
        }
        for name in
            ["allow_origins", "allow_methods", "allow_credentials", "max_age", "allow_unusual_names", "other"]
        {
            let json = serde_json::json!({ name: value });
            match serde_json::from_value::<PolicyConfig>(json.clone()) {
                Ok(config) => said.debug(&format!("{name}: {what}"), &config),
                Err(error) => said.add(format!("{name}: {what}"), error.to_string()),
            }
            let nested = serde_json::json!({ name: [[value]] });
            if let Err(error) = serde_json::from_value::<PolicyConfig>(nested) {
                said.add(format!("{name}: [[{what}]]"), error.to_string());
            }
        }
        if let Err(error) = value.parse::<fetch_cors::Origin>() {
            said.add(format!("an origin: {what}"), error.to_string());
        }
    }
    said.check();
}

#[cfg(feature = "toml")]
#[test]
fn no_error_of_toml_tells_a_password() {
    let mut said = Said::default();
    for url in urls() {
        let quoted = format!("'{}'", url.replace('\0', ""));
        for text in [
            format!("allow_origins = [{quoted}]"),
            format!("allow_origins = {quoted}"),
            format!("allow_origins = [{quoted}"),
            format!("allow_origins = [{quoted}, 1]"),
            format!("allow_origins = [[{quoted}]]"),
            format!("allow_credentials = {quoted}"),
            format!("max_age = {quoted}"),
            format!("{quoted} = 1"),
            format!("{quoted}.allow_origins = []"),
            format!("[{quoted}]\nallow_origins = []"),
            format!("allow_origins = {url}"),
            url.clone(),
        ] {
            for result in [
                Policy::from_toml(&text),
                Policy::from_toml_at(&text, &url),
                Policy::from_toml_at(&text, "cors"),
            ] {
                if let Err(error) = result {
                    said.add(text.replace("s3cret", "…"), error.to_string());
                    said.debug(&text.replace("s3cret", "…"), &error);
                }
            }
        }
    }
    said.check();
}
