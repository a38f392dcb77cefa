//! What is sent, and the verdict.

use crate::{
    run,
    server::{Server, permissive, response},
};

const PAGE: &str = "http://app.example";

#[test]
fn a_request_is_allowed_or_blocked() {
    let allowed = permissive(PAGE);
    let result = run(&["check", &allowed.url("/items"), "--origin", PAGE, "--json"]);
    assert_eq!((result.status, result.json()["verdict"].as_str()), (0, Some("allowed")), "{}", result.err);
    assert_eq!(allowed.came()[0].line, "GET /items HTTP/1.1");
    assert_eq!(allowed.came()[0].header("origin"), Some(PAGE));
    assert_eq!(allowed.came()[0].header("accept"), Some("*/*"));
    assert!(allowed.came()[0].header("user-agent").is_some_and(|agent| agent.starts_with("cors-doctor/")));

    let blocked =
        Server::start(|_| response(200, &[("Access-Control-Allow-Origin", "http://other.example")]));
    let result = run(&["check", &blocked.url("/items"), "--origin", PAGE]);
    assert_eq!(result.status, 1, "{}", result.err);
    assert!(result.out.starts_with("  Blocked: "), "{}", result.out);
    assert!(result.out.contains("  Fix: "), "{}", result.out);
    assert!(!result.out.contains('\x1b'), "{}", result.out);
    assert!(result.out.contains("express5"), "{}", result.out);
}

#[test]
fn without_send_a_put_sends_at_most_the_preflight() {
    let server = permissive(PAGE);
    let result = run(&["check", &server.url("/items/1"), "-X", "PUT", "--origin", PAGE]);
    assert_eq!(result.status, 4, "{}", result.out);
    assert!(result.out.contains("--send"), "{}", result.out);
    assert!(server.methods().iter().all(|method| method == "OPTIONS"), "{:?}", server.methods());
    assert_eq!(server.came()[0].header("access-control-request-method"), Some("PUT"));
}

#[test]
fn without_send_a_simple_post_sends_nothing() {
    let server = permissive(PAGE);
    let result = run(&["check", &server.url("/items"), "-d", "a=1", "--origin", PAGE]);
    assert_eq!(result.status, 4, "{}", result.out);
    assert!(server.methods().iter().all(|method| method == "OPTIONS"), "{:?}", server.methods());
    assert!(!server.methods().contains(&"POST".to_owned()));
}

#[test]
fn with_send_the_request_is_sent_once_with_its_body() {
    let server = permissive(PAGE);
    let result = run(&["check", &server.url("/items"), "-d", "hello", "--origin", PAGE, "--send"]);
    assert_eq!(result.status, 0, "{}", result.out);
    let posts: Vec<_> = server.came().into_iter().filter(|request| request.method() == "POST").collect();
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].body, "hello");
    assert_eq!(posts[0].header("content-type"), Some("text/plain;charset=UTF-8"));

    let server = permissive(PAGE);
    let result =
        run(&["check", &server.url("/items/1"), "-X", "PUT", "-H", "X-A: 1", "--origin", PAGE, "--send"]);
    assert_eq!(result.status, 0, "{}", result.out);
    assert_eq!(server.methods()[..2], ["OPTIONS", "PUT"]);
    assert_eq!(server.came()[1].header("x-a"), Some("1"));
    assert_eq!(server.came()[1].header("content-length"), Some("0"));
    // What only a browser says of itself comes from the model.
    assert_eq!(server.came()[1].header("sec-fetch-mode"), Some("cors"));
}

#[test]
fn redirects_are_followed_as_a_browser_follows_them() {
    let second = Server::start(|_| response(200, &[("Access-Control-Allow-Origin", "*")]));
    let location = second.url("/b").replace("127.0.0.1", "localhost");
    let first = Server::start(move |_| {
        response(
            302,
            &[
                ("Access-Control-Allow-Origin", PAGE),
                ("Access-Control-Allow-Credentials", "true"),
                ("Location", &location),
            ],
        )
    });
    let arguments = [
        "check",
        &first.url("/a"),
        "--origin",
        PAGE,
        "-b",
        "session=0123456789abcdef",
        "--credentials=same-origin",
    ];
    let result = run(&arguments);
    assert_eq!(result.status, 0, "{}", result.out);
    // After a redirect between two origins that are not the page's.
    assert_eq!(second.came()[0].header("origin"), Some("null"));
}

