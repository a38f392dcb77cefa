//! Work that grows no faster than what was pasted, and needs no deep stack. Each paste is so large that nobody would see the end
//! of work that grows with its square.

use std::{fmt::Write as _, sync::mpsc, thread, time::Duration};

use cors_doctor::{
    explain::{KINDS, MAX_TEXT, recognize},
    paste::{PastedRequest, curl, fetch, har},
    probe::Secrets,
    report::{Layout, Paint, Report, text},
};

/// The result of work that ends, and needs no deep stack.
#[track_caller]
fn ends<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    const STACK: usize = 512 * 1024;
    let (sender, receiver) = mpsc::channel();
    let worker = thread::Builder::new().stack_size(STACK).spawn(move || sender.send(work()));
    worker.expect("a thread starts");
    receiver.recv_timeout(Duration::from_secs(120)).expect("it neither panics nor goes on for ever")
}

/// After each line break, all that follow were looked through for an option.
#[test]
fn blank_lines_in_a_command() {
    for blank in ["\n", "\r\n", "\n \t"] {
        let request =
            ends(move || curl::parse(&format!("curl{}-k https://a.example", blank.repeat(1_000_000))));
        let request = request.unwrap();
        assert!(request.insecure && request.url == "https://a.example");
    }
    let broken_off =
        ends(|| curl::parse(&format!("curl https://a.example{}echo -k", "\n".repeat(1_000_000))));
    assert!(!broken_off.unwrap().insecure);
}

/// Each part of the name copied all before it.
#[test]
fn an_expression_of_many_parts() {
    let error = ends(|| fetch::parse(&format!("fetch(window{}, {{}})", ".a".repeat(1_000_000)))).unwrap_err();
    assert!(error.to_string().contains("the expression window.a.a"), "{error}");
}

/// Brackets in brackets end where no stack does.
#[test]
fn values_in_values() {
    for open in [
        "[",
        "{a:",
        "\"\"+",
        "\"\"+[",
        "JSON.stringify(",
        "new Headers(",
        "${`",
        "`${",
        "(",
        "a(",
        "new ",
        "a.",
    ] {
        let parsed = ends(move || {
            fetch::parse(&format!("fetch('https://a.example', {{body: {}", open.repeat(300_000)))
        });
        assert!(parsed.is_err(), "{open}");
    }
}

/// Each name was looked for among all headers.
#[test]
fn a_preflight_for_many_headers() {
    const COUNT: usize = 300_000;
    let request = ends(|| {
        let names: Vec<String> = (0..COUNT).map(|number| format!("x-{number}")).collect();
        let names = names.join(",");
        curl::parse(&format!(
            "curl -X OPTIONS https://a.example -H 'X-7: 1' -H 'access-control-request-method: PUT' \
             -H 'access-control-request-headers: {names}, X-1,x-7'"
        ))
    });
    assert_eq!(request.unwrap().headers.len(), COUNT);
}

/// Each header was compared with each that the command removes.
#[test]
fn a_command_that_removes_many_headers() {
    let request = ends(|| {
        let mut command = "curl https://a.example -H 'Kept: 1' -H 'GONE: 1'".to_owned();
        for number in 0..200_000 {
            let _ = write!(command, " -H'a{number}: 1' -H'b{number}:'");
        }
        curl::parse(&(command + " -H 'Gone:'"))
    });
    let headers = request.unwrap().headers;
    assert_eq!(headers.len(), 1 + 200_000);
    assert_eq!(headers[0].0, "Kept");
}

/// For each entry, its preflight, its page and where its redirect leads were looked for among all others.
#[test]
fn a_recording_of_many_requests() {
    const COUNT: usize = 60_000;
    let recordings = ends(|| {
        let mut file = String::from("{\"log\":{\"pages\":[");
        for number in 0..COUNT {
            let comma = if number > 0 { "," } else { "" };
            let _ = write!(file, r#"{comma}{{"id":"p{number}","title":"https://app.example/"}}"#);
        }
        file += "],\"entries\":[";
        for number in 0..COUNT {
            let comma = if number > 0 { "," } else { "" };
            let _ = write!(
                file,
                r#"{comma}{{"pageref":"p{number}","request":{{"method":"GET","url":"https://api.example/{number}"}},"response":{{"status":302,"headers":[{{"name":"location","value":"/nowhere"}}]}}}}"#
            );
        }
        har::parse(&(file + "]}}"))
    });
    let recordings = recordings.unwrap();
    assert_eq!(recordings.len(), COUNT);
    assert!(recordings.iter().all(|recording| recording.exchanges.len() == 1));
}

/// Each secret was looked for in the whole text.
#[test]
fn a_request_of_nothing_but_secrets() {
    let (masked, count) = ends(|| {
        let tokens: Vec<String> = (0..100_000).map(|number| format!("token=abcd{number}")).collect();
        let mut request = PastedRequest::new("GET", format!("https://a.example/?{}", tokens.join("&")));
        // Of each, the one before is the beginning.
        let longer: Vec<String> = (4..1400).map(|length| format!("c={}", "a".repeat(length))).collect();
        request.cookies = Some(longer.join("; "));
        let secrets = Secrets::of(&request);
        let text = format!("{} {}b", request.url.replace("token=", "t="), "a".repeat(1_000_000));
        let masked = secrets.mask(&text);
        (masked.clone(), masked.matches("***").count())
    });
    assert_eq!(count, 100_000 + 1);
    assert!(!masked.contains("abcd") && masked.ends_with(" ***b"));
}

/// From each question mark on, the text was read to its end.
#[test]
fn a_url_of_question_marks() {
    for part in ["?", "&", "?a", "=?", "?a=", "&token", "?a?b="] {
        let text = part.repeat(1_000_000);
        let masked = ends(move || Secrets::default().mask(&(text + "?sig=secret")));
        assert!(masked.ends_with("?sig=***"), "{part}");
    }
}

/// For each line of the evidence, the URLs of all were read.
#[test]
fn a_report_with_much_evidence() {
    const COUNT: usize = 20_000;
    let printed = ends(|| {
        let line = serde_json::json!({
            "method": "GET", "url": "https://api.example/items?a=1&cors-probe=1", "purpose": "the request itself",
            "probe": false, "status": 200, "error": null, "header": null
        });
        let report: Report = serde_json::from_value(serde_json::json!({
            "version": 1, "verdict": "blocked", "cause": "no-cors", "certain": true, "rivals": [],
            "request": { "origin": "https://app.example", "method": "GET", "url": "https://api.example/items", "mode": "cors", "credentials": "omit" },
            "summary": "Blocked: no.", "fix": null, "remedy": "server", "response": null, "servers": [],
            "evidence": vec![line; COUNT], "console": [], "notes": [], "to_settle": [], "rule": null
        }))
        .unwrap();
        text(&report, Layout { width: 100, paint: Paint::default(), server: None })
    });
    assert_eq!(printed.matches("GET /items?a=1 ").count(), COUNT);
}

/// A text has at most 64 KiB, and at most a thousand places in it are looked at as the beginning of a message.
#[test]
fn a_text_of_beginnings_of_messages() {
    let messages = KINDS.iter().flat_map(|kind| kind.messages).step_by(12);
    for beginning in
        messages.filter_map(|message| message.why.split('{').next()).chain(["Method ", "Access to "])
    {
        let text = beginning.repeat(2 * MAX_TEXT / beginning.len().max(1));
        assert!(ends(move || recognize(&text)).len() <= 50, "{beginning}");
    }
}
