//! The decision for one request, without a server: one row per rule, with all fields compared.

use fetch_cors::{
    Policy, Setting,
    server::{
        self, Decision, FieldName, Fields, RequestField, RequestHead, Rule, Sink, decide, escape,
        is_same_origin, refusal,
    },
};

struct Request<'a>(&'a str, &'a [(&'a str, &'a str)]);

impl RequestHead for Request<'_> {
    fn is_options(&self) -> bool {
        self.0 == "OPTIONS"
    }

    fn lines(&self, field: RequestField) -> impl Iterator<Item = &[u8]> {
        self.1.iter().filter(move |(name, _)| *name == field.name()).map(|(_, value)| value.as_bytes())
    }
}

const ORIGIN: (&str, &str) = ("origin", "https://a.example");
const OTHER: (&str, &str) = ("origin", "https://b.example");
const PUT: (&str, &str) = ("access-control-request-method", "PUT");

fn listed() -> Policy {
    Policy::builder()
        .allow_origins(["https://a.example"])
        .allow_methods(["PUT"])
        .allow_headers(["x-a", "x-b"])
        .build()
        .unwrap()
}

fn echoing() -> Policy {
    Policy::builder()
        .allow_origins(["https://a.example"])
        .allow_methods(["*"])
        .allow_headers(["*"])
        .allow_credentials()
        .build()
        .unwrap()
}

const GRANTED: Decision = Decision::PreflightGranted { echo_method: false, echo_headers: false };

#[test]
fn decisions() {
    let (any, listed, echoing, denying) = (Policy::any_origin(), listed(), echoing(), Policy::deny_all());
    let bare = Policy::builder().allow_origins(["https://a.example"]).allow_credentials().build().unwrap();
    for (name, policy, method, headers, expected) in [
        ("any origin", &any, "GET", &[ORIGIN][..], Decision::AnyOrigin),
        ("any origin, none sent", &any, "GET", &[], Decision::AnyOrigin),
        ("any origin, OPTIONS without a request method", &any, "OPTIONS", &[ORIGIN], Decision::AnyOrigin),
        ("any origin, OPTIONS without an origin", &any, "OPTIONS", &[PUT], Decision::AnyOrigin),
        ("any origin, preflight", &any, "OPTIONS", &[ORIGIN, PUT], GRANTED),
        ("any origin, preflight with two origins", &any, "OPTIONS", &[ORIGIN, OTHER, PUT], GRANTED),
        ("no origin", &listed, "GET", &[], Decision::NoOrigin),
        ("no origin, OPTIONS", &listed, "OPTIONS", &[PUT], Decision::NoOrigin),
        ("allowed", &listed, "GET", &[ORIGIN], Decision::Allowed),
        ("allowed, GET with a request method", &listed, "GET", &[ORIGIN, PUT], Decision::Allowed),
        ("allowed, OPTIONS", &listed, "OPTIONS", &[ORIGIN], Decision::Allowed),
        ("not allowed", &listed, "GET", &[OTHER], Decision::NotAllowed),
        ("not allowed, two origins", &listed, "GET", &[ORIGIN, ORIGIN], Decision::NotAllowed),
        ("not allowed, no origin is", &denying, "GET", &[ORIGIN], Decision::NotAllowed),
        ("preflight", &listed, "OPTIONS", &[ORIGIN, PUT], GRANTED),
        ("preflight, two request methods", &listed, "OPTIONS", &[ORIGIN, PUT, PUT], GRANTED),
        ("preflight, not allowed", &listed, "OPTIONS", &[OTHER, PUT], Decision::PreflightRefused),
        ("preflight, two origins", &listed, "OPTIONS", &[ORIGIN, ORIGIN, PUT], Decision::PreflightRefused),
        ("preflight, no origin is allowed", &denying, "OPTIONS", &[ORIGIN, PUT], Decision::PreflightRefused),
        ("preflight, credentials without `*`", &bare, "OPTIONS", &[ORIGIN, PUT], GRANTED),
        (
            "preflight, method echoed",
            &echoing,
            "OPTIONS",
            &[ORIGIN, PUT],
            Decision::PreflightGranted { echo_method: true, echo_headers: false },
        ),
        (
            "preflight, both echoed",
            &echoing,
            "OPTIONS",
            &[ORIGIN, PUT, ("access-control-request-headers", "x-a,authorization")],
            Decision::PreflightGranted { echo_method: true, echo_headers: true },
        ),
        ("preflight, two request methods are not echoed", &echoing, "OPTIONS", &[ORIGIN, PUT, PUT], GRANTED),
    ] {
        let request = Request(method, headers);
        assert_eq!(decide(policy, &request), expected, "{name}");
        assert_eq!(expected.is_preflight(), name.contains("preflight"), "{name}");
        let is_refused = matches!(expected, Decision::NotAllowed | Decision::PreflightRefused);
        assert_eq!(expected.is_refused(), is_refused, "{name}");
        // An adapter's own rule changes the decision about an origin that is not allowed, and no other.
        let with_rule = match expected {
            Decision::NotAllowed => Decision::Allowed,
            Decision::PreflightRefused => GRANTED,
            _ => expected,
        };
        assert_eq!(expected.with_origin_allowed(policy, &request), with_rule, "{name}");
    }
}

