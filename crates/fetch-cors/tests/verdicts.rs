//! What a blocked request is told: every reason with its fix, as a person reads it, in `verdicts.txt`. And what a browser
//! remembers, as its owner sees it. Which reason applies is the vectors' matter.

use std::{fmt::Write, time::Duration};

use expect_test::expect_file;
use fetch_cors::browser::{
    Browser, Credentials, Engine, Mode, Next, PageOrigin, Profile, Redirect, Request, Response, Verdict,
};

const API: &str = "https://api.example/items/1";

fn request(method: &str) -> Request {
    Request::new(PageOrigin::of("https://app.example").unwrap(), method, API)
}

fn asks(url: &str) -> Request {
    Request::new(PageOrigin::of("https://app.example").unwrap(), "GET", url)
}

fn answer(lines: &[(&str, &str)]) -> Response {
    lines.iter().fold(Response::new(200), |response, (name, value)| response.header(name, value))
}

fn allow_origin(value: &str) -> Response {
    answer(&[("access-control-allow-origin", value)])
}

const ALLOWED: (&str, &str) = ("access-control-allow-origin", "https://app.example");

/// Each request that is sent gets the next answer; none stands for a connection that breaks.
fn play(request: Request, answers: &[Option<Response>]) -> Verdict {
    let mut browser = Browser::default();
    let mut answers = answers.iter();
    let mut next = browser.fetch(request, Duration::ZERO);
    loop {
        next = match next {
            Next::Done(verdict) => return verdict,
            Next::Send(exchange) => match answers.next().expect("an answer for each request") {
                Some(response) => exchange.receive(&mut browser, response, Duration::ZERO),
                None => exchange.fail(&mut browser),
            },
        };
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn every_reason_in_words() {
    let put = || request("PUT");
    let get = || request("GET");
    let include = |request: Request| request.credentials(Credentials::Include);
    let redirect =
        |location: &str| Some(Response::new(302).header(ALLOWED.0, ALLOWED.1).header("location", location));
    let long = "x".repeat(300);
    let cases: Vec<(&str, Request, Vec<Option<Response>>)> = vec![
        ("invalid URL", asks("https://"), vec![]),
        ("URL with credentials", asks("https://user:secret@api.example/"), vec![]),
        ("invalid method", request("P U T"), vec![]),
        ("forbidden method", request("TRACE"), vec![]),
        ("method that needs CORS", put().mode(Mode::NoCors), vec![]),
        ("body of a GET", get().body(None), vec![]),
        ("invalid header name", get().header("x y", "1"), vec![]),
        ("invalid header value", get().header("x-a", "1\n2"), vec![]),
        ("bad port", asks("https://api.example:6000/"), vec![]),
        ("mixed content", asks("http://api.example/"), vec![]),
        ("other origin", get().mode(Mode::SameOrigin), vec![]),
        ("redirect mode in no-cors", get().mode(Mode::NoCors).redirect(Redirect::Error), vec![]),
        ("scheme", asks("ftp://api.example/"), vec![]),
        ("no answer", get(), vec![None]),
        ("no answer to the preflight", put(), vec![None]),
        ("no allow-origin", get(), vec![Some(answer(&[]))]),
        ("no allow-origin on the preflight", put(), vec![Some(answer(&[]))]),
        ("several origins", get(), vec![Some(allow_origin("https://app.example, https://b.example"))]),
        ("wildcard with credentials", include(get()), vec![Some(allow_origin("*"))]),
        ("another origin", get(), vec![Some(allow_origin("https://other.example"))]),
        ("a slash", get(), vec![Some(allow_origin("https://app.example/"))]),
        ("upper case", get(), vec![Some(allow_origin("https://App.example"))]),
        ("quotes", get(), vec![Some(allow_origin("\"https://app.example\""))]),
        ("another scheme", get(), vec![Some(allow_origin("http://app.example"))]),
        ("a list without commas", get(), vec![Some(allow_origin("https://b.example https://app.example"))]),
        ("a pattern", get(), vec![Some(allow_origin("https://*.example"))]),
        (
            "bytes",
            get(),
            vec![Some(Response::new(200).header("access-control-allow-origin", b"\x01\xff\xffa"))],
        ),
        ("too much to show", get(), vec![Some(allow_origin(&long))]),
        ("just not too much", get(), vec![Some(allow_origin(&long[..200]))]),
        ("no allow-credentials", include(get()), vec![Some(answer(&[ALLOWED]))]),
        (
            "allow-credentials in another case",
            include(get()),
            vec![Some(answer(&[ALLOWED, ("access-control-allow-credentials", "True")]))],
        ),
        ("preflight status", put(), vec![Some(Response::new(401).header(ALLOWED.0, ALLOWED.1))]),
        ("preflight redirect", put(), vec![redirect("https://www.api.example/")]),
        (
            "invalid methods",
            put(),
            vec![Some(answer(&[ALLOWED, ("access-control-allow-methods", "PUT GET")]))],
        ),
        (
            "invalid headers",
            get().header("x-a", "1"),
            vec![Some(answer(&[ALLOWED, ("access-control-allow-headers", "x-a x-b")]))],
        ),
        ("method", put(), vec![Some(answer(&[ALLOWED]))]),
        (
            "patch",
            request("patch"),
            vec![Some(answer(&[ALLOWED, ("access-control-allow-methods", "PATCH")]))],
        ),
        (
            "method, wildcard with credentials",
            include(put()),
            vec![Some(answer(&[
                ALLOWED,
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "*"),
            ]))],
        ),
        ("header", get().header("X-A", "1"), vec![Some(answer(&[ALLOWED]))]),
        ("headers", get().header("X-B", "1").header("X-A", "1"), vec![Some(answer(&[ALLOWED]))]),
        (
            "header, wildcard with credentials",
            include(get()).header("x-a", "1"),
            vec![Some(answer(&[
                ALLOWED,
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "*"),
            ]))],
        ),
        (
            "authorization and the wildcard",
            get().header("authorization", "Bearer 1"),
            vec![Some(answer(&[ALLOWED, ("access-control-allow-headers", "*")]))],
        ),
        ("redirect mode error", get().redirect(Redirect::Error), vec![redirect("/")]),
        ("location that is none", get(), vec![redirect("https://")]),
        ("location of another scheme", get(), vec![redirect("data:,a")]),
        ("too many redirects", get(), (0..21).map(|_| redirect("/")).collect()),
        ("location with credentials", get(), vec![redirect("https://user@api.example/")]),
        (
            "null after foreign redirects",
            get(),
            vec![redirect("https://b.example/"), Some(allow_origin("https://app.example"))],
        ),
        (
            "a page without an origin",
            Request::new(PageOrigin::Opaque, "GET", API),
            vec![Some(allow_origin("https://app.example"))],
        ),
        (
            "resource policy",
            get().mode(Mode::NoCors),
            vec![Some(answer(&[("cross-origin-resource-policy", "same-origin")]))],
        ),
    ];
    let mut texts = String::new();
    for (name, request, answers) in cases {
        let verdict = play(request, &answers);
        assert!(!verdict.is_allowed(), "{name}");
        let _ = writeln!(texts, "# {name}\n{verdict}\n");
    }
    expect_file!["verdicts.txt"].assert_eq(&texts);
}

