//! Every reason for a blocked request with its fix, as a person reads it, in `verdicts.txt`; and the preflight cache through
//! the public API. The vectors check which reason applies.

use std::{fmt::Write, time::Duration};

use expect_test::expect_file;
use fetch_cors::browser::{
    AddressSpace, Browser, Credentials, Engine, Mode, Next, PageOrigin, Profile, Redirect, Request, Response,
    Verdict,
};

const API: &str = "https://api.example/items/1";

fn request(method: &str) -> Request {
    Request::new(PageOrigin::of("https://app.example").unwrap(), method, API)
}

fn get_from(url: &str) -> Request {
    Request::new(PageOrigin::of("https://app.example").unwrap(), "GET", url)
}

fn response(lines: &[(&str, &str)]) -> Response {
    lines.iter().fold(Response::new(200), |response, (name, value)| response.header(name, value))
}

fn allow_origin(value: &str) -> Response {
    response(&[("access-control-allow-origin", value)])
}

const ALLOWED: (&str, &str) = ("access-control-allow-origin", "https://app.example");

/// Each request that is sent gets the next response; `None` is a broken connection.
fn play(request: Request, responses: &[Option<Response>]) -> Verdict {
    play_in(Browser::default(), request, responses)
}

fn play_in(mut browser: Browser, request: Request, responses: &[Option<Response>]) -> Verdict {
    let mut responses = responses.iter();
    let mut next = browser.fetch(request, Duration::ZERO);
    loop {
        next = match next {
            Next::Done(verdict) => return verdict,
            Next::Send(exchange) => match responses.next().expect("a response for each request") {
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
        ("invalid URL", get_from("https://"), vec![]),
        ("URL with credentials", get_from("https://user:secret@api.example/"), vec![]),
        ("invalid method", request("P U T"), vec![]),
        ("forbidden method", request("TRACE"), vec![]),
        ("method that needs CORS", put().mode(Mode::NoCors), vec![]),
        ("body of a GET", get().body(None), vec![]),
        ("invalid header name", get().header("x y", "1"), vec![]),
        ("invalid header value", get().header("x-a", "1\n2"), vec![]),
        ("bad port", get_from("https://api.example:6000/"), vec![]),
        ("mixed content", get_from("http://api.example/"), vec![]),
        ("other origin", get().mode(Mode::SameOrigin), vec![]),
        ("redirect mode in no-cors", get().mode(Mode::NoCors).redirect(Redirect::Error), vec![]),
        ("scheme", get_from("ftp://api.example/"), vec![]),
        ("data: URL without a comma", get_from("data:hello"), vec![]),
        ("no response", get(), vec![None]),
        ("no response to the preflight", put(), vec![None]),
        ("no allow-origin", get(), vec![Some(response(&[]))]),
        ("no allow-origin on the preflight", put(), vec![Some(response(&[]))]),
        ("several origins", get(), vec![Some(allow_origin("https://app.example, https://b.example"))]),
        (
            "several lines of allow-origin, of which one is empty",
            get(),
            vec![Some(allow_origin("https://app.example").header("Access-Control-Allow-Origin", ""))],
        ),
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
        ("no allow-credentials", include(get()), vec![Some(response(&[ALLOWED]))]),
        (
            "allow-credentials in another case",
            include(get()),
            vec![Some(response(&[ALLOWED, ("access-control-allow-credentials", "True")]))],
        ),
        ("preflight status", put(), vec![Some(Response::new(401).header(ALLOWED.0, ALLOWED.1))]),
        ("preflight redirect", put(), vec![redirect("https://www.api.example/")]),
        (
            "invalid methods",
            put(),
            vec![Some(response(&[ALLOWED, ("access-control-allow-methods", "PUT GET")]))],
        ),
        (
            "invalid headers",
            get().header("x-a", "1"),
            vec![Some(response(&[ALLOWED, ("access-control-allow-headers", "x-a x-b")]))],
        ),
        ("method", put(), vec![Some(response(&[ALLOWED]))]),
        (
            "patch",
            request("patch"),
            vec![Some(response(&[ALLOWED, ("access-control-allow-methods", "PATCH")]))],
        ),
        (
            "method, wildcard with credentials",
            include(put()),
            vec![Some(response(&[
                ALLOWED,
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-methods", "*"),
            ]))],
        ),
        ("header", get().header("X-A", "1"), vec![Some(response(&[ALLOWED]))]),
        ("headers", get().header("X-B", "1").header("X-A", "1"), vec![Some(response(&[ALLOWED]))]),
        (
            "header, wildcard with credentials",
            include(get()).header("x-a", "1"),
            vec![Some(response(&[
                ALLOWED,
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "*"),
            ]))],
        ),
        (
            "authorization and the wildcard",
            get().header("authorization", "Bearer 1"),
            vec![Some(response(&[ALLOWED, ("access-control-allow-headers", "*")]))],
        ),
        ("redirect mode error", get().redirect(Redirect::Error), vec![redirect("/")]),
        ("invalid location", get(), vec![redirect("https://")]),
        ("location of another scheme", get(), vec![redirect("data:,a")]),
        ("too many redirects", get(), (0..21).map(|_| redirect("/")).collect()),
        ("location with credentials", get(), vec![redirect("https://user@api.example/")]),
        (
            "null after a redirect between other origins",
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
            vec![Some(response(&[("cross-origin-resource-policy", "same-origin")]))],
        ),
    ];
    let mut texts = String::new();
    for (name, request, responses) in cases {
        let verdict = play(request, &responses);
        assert!(!verdict.is_allowed(), "{name}");
        let _ = writeln!(texts, "# {name}\n{verdict}\n");
    }
    for (name, page, url) in [
        ("loopback from a public address", "https://app.example", "http://localhost:3000/"),
        ("the local network from a public address", "https://app.example", "http://192.168.1.5/"),
        (
            "the local network from a public address without https",
            "http://app.example",
            "http://192.168.1.5/",
        ),
    ] {
        let request =
            Request::new(PageOrigin::of(page).unwrap(), "GET", url).page_address_space(AddressSpace::Public);
        let verdict = play_in(Browser::new(Profile::CHROMIUM), request, &[]);
        let console = verdict.blocked().unwrap().console(Engine::Chromium).unwrap();
        let _ = writeln!(texts, "# {name}\n{verdict}\n  console: {console}\n");
    }
    expect_file!["verdicts.txt"].assert_eq(&texts);
}

#[test]
fn what_is_allowed_in_words() {
    assert_eq!(
        play(request("GET"), &[Some(response(&[ALLOWED]))]).to_string(),
        "allowed: the script gets a response of type cors, with status 200"
    );
    assert_eq!(
        play(request("GET").mode(Mode::NoCors), &[Some(response(&[]))]).to_string(),
        "allowed: the script gets a response of type opaque"
    );
}

#[test]
fn what_a_script_reads() {
    let response = response(&[ALLOWED, ("Content-Type", "text/plain"), ("etag", "1")]);
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers().get("content-type").as_deref(), Some(&b"text/plain"[..]));
    let verdict = play(request("GET"), &[Some(response)]);
    let allowed = verdict.allowed().expect("a response");
    assert_eq!(allowed.header("content-type"), Some(&b"text/plain"[..]));
    assert_eq!(allowed.header("etag"), None);
    assert_eq!(allowed.withheld_headers, ["access-control-allow-origin", "etag"]);
}