#[test]
fn echoes_are_bounded() {
    let policy = echoing();
    let echo = |method: &str, headers: &[&str]| {
        let mut lines = vec![ORIGIN, ("access-control-request-method", method)];
        lines.extend(headers.iter().map(|&names| ("access-control-request-headers", names)));
        match decide(&policy, &Request("OPTIONS", &lines)) {
            Decision::PreflightGranted { echo_method, echo_headers } => (echo_method, echo_headers),
            other => panic!("{other:?}"),
        }
    };
    let (method64, method65) = ("M".repeat(64), "M".repeat(65));
    let [names4093, names4094, names4096, names4097] =
        [4093, 4094, 4096, 4097].map(|length| "n".repeat(length));
    for (name, method, headers, expected) in [
        ("a method of 64 bytes", method64.as_str(), &[][..], (true, false)),
        ("a method of 65 bytes", &method65, &[], (false, false)),
        ("an empty method", "", &[], (false, false)),
        ("an invalid method", "P T", &[], (false, false)),
        ("names with white space and empty elements", "PUT", &["x-a , ,x-b\t,"], (true, true)),
        ("names over two lines", "PUT", &["x-a", "x-b"], (true, true)),
        ("no name at all", "PUT", &[" , "], (true, false)),
        ("a line's end among the white space", "PUT", &["x-a,\r\n\r\n,b"], (true, false)),
        ("a form feed among it", "PUT", &["x-a,\u{c}x-b"], (true, false)),
        ("an empty line next to one with names", "PUT", &["", "x-a"], (true, true)),
        ("an invalid name", "PUT", &["x-a, x b"], (true, false)),
        ("an invalid name on the second line", "PUT", &["x-a", "x\"b"], (true, false)),
        ("4096 bytes", "PUT", &[names4096.as_str()], (true, true)),
        ("4097 bytes", "PUT", &[names4097.as_str()], (true, false)),
        ("4096 bytes, counting the comma between two lines", "PUT", &[names4093.as_str(), "x"], (true, true)),
        ("4097 bytes on two lines", "PUT", &[names4094.as_str(), "x"], (true, false)),
    ] {
        assert_eq!(echo(method, headers), expected, "{name}");
    }
}

fn fields(policy: &Policy, request: &Request<'_>) -> Vec<String> {
    let mut lines: Vec<String> =
        server::fields(policy, request, decide(policy, request), Some(&["x-b", "set-cookie", "etag"]))
            .into_iter()
            .map(|(name, value)| format!("{}: {}", name.name(), String::from_utf8_lossy(&value)))
            .collect();
    lines.sort();
    lines
}

