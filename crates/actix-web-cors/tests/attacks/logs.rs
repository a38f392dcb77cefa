//! What a client can write into the log.

use std::{
    cell::{Cell, RefCell},
    io, mem,
    sync::{Once, mpsc},
    thread,
    time::Duration,
};

use actix_web_cors::{Cors, Policy};
use tracing_subscriber::{
    filter::dynamic_filter_fn, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

use super::{app, policy, request, seen};

thread_local! {
    /// Whether this thread's events are written.
    static IS_HEARD: Cell<bool> = const { Cell::new(false) };
    static WRITTEN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes what this thread says, apart from what the others say.
struct OfThisThread;

impl io::Write for OfThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        WRITTEN.with_borrow_mut(|written| written.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has this thread's events written from now on.
pub(super) fn listen() {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let lines =
            tracing_subscriber::fmt::layer().without_time().with_ansi(false).with_writer(|| OfThisThread);
        let ours = dynamic_filter_fn(|event, _| IS_HEARD.get() && event.target() == "actix_web_cors");
        tracing_subscriber::registry().with(ours).with(lines).init();
    });
    IS_HEARD.set(true);
}

/// What this thread said since the last call.
fn take() -> Vec<u8> {
    WRITTEN.with_borrow_mut(mem::take)
}

/// flask-cors wrote the path into its log as it came, with its line breaks (CVE-2024-1681). Here one request is one line of
/// visible ASCII, of bounded length, whatever the client sends: no forged line, no escape sequence, no text that runs backwards.
#[actix_web::test]
async fn cve_2024_1681_a_request_is_one_line_of_visible_text() {
    listen();
    let listed = app(Cors::new(policy(&["https://app.example.com"], false))).await;
    let echoing = Policy::builder().allow_origins(["https://app.example.com"]).allow_headers(["*"]);
    let echoing = echoing.allow_methods(["*"]).allow_credentials().build().expect("a valid policy");
    let echoing = app(Cors::new(echoing)).await;
    let failing = app(Cors::per_request(|request| {
        let origin = request.headers().get("origin").map(|origin| origin.as_bytes().to_vec());
        Err::<Policy, _>(
            String::from_utf8_lossy(&origin.unwrap_or_default()).into_owned()
                + "\r\n\u{1b}[2J\u{9b}2J\u{202e}",
        )
    }))
    .await;
    let endless = vec![b'x'; 100_000];
    let values: [&[u8]; 12] = [
        b"https://a.example\tINFO actix_web_cors: forged",
        b"https://a.example\" rule=Fine",
        b"\xc2\x85INFO forged",
        b"\xe2\x80\xa8INFO forged",
        b"\xe2\x80\xaemoc.elpmaxe",
        b"\x9b2J",
        b"\xff\xfe",
        "\u{feff}\u{200b}".as_bytes(),
        b"{\"level\":\"INFO\"}",
        b"%0d%0aINFO forged",
        b"\\r\\nINFO forged",
        &endless,
    ];
    let paths = ["/%0d%0aINFO%20forged", "/%1b[2J", "/a?%0a", "/\"x\"", "/%E2%80%AE", "/"];
    let app_origin: (&str, &[u8]) = ("origin", b"https://app.example.com");
    for value in values {
        for path in paths {
            let as_origin = [("origin", value)];
            let as_method = [app_origin, ("access-control-request-method", value)];
            let as_names = [
                app_origin,
                ("access-control-request-method", b"PUT"),
                ("access-control-request-headers", value),
            ];
            for (method, lines) in [("GET", &as_origin[..]), ("OPTIONS", &as_method), ("OPTIONS", &as_names)]
            {
                take();
                seen(&listed, request(method, path, lines)).await;
                let first = take();
                seen(&echoing, request(method, path, lines)).await;
                let second = take();
                seen(&failing, request(method, path, lines)).await;
                let third = take();
                assert!(!first.is_empty(), "{method} {path} {lines:?} is logged");
                for text in [first, second, third].iter().filter(|text| !text.is_empty()) {
                    let shown = String::from_utf8_lossy(text);
                    let line = text.strip_suffix(b"\n").expect("a whole line");
                    assert!(line.iter().all(|byte| matches!(byte, b' '..=b'~')), "one line: {shown:?}");
                    assert!(line.len() < 2500, "{} bytes", line.len());
                    let without_escapes = shown.replace("\\\"", "");
                    let is_forged = without_escapes.split('"').step_by(2).any(|text| text.contains("Fine"));
                    assert!(!is_forged, "it stays between its quotes: {shown}");
                }
            }
        }
    }
}

/// Whoever reads the log learns no password, and nothing that logs somebody in.
#[actix_web::test]
async fn no_secret_is_logged() {
    listen();
    let listed = app(Cors::new(policy(&["https://app.example.com"], false))).await;
    let failing = app(Cors::per_request(|_| {
        Err::<Policy, _>(
            "no connection to postgres://app:s3cret@db.example/policies (Cookie: session=s3cret)",
        )
    }))
    .await;
    let app_origin = ("origin", &b"https://app.example.com"[..]);
    let put = ("access-control-request-method", &b"PUT"[..]);
    let names = "access-control-request-headers";
    let long = format!("https://{}:s3cret@a.example", "u".repeat(190));
    let logs_in = [("authorization", &b"Bearer s3cret"[..]), ("cookie", b"session=s3cret")];
    for (method, path, lines) in [
        ("GET", "/", &[("origin", &b"https://user:s3cret@a.example"[..])][..]),
        ("GET", "/", &[("origin", b"https://s3cret@a.example")]),
        ("GET", "/", &[("origin", b"user:s3cret@a.example")]),
        ("GET", "/", &[("origin", long.as_bytes())]),
        ("GET", "/", &[("origin", b"https://user:s3cret@a.example"), app_origin]),
        ("GET", "/proxy/https://user:s3cret@a.example/", &[("origin", b"https://a.example")]),
        ("GET", "/?password=s3cret", &[("origin", b"https://a.example")]),
        ("OPTIONS", "/", &[("origin", b"https://user:s3cret@a.example"), put]),
        ("OPTIONS", "/", &[app_origin, ("access-control-request-method", b"https://user:s3cret@a.example")]),
        ("OPTIONS", "/", &[app_origin, put, (names, b"Authorization: Bearer s3cret")]),
        ("OPTIONS", "/", &[app_origin, put, (names, b"x-a, Cookie: session=s3cret")]),
        // Refused because it has cookies, and because of its origin.
        ("GET", "/", &[app_origin, logs_in[0], logs_in[1]]),
        ("GET", "/", &[("origin", b"https://a.example"), logs_in[0], logs_in[1]]),
    ] {
        take();
        seen(&listed, request(method, path, lines)).await;
        let log = String::from_utf8(take()).expect("text");
        assert!(!log.is_empty() && !log.contains("s3cret"), "{path} {lines:?}: {log}");
    }
    seen(&failing, request("GET", "/", &[app_origin])).await;
    let log = String::from_utf8(take()).expect("text");
    assert!(
        log.contains("no connection to postgres://***@db.example/policies") && !log.contains("s3cret"),
        "{log}"
    );
}

/// A refusal says what a value may have been meant as: a list, an array, a header line, a value with its name. What is inside of
/// such a paste may be one again, and a look that is taken twice at each level would never end: at 300 levels, 2³⁰⁰ times.
#[test]
fn pastes_in_pastes_do_not_stop_a_worker() {
    let pastes = [
        "a=[",
        "a=[\"",
        "a=\"",
        "a='",
        "a=`",
        "a=(",
        "a=<",
        "a={",
        "a=b,",
        "PUT, a=[",
        "[\"a=",
        "x: ",
        "\"x\": \"",
        "origin:",
        "origin: https://a.example, ",
        "Access-Control-Allow-Methods: [",
        "allow_methods = [",
        "https://a.example, a=[",
        "https://",
    ];
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        actix_web::rt::System::new().block_on(async {
            listen();
            let listed = app(Cors::new(policy(&["https://app.example.com"], true))).await;
            let echoing = Policy::builder().allow_origins(["https://app.example.com"]).allow_methods(["*"]);
            let echoing = echoing.allow_headers(["*"]).allow_credentials().build().expect("a valid policy");
            let echoing = app(Cors::new(echoing)).await;
            let app_origin = ("origin", &b"https://app.example.com"[..]);
            let put = ("access-control-request-method", &b"PUT"[..]);
            for paste in pastes {
                for length in [300, 1000, 60_000] {
                    let value = paste.repeat(length / paste.len() + 1);
                    let value = value.as_bytes();
                    for (name, method, lines) in [
                        ("origin", "GET", &[("origin", value)][..]),
                        ("origin of a preflight", "OPTIONS", &[("origin", value), put]),
                        ("method", "OPTIONS", &[app_origin, ("access-control-request-method", value)]),
                        ("header", "OPTIONS", &[app_origin, put, ("access-control-request-headers", value)]),
                        (
                            "everything",
                            "OPTIONS",
                            &[
                                ("origin", value),
                                ("access-control-request-method", value),
                                ("access-control-request-headers", value),
                            ],
                        ),
                    ] {
                        take();
                        seen(&listed, request(method, "/", lines)).await;
                        seen(&echoing, request(method, "/", lines)).await;
                        let what = format!("{paste:?}, {length} bytes, as {name}");
                        sender.send((what, take())).expect("somebody waits");
                    }
                }
            }
        });
    });
    let mut last = String::new();
    for _ in 0..pastes.len() * 3 * 5 {
        // Nothing is measured: whoever looks twice is not ready tomorrow.
        let (what, log) = receiver
            .recv_timeout(Duration::from_secs(60))
            .unwrap_or_else(|_| panic!("what follows this takes too long: {last}"));
        assert!(!log.is_empty() && log.len() < 6000, "{what} is logged: {}", String::from_utf8_lossy(&log));
        last = what;
    }
}