#[test]
fn cookies_go_only_to_the_origin_that_they_were_given_for() {
    let second = Server::start(|_| {
        response(
            200,
            &[("Access-Control-Allow-Origin", "null"), ("Access-Control-Allow-Credentials", "true")],
        )
    });
    let location = second.url("/b").replace("127.0.0.1", "localhost");
    let first = Server::start(move |_| {
        response(
            307,
            &[
                ("Access-Control-Allow-Origin", PAGE),
                ("Access-Control-Allow-Credentials", "true"),
                ("Location", &location),
            ],
        )
    });
    run(&["check", &first.url("/a"), "--origin", PAGE, "-b", "session=0123456789abcdef"]);
    assert_eq!(first.came()[0].header("cookie"), Some("session=0123456789abcdef"));
    assert!(!second.came().is_empty());
    assert!(second.came().iter().all(|request| request.header("cookie").is_none()));
}

#[test]
fn a_preflight_never_carries_cookies() {
    let server = permissive(PAGE);
    run(&[
        "check",
        &server.url("/a"),
        "-X",
        "PUT",
        "-b",
        "session=0123456789abcdef",
        "--origin",
        PAGE,
        "--send",
    ]);
    let (options, others): (Vec<_>, Vec<_>) = server
        .came()
        .into_iter()
        .partition(|request| request.header("access-control-request-method").is_some());
    assert!(!options.is_empty() && options.iter().all(|request| request.header("cookie").is_none()));
    assert!(others.iter().any(|request| request.method() == "PUT" && request.header("cookie").is_some()));
}

#[test]
fn a_loop_of_redirects_ends() {
    let server =
        Server::start(|_| response(302, &[("Access-Control-Allow-Origin", PAGE), ("Location", "/again")]));
    let result = run(&["check", &server.url("/again"), "--origin", PAGE, "--no-probes"]);
    assert_eq!(result.status, 1, "{}", result.out);
    assert_eq!(server.came().len(), 21);
}

#[test]
fn secrets_are_masked_in_all_output() {
    // What it was sent comes back in headers that are shown.
    let server = Server::start(|request| {
        if request.method() == "OPTIONS" {
            let names = request.header("access-control-request-headers").unwrap_or("x");
            let lines = [
                ("Access-Control-Allow-Origin", PAGE),
                ("Access-Control-Allow-Credentials", "true"),
                ("Access-Control-Allow-Headers", names),
            ];
            return response(200, &lines);
        }
        let sent = |name| request.header(name).unwrap_or_default();
        let echoed =
            format!("{}|{}|{}", sent("authorization").replace(' ', "="), sent("x-api-key"), sent("cookie"));
        response(
            200,
            &[("Access-Control-Allow-Origin", &echoed), ("Location", "/login?ticket=location-secret")],
        )
    });
    let url = server.url("/items?api_key=query-secret&page=2");
    let arguments = [
        "check",
        url.as_str(),
        "--origin",
        PAGE,
        "-H",
        "Authorization: Bearer header-secret",
        "-H",
        "X-Api-Key: another-secret",
        "-b",
        "sid=cookie-secret; theme=dark-theme",
        "--send",
    ];
    let mut with_json = arguments.to_vec();
    with_json.push("--json");
    for arguments in [&arguments[..], &with_json] {
        let result = run(arguments);
        assert_eq!(result.status, 1, "{}{}", result.out, result.err);
        for secret in ["query-secret", "header-secret", "another-secret", "cookie-secret", "location-secret"]
        {
            assert!(!result.out.contains(secret), "{secret}\n{}", result.out);
            assert!(!result.err.contains(secret), "{secret}\n{}", result.err);
        }
    }
    // It would have been shown, and nothing else is hidden.
    let out = run(&arguments).out;
    assert!(out.contains("Bearer=***|***|sid=***") && out.contains("page=2"), "{out}");
}