fn exposing() -> Policy {
    Policy::builder()
        .allow_origins(["https://a.example"])
        .expose_headers(["etag", "x-a"])
        .allow_credentials()
        .max_age(std::time::Duration::from_secs(600))
        .build()
        .unwrap()
}

/// `Vary` also names the headers that an adapter's responses depend on.
#[test]
fn fields_with_dependencies() {
    struct Names(Vec<String>);

    impl Sink<String> for Names {
        fn constant(&mut self, name: FieldName, value: &String) {
            self.0.push(format!("{}: {value}", name.name()));
        }

        fn echo(&mut self, name: FieldName, from: RequestField) {
            self.0.push(format!("{}: <{}>", name.name(), from.name()));
        }

        fn vary(&mut self, names: &String) {
            self.constant(FieldName::Vary, names);
        }

        fn own_names(&mut self, name: FieldName) {
            self.0.push(format!("{}: <own>", name.name()));
        }
    }

    let granted = Decision::PreflightGranted { echo_method: false, echo_headers: false };
    let any = Policy::any_origin();
    #[rustfmt::skip]
    let rows = [
        ("a request", &exposing(), Decision::NotAllowed, false, "vary: origin, sec-fetch-site, x-tenant"),
        ("without an origin", &exposing(), Decision::NoOrigin, false, "vary: origin, sec-fetch-site, x-tenant"),
        ("an OPTIONS", &exposing(), Decision::Allowed, true, "vary: origin, access-control-request-method, sec-fetch-site, x-tenant"),
        ("a granted preflight", &exposing(), granted, true, "vary: origin, access-control-request-method, x-tenant"),
        ("a refused preflight", &exposing(), Decision::PreflightRefused, true, "vary: origin, access-control-request-method, x-tenant"),
        ("any origin", &any, Decision::AnyOrigin, false, "vary: x-tenant"),
        ("any origin, an OPTIONS", &any, Decision::AnyOrigin, true, "vary: origin, access-control-request-method, x-tenant"),
    ];
    for (name, policy, decision, is_options, expected) in rows {
        let chosen_by = ["x-tenant", "origin"];
        let fields = Fields::with_dependencies(policy, &chosen_by[..1], &["sec-fetch-site"], str::to_owned);
        let mut names = Names(Vec::new());
        fields.write(decision, is_options, &mut names);
        assert_eq!(names.0.last().unwrap(), expected, "{name}");
        // A name is never repeated.
        let fields = Fields::with_dependencies(policy, &chosen_by, &["origin"], str::to_owned);
        let mut names = Names(Vec::new());
        fields.write(decision, is_options, &mut names);
        assert_eq!(names.0.last().unwrap().matches("origin").count(), 1, "{name}");
    }
}

const OPTIONS_VARY: &str = "vary: origin, access-control-request-method";