#[test]
fn what_is_allowed_in_words() {
    assert_eq!(
        play(request("GET"), &[Some(answer(&[ALLOWED]))]).to_string(),
        "allowed: the script gets a response of type cors, with status 200"
    );
    assert_eq!(
        play(request("GET").mode(Mode::NoCors), &[Some(answer(&[]))]).to_string(),
        "allowed: the script gets a response of type opaque"
    );
}

#[test]
fn what_script_reads() {
    let response = answer(&[ALLOWED, ("Content-Type", "text/plain"), ("etag", "1")]);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get("content-type").as_deref(), Some(&b"text/plain"[..]));
    let verdict = play(request("GET"), &[Some(response)]);
    let allowed = verdict.allowed().expect("an answer");
    assert_eq!(allowed.header("content-type"), Some(&b"text/plain"[..]));
    assert_eq!(allowed.header("etag"), None);
    assert_eq!(allowed.withheld_headers, ["access-control-allow-origin", "etag"]);
}

#[test]
fn preflights_are_remembered_until_they_are_forgotten() {
    let mut browser = Browser::new(Profile::FIREFOX);
    assert_eq!(browser.profile(), Profile::of(Engine::Firefox));
    let at = Duration::from_secs;
    assert!(browser.cache().is_empty(at(0)));
    let Next::Send(preflight) = browser.fetch(request("PUT"), at(0)) else { panic!("a preflight") };
    let granted =
        answer(&[ALLOWED, ("access-control-allow-methods", "PUT"), ("access-control-max-age", "10")]);
    let Next::Send(put) = preflight.receive(&mut browser, &granted, at(0)) else { panic!("the request") };
    assert!(!put.is_preflight());
    assert!(!browser.cache().is_empty(at(9)));
    assert!(browser.cache().is_empty(at(10)));

    let asks = |browser: &mut Browser, now| match browser.fetch(request("PUT"), now) {
        Next::Send(exchange) => exchange.is_preflight(),
        Next::Done(verdict) => panic!("{verdict}"),
    };
    assert!(!asks(&mut browser, at(9)));
    browser.forget_preflights();
    assert!(browser.cache().is_empty(at(0)));
    assert!(asks(&mut browser, at(9)));
}