#[test]
fn what_is_wrong_with_the_call_is_said() {
    for (arguments, expected) in [
        (vec!["check", "http://127.0.0.1:9/"], "Add --origin"),
        (vec!["check", "http://127.0.0.1:9/", "--origin", "app"], "not an origin"),
        (
            vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "--server", "cgi"],
            "Write one of actix-web-cors",
        ),
        (vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "-H", "X-A"], "a header has a colon"),
        (vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "-H", "Cookie: a=b"], "Write -b"),
        (vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "-m", "0"], "--max-time 0"),
        (vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "--resolve", "x"], "host:port:address"),
        (vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "--cacert", "/nonexistent"], "can't be read"),
        (
            vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "--open-path", "http://b.example/"],
            "not a path of the server",
        ),
        (vec!["check"], "nothing was pasted"),
        (vec!["check", "--curl", "wget x"], "not a curl command line"),
        (
            vec!["check", "http://127.0.0.1:9/", "--origin", PAGE, "-H", "Bearer abc123.def456"],
            "a header has a colon",
        ),
        (vec!["frobnicate"], "unrecognized subcommand"),
        (vec!["check", "--nonsense"], "unexpected argument"),
    ] {
        let result = run(&arguments);
        assert_eq!(result.status, 2, "{arguments:?}");
        assert!(result.err.contains(expected), "{arguments:?}\n{}", result.err);
        assert_eq!(result.out, "", "{arguments:?}");
        assert!(!result.err.contains("abc123"), "{}", result.err);
    }
}

#[test]
fn help_fits_a_screen_and_has_an_example() {
    for command in ["check", "explain", "policy", "diff", "completions"] {
        let help = run(&[command, "--help"]).out;
        assert!(help.lines().count() <= 30, "{command}: {}\n{help}", help.lines().count());
        assert!(help.contains("Example: cors-doctor "), "{help}");
        assert_eq!(help, run(&[command, "-h"]).out);
    }
    let help = run(&["--help"]).out;
    assert!(help.lines().count() <= 24 && help.contains("cors-doctor"), "{help}");
}

#[test]
fn one_server_is_shown_in_full() {
    let server = Server::start(|_| response(200, &[]));
    let result = run(&["check", &server.url("/"), "--origin", PAGE, "--server", "nginx"]);
    assert!(result.out.contains("\"http://app.example\" $http_origin;"), "{}", result.out);
    assert!(result.out.contains("Without always"), "{}", result.out);
}

#[test]
fn a_get_is_tried_only_if_it_is_asked_for() {
    let start = || {
        Server::start(|request| match request.method() {
            "OPTIONS" => response(404, &[]),
            _ => response(200, &[("Access-Control-Allow-Origin", PAGE)]),
        })
    };
    let server = start();
    let result = run(&["check", &server.url("/items/1"), "-X", "PUT", "--origin", PAGE, "--send", "--json"]);
    assert!(server.methods().iter().all(|method| method == "OPTIONS"), "{:?}", server.methods());
    assert_eq!((result.status, &result.json()["certain"]), (1, &false.into()), "{}", result.out);
    assert!(result.json()["to_settle"].to_string().contains("--try-get"), "{}", result.out);

    let server = start();
    let result =
        run(&["check", &server.url("/items/1"), "-X", "PUT", "--origin", PAGE, "--try-get", "--json"]);
    assert!(
        server.methods().iter().all(|method| method == "OPTIONS" || method == "GET"),
        "{:?}",
        server.methods()
    );
    assert_eq!(result.json()["cause"], "options-not-routed", "{}", result.out);
    assert_eq!(result.json()["certain"], true, "{}", result.out);
}