#[test]
fn fields_of_every_decision() {
    let names = ("access-control-request-headers", "x-a");
    for (name, policy, request, expected) in [
        ("any origin", Policy::any_origin(), Request("GET", &[]), &["access-control-allow-origin: *"][..]),
        (
            "any origin, preflight",
            Policy::any_origin(),
            Request("OPTIONS", &[ORIGIN, PUT]),
            &[
                "access-control-allow-headers: *, authorization",
                "access-control-allow-methods: *",
                "access-control-allow-origin: *",
                OPTIONS_VARY,
            ],
        ),
        ("no origin", listed(), Request("GET", &[]), &["vary: origin"]),
        ("no origin, OPTIONS", listed(), Request("OPTIONS", &[PUT]), &[OPTIONS_VARY]),
        (
            "any origin, OPTIONS",
            Policy::any_origin(),
            Request("OPTIONS", &[ORIGIN]),
            &["access-control-allow-origin: *", OPTIONS_VARY],
        ),
        ("not allowed", listed(), Request("GET", &[OTHER]), &["vary: origin"]),
        (
            "allowed",
            listed(),
            Request("GET", &[ORIGIN]),
            &["access-control-allow-origin: https://a.example", "vary: origin"],
        ),
        (
            "allowed, names exposed, with credentials",
            exposing(),
            Request("GET", &[ORIGIN]),
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-origin: https://a.example",
                "access-control-expose-headers: etag, x-a",
                "vary: origin",
            ],
        ),
        (
            "preflight, no methods listed: the safelisted ones, so that no upload may use another",
            exposing(),
            Request("OPTIONS", &[ORIGIN, PUT]),
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-methods: GET, HEAD, POST",
                "access-control-allow-origin: https://a.example",
                "access-control-max-age: 600",
                OPTIONS_VARY,
            ],
        ),
        (
            "any origin, any header exposed",
            Policy::builder().allow_origins(["*"]).expose_headers(["*"]).build().unwrap(),
            Request("GET", &[]),
            &["access-control-allow-origin: *", "access-control-expose-headers: *"],
        ),
        ("preflight refused", listed(), Request("OPTIONS", &[OTHER, PUT]), &[OPTIONS_VARY]),
        (
            "preflight",
            listed(),
            Request("OPTIONS", &[ORIGIN, PUT]),
            &[
                "access-control-allow-headers: x-a, x-b",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://a.example",
                OPTIONS_VARY,
            ],
        ),
        (
            "preflight, echoed",
            echoing(),
            Request("OPTIONS", &[ORIGIN, PUT, names, ("access-control-request-headers", "x-b")]),
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-headers: x-a, x-b",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://a.example",
                "vary: origin, access-control-request-method, access-control-request-headers",
            ],
        ),
        (
            "preflight, nothing to echo, but `Vary` names what could be",
            echoing(),
            Request("OPTIONS", &[ORIGIN, PUT]),
            &[
                "access-control-allow-credentials: true",
                "access-control-allow-methods: PUT",
                "access-control-allow-origin: https://a.example",
                "vary: origin, access-control-request-method, access-control-request-headers",
            ],
        ),
    ] {
        assert_eq!(fields(&policy, &request), expected, "{name}");
    }
}