#[test]
fn preflights_are_cached_until_they_are_forgotten() {
    let mut browser = Browser::new(Profile::FIREFOX);
    assert_eq!(browser.profile(), Profile::of(Engine::Firefox));
    let at = Duration::from_secs;
    let Next::Send(preflight) = browser.fetch(request("PUT"), at(0)) else { panic!("a preflight") };
    let granted =
        response(&[ALLOWED, ("access-control-allow-methods", "PUT"), ("access-control-max-age", "10")]);
    let Next::Send(put) = preflight.receive(&mut browser, &granted, at(0)) else { panic!("the request") };
    assert!(!put.is_preflight());

    let sends_preflight = |browser: &mut Browser, now| match browser.fetch(request("PUT"), now) {
        Next::Send(exchange) => exchange.is_preflight(),
        Next::Done(verdict) => panic!("{verdict}"),
    };
    assert!(!sends_preflight(&mut browser, at(9)));
    assert!(sends_preflight(&mut browser, at(10)));
    browser.forget_preflights();
    assert!(sends_preflight(&mut browser, at(9)));
}

/// Verdicts are printed to terminals, with what a page's script passed to `fetch()`.
#[test]
fn a_script_writes_no_control_characters_to_a_terminal() {
    for (name, request) in [
        ("a URL", get_from("https://\u{1b}]0;owned\u{7}/")),
        ("a URL with a backspace", get_from("https://a\u{8}b/")),
        ("a URL with a user name", get_from("https://a\u{9b}31m:b@api.example/\u{85}")),
        ("a method", request("P\u{1b}[2JT")),
        ("a header's name", request("GET").header("x\u{1b}[31m", "1")),
        ("a header's value", request("GET").header("x-a", "a\n\u{1b}[31m")),
        ("a mode", request("\u{7f}").mode(Mode::NoCors)),
    ] {
        let verdict = play(request, &[Some(response(&[]))]);
        let blocked = verdict.blocked().expect(name);
        for said in [verdict.to_string(), blocked.why(), blocked.fix()] {
            assert!(!said.contains(|c: char| c.is_control() && c != '\n'), "{name}: {said:?}");
        }
    }
}