#[test]
fn same_origin() {
    let site = |value| ("sec-fetch-site", value);
    let host = |value| ("host", value);
    for (name, headers, expected) in [
        ("the browser says so", &[OTHER, site("same-origin")][..], true),
        ("the user started it", &[OTHER, site("none")], true),
        ("the browser says same-site", &[ORIGIN, site("same-site"), host("a.example")], false),
        ("the browser says cross-site", &[ORIGIN, site("cross-site"), host("a.example")], false),
        ("sent twice", &[ORIGIN, site("same-origin"), site("same-origin"), host("a.example")], false),
        ("an unknown value", &[ORIGIN, site("Same-Origin"), host("a.example")], false),
        ("the same host", &[ORIGIN, host("a.example")], true),
        ("the same host, TLS ends at a proxy", &[("origin", "http://a.example"), host("a.example")], true),
        ("in another case", &[ORIGIN, host("A.Example")], true),
        ("the default port in `Host`", &[ORIGIN, host("a.example:443")], true),
        ("the default port of http in `Host`", &[("origin", "http://a.example"), host("a.example:80")], true),
        ("the other scheme's default port", &[ORIGIN, host("a.example:80")], false),
        ("the same port", &[("origin", "http://a.example:8080"), host("a.example:8080")], true),
        ("another port", &[("origin", "http://a.example:8080"), host("a.example:3000")], false),
        ("another host", &[OTHER, host("a.example")], false),
        ("a longer host", &[("origin", "https://a.example.evil"), host("a.example")], false),
        ("null", &[("origin", "null"), host("null")], false),
        ("a custom scheme", &[("origin", "tauri://a.example"), host("a.example")], false),
        ("an empty host", &[("origin", "https://"), host("")], false),
        ("no Host", &[ORIGIN], false),
        ("no Origin", &[host("a.example")], false),
        ("two Origins", &[ORIGIN, ORIGIN, host("a.example")], false),
        ("two Hosts", &[ORIGIN, host("a.example"), host("a.example")], false),
    ] {
        assert_eq!(is_same_origin(&Request("POST", headers)), expected, "{name}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn refusals() {
    const COOKIE: (&str, &str) = ("cookie", "a=b");
    let request_method = |value| ("access-control-request-method", value);
    let request_headers = |value| ("access-control-request-headers", value);
    let (any, listed, echoing, everything) =
        (Policy::any_origin(), listed(), echoing(), Policy::allow_origin("https://a.example").unwrap());
    let long = "x".repeat(5000);
    for (name, policy, method, headers, expected) in [
        ("no origin", &listed, "GET", &[][..], None),
        ("allowed", &listed, "GET", &[ORIGIN], None),
        ("not allowed", &listed, "GET", &[OTHER], Some((Rule::OriginNotAllowed, "https://b.example"))),
        ("not allowed, but same-origin", &listed, "POST", &[OTHER, ("host", "b.example")], None),
        ("null", &listed, "GET", &[("origin", "null")], Some((Rule::OriginNotAllowed, "null"))),
        ("two origins", &listed, "GET", &[ORIGIN, OTHER], Some((Rule::SeveralOrigins, "https://a.example"))),
        (
            "preflight refused",
            &listed,
            "OPTIONS",
            &[OTHER, PUT],
            Some((Rule::OriginNotAllowed, "https://b.example")),
        ),
        ("preflight", &listed, "OPTIONS", &[ORIGIN, PUT, request_headers("x-a, X-B")], None),
        ("preflight, safelisted method", &listed, "OPTIONS", &[ORIGIN, request_method("POST")], None),
        (
            "preflight, method",
            &listed,
            "OPTIONS",
            &[ORIGIN, request_method("PATCH")],
            Some((Rule::MethodNotAllowed, "PATCH")),
        ),
        (
            "preflight, method in another case",
            &listed,
            "OPTIONS",
            &[ORIGIN, request_method("put")],
            Some((Rule::MethodNotAllowed, "put")),
        ),
        (
            "preflight, headers",
            &listed,
            "OPTIONS",
            &[ORIGIN, PUT, request_headers("x-c,x-a,,x-d")],
            Some((Rule::HeadersNotAllowed, "x-c, x-d")),
        ),
        (
            "preflight, any",
            &everything,
            "OPTIONS",
            &[ORIGIN, request_method("PATCH"), request_headers("x-c")],
            None,
        ),
        ("preflight, echoed", &echoing, "OPTIONS", &[ORIGIN, PUT, request_headers("x-c")], None),
        ("preflight, echoed, no headers", &echoing, "OPTIONS", &[ORIGIN, PUT], None),
        (
            "preflight, method not echoed",
            &echoing,
            "OPTIONS",
            &[ORIGIN, request_method("P T")],
            Some((Rule::MethodNotEchoed, "P T")),
        ),
        (
            "preflight, headers not echoed",
            &echoing,
            "OPTIONS",
            &[ORIGIN, PUT, request_headers("a b")],
            Some((Rule::HeadersNotEchoed, "a b")),
        ),
        ("cookies", &listed, "GET", &[ORIGIN, COOKIE], Some((Rule::CredentialsNotAllowed, ""))),
        ("cookies, any origin", &any, "GET", &[ORIGIN, COOKIE], Some((Rule::CredentialsNotAllowed, ""))),
        ("cookies, allowed", &echoing, "GET", &[ORIGIN, COOKIE], None),
        ("cookies, without an origin", &any, "GET", &[COOKIE], None),
        ("cookies, same-origin", &listed, "POST", &[ORIGIN, COOKIE, ("sec-fetch-site", "same-origin")], None),
        (
            "a forged line",
            &listed,
            "GET",
            &[("origin", "https://b.example\"\r\nINFO all is well \u{1b}[31m ü")],
            Some((Rule::OriginNotAllowed, r#"https://b.example\"\r\nINFO all is well \x1b[31m \xc3\xbc"#)),
        ),
    ] {
        let request = Request(method, headers);
        let refusal = refusal(policy, &request, decide(policy, &request));
        assert_eq!(refusal.as_ref().map(|refusal| (refusal.rule(), refusal.value())), expected, "{name}");
        if let Some(refusal) = refusal {
            assert!(
                refusal.to_string().bytes().all(|byte| (0x20..0x7f).contains(&byte)),
                "{name}: {refusal}"
            );
        }
    }
    for (name, headers) in
        [("an origin", [OTHER.0, "host"]), ("names", ["origin", "access-control-request-headers"])]
    {
        let mut lines: Vec<(&str, &str)> = headers.map(|header| (header, long.as_str())).into();
        lines.push(PUT);
        if name == "names" {
            lines[0] = ORIGIN;
        }
        let request = Request("OPTIONS", &lines);
        let refusal = refusal(&listed, &request, decide(&listed, &request)).expect(name);
        assert_eq!(refusal.value().len(), 203, "{name} is cut");
    }
}

/// A client chooses the method that a preflight asks for, and a refusal looks for what it may have been meant as.
#[test]
fn a_client_cannot_make_a_refusal_take_long() {
    let (sender, receiver) = std::sync::mpsc::channel();
    let texts = ["a=[", "a=\"", "x: ", "origin:", "a=b,", "a=<", "PUT, a=", "Access-Control-Allow-Methods: "];
    std::thread::spawn(move || {
        for text in texts {
            let value = text.repeat(1000 / text.len()) + "x";
            for name in ["access-control-request-method", "access-control-request-headers"] {
                for origin in [ORIGIN, OTHER, ("origin", value.as_str())] {
                    let lines = [origin, PUT, (name, value.as_str())];
                    let lines = if name.ends_with('d') { [origin, lines[2], lines[2]] } else { lines };
                    let request = Request("OPTIONS", &lines);
                    for policy in [listed(), echoing(), Policy::any_origin()] {
                        let refusal = refusal(&policy, &request, decide(&policy, &request));
                        sender.send(format!("{name}: {text}: {refusal:?}")).unwrap();
                    }
                }
            }
        }
    });
    let mut last = String::new();
    for _ in 0..texts.len() * 2 * 3 * 3 {
        let next = receiver.recv_timeout(std::time::Duration::from_secs(10));
        last = next.unwrap_or_else(|_| panic!("what follows this takes too long: {last}"));
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn refusals_say_what_to_change() {
    let request_method = |value| ("access-control-request-method", value);
    let request_headers = |value| ("access-control-request-headers", value);
    let (listed, echoing, any) = (listed(), echoing(), Policy::any_origin());
    let insecure =
        Policy::builder().danger_allow_origins(["http://a.example"]).allow_credentials().build().unwrap();
    let endless = format!("https://{}.example", "a.".repeat(300));
    for (name, policy, headers, setting, said) in [
        (
            "origin",
            &listed,
            &[OTHER][..],
            Setting::AllowOrigins,
            "the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins",
        ),
        (
            "null",
            &listed,
            &[("origin", "null")],
            Setting::AllowOrigins,
            "the origin \"null\" is not allowed; \"null\" can't be added to allow_origins: browsers send \"null\" for sandboxed frames, local files and data: URLs, which any site can create, so allowing it would allow every site",
        ),
        (
            "an invalid origin",
            &listed,
            &[("origin", "https://a.example/")],
            Setting::AllowOrigins,
            "the origin \"https://a.example/\" is not allowed; \"https://a.example/\" can't be added to allow_origins: an origin has no path",
        ),
        (
            "a pattern",
            &listed,
            &[("origin", "https://*.a.example")],
            Setting::AllowOrigins,
            "the origin \"https://*.a.example\" is not allowed; no browser sends such an origin",
        ),
        (
            "an endless origin",
            &listed,
            &[("origin", endless.as_str())],
            Setting::AllowOrigins,
            "no browser sends such an origin",
        ),
        (
            "plain http",
            &listed,
            &[("origin", "http://b.example")],
            Setting::AllowOrigins,
            "the origin \"http://b.example\" is not allowed; if this is a front end of yours, add \"http://b.example\" to allow_origins",
        ),
        (
            "plain http, with credentials",
            &echoing,
            &[("origin", "http://b.example")],
            Setting::AllowOrigins,
            "add \"http://b.example\" to danger_allow_origins; \"http://b.example\" needs an opt-in: with credentials, anyone on the network",
        ),
        (
            "plain http, with credentials, where another origin has the opt-in",
            &insecure,
            &[("origin", "http://b.example")],
            Setting::AllowOrigins,
            "the origin \"http://b.example\" is not allowed; if this is a front end of yours, add \"http://b.example\" to danger_allow_origins; \"http://b.example\" needs an opt-in",
        ),
        (
            "everything that a preflight lacks",
            &listed,
            &[OTHER, request_method("PATCH"), request_headers("authorization,x-c")],
            Setting::AllowOrigins,
            "the origin \"https://b.example\" is not allowed; if this is a front end of yours, add \"https://b.example\" to allow_origins, add \"PATCH\" to allow_methods and add \"authorization\", \"x-c\" to allow_headers",
        ),
        (
            "everything that a request with cookies lacks",
            &listed,
            &[OTHER, ("cookie", "a=b")],
            Setting::AllowOrigins,
            "if this is a front end of yours, add \"https://b.example\" to allow_origins and turn on allow_credentials",
        ),
        (
            "a near miss",
            &listed,
            &[("origin", "http://a.example")],
            Setting::AllowOrigins,
            "add \"http://a.example\" to allow_origins; already allowed: \"https://a.example\" (another scheme)",
        ),
        (
            "a header named star opens nothing",
            &listed,
            &[ORIGIN, PUT, request_headers("*")],
            Setting::AllowHeaders,
            "the headers \"*\" are not allowed, so the browser won't send the request; \"*\" can't be added to allow_headers",
        ),
        (
            "a method named star opens nothing",
            &listed,
            &[ORIGIN, request_method("*")],
            Setting::AllowMethods,
            "\"*\" can't be added to allow_methods",
        ),
        (
            "a request that no browser sends",
            &echoing,
            &[ORIGIN, request_method("PUT"), request_method("PUT")],
            Setting::AllowMethods,
            "the method \"PUT\" is not echoed, so the browser won't send the request; no browser sends such a request",
        ),
        (
            "several",
            &listed,
            &[ORIGIN, OTHER],
            Setting::AllowOrigins,
            "the request has more than one Origin header (the first is \"https://a.example\"); no browser does that, so check the proxies in between",
        ),
        (
            "method",
            &listed,
            &[ORIGIN, request_method("PATCH")],
            Setting::AllowMethods,
            "the method \"PATCH\" is not allowed, so the browser won't send the request; to allow it, add \"PATCH\" to allow_methods",
        ),
        (
            "method in lower case",
            &listed,
            &[ORIGIN, request_method("patch")],
            Setting::AllowMethods,
            "the method \"patch\" is not allowed, so the browser won't send the request; methods are case-sensitive: the page must write \"PATCH\", not \"patch\"",
        ),
        (
            "method that browsers normalize",
            &listed,
            &[ORIGIN, request_method("put")],
            Setting::AllowMethods,
            "methods are case-sensitive: the page must write \"PUT\", not \"put\"",
        ),
        (
            "forbidden method",
            &listed,
            &[ORIGIN, request_method("TRACE")],
            Setting::AllowMethods,
            "\"TRACE\" can't be added to allow_methods: browsers forbid this method, so no page can ever send it",
        ),
        (
            "headers",
            &listed,
            &[ORIGIN, PUT, request_headers("x-c")],
            Setting::AllowHeaders,
            "the headers \"x-c\" are not allowed, so the browser won't send the request; to allow it, add \"x-c\" to allow_headers",
        ),
        (
            "response headers",
            &listed,
            &[ORIGIN, PUT, request_headers("x-c,access-control-allow-origin")],
            Setting::AllowHeaders,
            "in the page, remove \"access-control-allow-origin\" from the request's headers: only a response can use it",
        ),
        (
            "cookies",
            &listed,
            &[ORIGIN, ("cookie", "a=b")],
            Setting::AllowCredentials,
            "the request carries cookies, which the policy does not allow, so the browser withholds the response; to allow it, turn on allow_credentials",
        ),
        (
            "cookies, any origin",
            &any,
            &[ORIGIN, ("cookie", "a=b")],
            Setting::AllowCredentials,
            "if this is a front end of yours, replace \"*\" in allow_origins with \"https://a.example\" and turn on allow_credentials",
        ),
        (
            "method not echoed",
            &echoing,
            &[ORIGIN, request_method("P T")],
            Setting::AllowMethods,
            "the method \"P T\" is not echoed, so the browser won't send the request; \"P T\" can't be added to allow_methods: this is not a valid HTTP method",
        ),
        (
            "headers not echoed",
            &echoing,
            &[ORIGIN, PUT, request_headers("a b")],
            Setting::AllowHeaders,
            "the headers \"a b\" are not echoed, so the browser won't send the request; \"a b\" can't be added to allow_headers: this is not a valid header name",
        ),
    ] {
        let preflight = headers.iter().any(|(header, _)| *header == "access-control-request-method");
        let request = Request(if preflight { "OPTIONS" } else { "GET" }, headers);
        let refusal = refusal(policy, &request, decide(policy, &request)).expect(name);
        assert_eq!(refusal.setting(), setting, "{name}");
        let has_change = refusal.change().is_some();
        assert!(has_change || !said.contains("to allow it"), "{name}");
        assert!(!has_change || name != "several", "{name}");
        assert!(refusal.to_string().contains(said), "{name}: {refusal}");
        assert!(
            !refusal.advice().is_empty() && refusal.to_string().ends_with(refusal.advice()),
            "{name}: {refusal}"
        );
    }
}

#[test]
fn escaping() {
    let exact = "a".repeat(200);
    for (value, expected) in [
        (&b"plain"[..], "plain".to_owned()),
        (b"a\tb\r\n\0\x7f\xff\"'\\", r#"a\tb\r\n\x00\x7f\xff\"\'\\"#.to_owned()),
        (exact.as_bytes(), exact.clone()),
        (format!("{exact}b").as_bytes(), format!("{exact}...")),
        (format!("{}\n", "a".repeat(199)).as_bytes(), format!("{}...", "a".repeat(199))),
    ] {
        assert_eq!(escape(value), expected);
    }
}

/// With logging on, a client must not make the search for a refused name cost milliseconds.
#[test]
fn a_refusal_reads_no_more_names_than_a_browser_sends() {
    let policy = Policy::builder()
        .allow_origins(["https://a.example"])
        .allow_methods(["PUT"])
        .allow_headers(["x-a"])
        .build()
        .unwrap();
    let early = format!("x-b,{}", "x-a,".repeat(50_000));
    let late = format!("{}x-b", "x-a,".repeat(50_000));
    let commas = format!("{}x-b", ",".repeat(50_000));
    let long = "x".repeat(100_000);
    // 4096 bytes, as many as are ever echoed, and one name more.
    let (at_the_end, behind) = (format!("{}x-b", "x-a,".repeat(1024)), format!("{}x-b", "x-a,".repeat(1025)));
    for (name, names, expected) in [
        ("behind 4096 bytes", at_the_end.as_str(), Some("x-b".to_owned())),
        ("behind more than 4096 bytes", &behind, None),
        ("the first", &early, Some("x-b".to_owned())),
        ("too far behind", &late, None),
        ("behind commas", &commas, None),
        ("a long one", &long, Some(format!("{}...", "x".repeat(200)))),
    ] {
        let request = Request("OPTIONS", &[ORIGIN, PUT, ("access-control-request-headers", names)]);
        let decision = Decision::PreflightGranted { echo_method: false, echo_headers: false };
        let value = refusal(&policy, &request, decision).map(|refusal| refusal.value().to_owned());
        assert_eq!(value, expected, "{name}");
    }
}
