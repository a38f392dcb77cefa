//! The messages of three engines, in their exact words. The conformance run compares those that are captured.

use fetch_cors::browser::Engine;

use super::kinds::{Cause, Kind, Lead, Message, Source};

/// All kinds of messages, those that people meet most first.
pub const KINDS: &[Kind] = &[
    Kind {
        id: "allow-origin-missing",
        meaning: "The response has no Access-Control-Allow-Origin header.",
        causes: &[
            Cause {
                names: &["hidden-error", "not-found", "only-preflight-covered"],
                what: "An error page made outside of the CORS middleware: the real problem is the status behind it (404, 500, 502, 413).",
                fix: "Look at the status first, and fix that. Put the CORS middleware outermost, so that every response gets its headers, error pages too.",
            },
            Cause {
                names: &["origin-not-listed", "opaque-origin"],
                what: "The server doesn't allow this origin, and says nothing to origins that it doesn't know.",
                fix: "Add the page's origin to the server's list, exactly as the message or the address bar has it.",
            },
            Cause {
                names: &[
                    "authentication-in-front",
                    "rate-limit",
                    "firewall",
                    "login-redirect",
                    "interstitial",
                    "options-not-routed",
                    "options-answered-elsewhere",
                ],
                what: "Something in front responds to OPTIONS or to the request: authentication, a rate limit, a firewall, a login page.",
                fix: "Let OPTIONS pass there, and put CORS before authentication.",
            },
            Cause {
                names: &["no-cors"],
                what: "The server has no CORS at all.",
                fix: "Add CORS middleware that allows the page's origin.",
            },
            Cause {
                names: &["method-not-listed", "headers-not-listed"],
                what: "The server refuses the method or a header of the preflight with an error (400, 403, 405), as some libraries do.",
                fix: "Add the method and the headers to the server's lists.",
            },
            Cause {
                names: &["not-found", "redirected", "html-page"],
                what: "The URL is wrong, or a redirect led to a server without CORS.",
                fix: "Open the URL in a tab of its own, and compare it with the address that it ends at.",
            },
            Cause {
                names: &["cached-for-another", "inconsistent"],
                what: "A cache holds a response that was made for no origin.",
                fix: "Send Vary: Origin with every response, and clear the cache.",
            },
            Cause {
                names: &["client-certificate"],
                what: "The server wants a client certificate, and preflights carry none.",
                fix: "Don't ask for the certificate at OPTIONS.",
            },
            Cause {
                names: &["response-header-on-request"],
                what: "The page's script sets a response header, such as Access-Control-Allow-Origin, on its request, and the server refuses the preflight.",
                fix: "Remove that header from the request; only responses can use it.",
            },
            Cause {
                names: &["connection-closed"],
                what: "The server broke off in the middle of the response's headers.",
                fix: "Look for a crash in the log of the server or of the proxy in front of it.",
            },
        ],
        excludes: &[
            "A header that names another origin: there is none at all.",
            "Access-Control-Allow-Credentials: it is looked at later.",
            "A server that is down: there was a response.",
        ],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "No 'Access-Control-Allow-Origin' header is present on the requested resource.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS header ‘Access-Control-Allow-Origin’ missing). Status code: {status}.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS header ‘Access-Control-Allow-Origin’ missing).",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "origin-not-allowed",
        meaning: "The response has no Access-Control-Allow-Origin header, or one that names another origin; Safari says the same in both cases.",
        causes: &[
            Cause {
                names: &["origin-not-listed", "opaque-origin", "no-cors"],
                what: "The server doesn't allow this origin.",
                fix: "Add the page's origin to the server's list, exactly as the message or the address bar has it.",
            },
            Cause {
                names: &["hidden-error", "not-found", "only-preflight-covered"],
                what: "An error page made outside of the CORS middleware: the status is the real problem.",
                fix: "Look at the status first, and fix that. Put the CORS middleware outermost, so that every response gets its headers, error pages too.",
            },
            Cause {
                names: &["origin-not-listed", "not-an-origin", "list-of-origins"],
                what: "The list has a near miss: http instead of https, another port, www, a slash at the end.",
                fix: "Write the origin as scheme, host and port, without a slash.",
            },
            Cause {
                names: &[
                    "authentication-in-front",
                    "rate-limit",
                    "firewall",
                    "login-redirect",
                    "interstitial",
                    "options-not-routed",
                    "options-answered-elsewhere",
                ],
                what: "Something in front responds: authentication, a rate limit, a firewall, a login page.",
                fix: "Let OPTIONS pass there, and put CORS before authentication.",
            },
            Cause {
                names: &["method-not-listed", "headers-not-listed"],
                what: "The server refuses the method or a header of the preflight with an error (400, 403, 405), as some libraries do.",
                fix: "Add the method and the headers to the server's lists.",
            },
            Cause {
                names: &["not-found", "redirected", "html-page"],
                what: "The URL is wrong, or a redirect led to a server without CORS.",
                fix: "Open the URL in a tab of its own, and compare it with the address that it ends at.",
            },
            Cause {
                names: &["cached-for-another", "inconsistent"],
                what: "A cache holds a response that was made for no origin, or for another one.",
                fix: "Send Vary: Origin with every response, and clear the cache.",
            },
        ],
        excludes: &[
            "A * with credentials, and two values: Safari has messages of their own for them.",
            "A server that is down: there was a response.",
        ],
        messages: &[
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Origin {origin} is not allowed by Access-Control-Allow-Origin. Status code: {status}",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Origin {origin} is not allowed by Access-Control-Allow-Origin.",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "allow-origin-multiple",
        meaning: "The response names more than one origin; a browser accepts exactly one.",
        causes: &[
            Cause {
                names: &["two-writers"],
                what: "Two writers: the application and a proxy in front of it both add the header.",
                fix: "Remove it from one of them; in nginx, proxy_hide_header Access-Control-Allow-Origin.",
            },
            Cause {
                names: &["two-writers"],
                what: "CORS middleware is installed twice, or a handler adds the header as well.",
                fix: "Keep the middleware, and remove the line from the handler.",
            },
            Cause {
                names: &["list-of-origins"],
                what: "One writer sends its whole list of origins.",
                fix: "Respond with the one origin of the request if it is in the list, and with Vary: Origin.",
            },
            Cause {
                names: &["hidden-error"],
                what: "The server or a proxy fails, and only what makes its error responses adds a second value.",
                fix: "Look at the status first, and fix that; then let only one of them write the header.",
            },
            Cause {
                names: &["service-worker-or-extension"],
                what: "A browser extension that promises to allow CORS adds a * of its own.",
                fix: "Try a private window without extensions.",
            },
        ],
        excludes: &["A missing header.", "An origin that is not allowed: the value is not even compared."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "The 'Access-Control-Allow-Origin' header contains multiple values '{value}', but only one is allowed. Have the server send the header with a valid value.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: Multiple CORS header ‘Access-Control-Allow-Origin’ not allowed).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Access-Control-Allow-Origin cannot contain more than one origin.",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "allow-origin-mismatch",
        meaning: "The response allows another origin than the page's.",
        causes: &[
            Cause {
                names: &["origin-not-listed"],
                what: "A fixed value: the server always names the same origin, such as that of production.",
                fix: "Add the page's origin to the server's list, exactly as the message or the address bar has it. Respond with the request's own origin if it is listed.",
            },
            Cause {
                names: &["origin-not-listed"],
                what: "A near miss: http instead of https, another port, www, localhost instead of 127.0.0.1.",
                fix: "Write the origin of the page exactly.",
            },
            Cause {
                names: &["cached-for-another", "inconsistent", "overridden"],
                what: "A cache holds a response that was made for another origin.",
                fix: "Send Vary: Origin with every response, and clear the cache.",
            },
            Cause {
                names: &["opaque-origin", "redirected"],
                what: "The page has no origin of its own (a local file, a sandboxed frame), or a redirect between two other servers made it null.",
                fix: "Serve the page over http, and write the URL that the redirect leads to in it.",
            },
            Cause {
                names: &["not-an-origin"],
                what: "The value is not an origin: it has a slash or a path at the end, or something else too many.",
                fix: "Respond with the bare origin: scheme, host and port.",
            },
            Cause {
                names: &["list-of-origins", "two-writers"],
                what: "The value has several origins in one line.",
                fix: "Respond with one origin: scheme, host and port.",
            },
        ],
        excludes: &[
            "A missing header.",
            "A * with credentials.",
            "A server without CORS: something writes the header.",
        ],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "The 'Access-Control-Allow-Origin' header has a value '{value}' that is not equal to the supplied origin. Have the server send the header with a valid value.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS header ‘Access-Control-Allow-Origin’ does not match ‘{value}’).",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "allow-origin-invalid",
        meaning: "The value of Access-Control-Allow-Origin is not an origin.",
        causes: &[
            Cause {
                names: &["not-an-origin"],
                what: "The scheme is missing: example.com instead of https://example.com.",
                fix: "Write the origin with its scheme.",
            },
            Cause {
                names: &["not-an-origin"],
                what: "A pattern such as *.example.com: browsers compare letter by letter.",
                fix: "Match the pattern in the server, and respond with the request's own origin.",
            },
            Cause {
                names: &["not-an-origin"],
                what: "Quotation marks, or a name that a template did not fill in.",
                fix: "Look at the header with curl -i, and write the bare origin.",
            },
        ],
        excludes: &["A missing header.", "Another origin that is written correctly."],
        messages: &[Message {
            engine: Engine::Chromium,
            lead: Lead::Access,
            why: "The 'Access-Control-Allow-Origin' header contains the invalid value '{value}'. Have the server send the header with a valid value.",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "wildcard-with-credentials",
        meaning: "The response allows any origin with *, which doesn't count for a request with credentials.",
        causes: &[
            Cause {
                names: &["wildcard-with-credentials"],
                what: "The script sends cookies (credentials: \"include\", withCredentials), and the server is set to any origin.",
                fix: "Name the page's origin in the server, and send Access-Control-Allow-Credentials: true.",
            },
            Cause {
                names: &["wildcard-with-credentials"],
                what: "The script asks for credentials without needing them, such as for a bearer token.",
                fix: "Leave out credentials: \"include\" or withCredentials in the page.",
            },
            Cause {
                names: &["overridden"],
                what: "A layer in front overwrites the application's header with *.",
                fix: "Remove the header there.",
            },
            Cause {
                names: &["wildcard-with-credentials"],
                what: "Two settings contradict: any origin and credentials, and the framework sends * all the same.",
                fix: "List origins instead of *.",
            },
            Cause {
                names: &["cached-for-another"],
                what: "A cache holds a response that was made for a request without credentials.",
                fix: "Send Vary: Origin with every response, and clear the cache.",
            },
            Cause {
                names: &["service-worker-or-extension"],
                what: "A browser extension that promises to allow CORS replaces the header by *.",
                fix: "Try a private window without extensions.",
            },
        ],
        excludes: &["An origin that is not allowed.", "A missing header."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "The value of the 'Access-Control-Allow-Origin' header in the response must not be the wildcard '*' when the request's credentials mode is 'include'.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicyQuoted,
                why: "(Reason: Credential is not supported if the CORS header ‘Access-Control-Allow-Origin’ is ‘*’).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Cannot use wildcard in Access-Control-Allow-Origin when credentials flag is true.",
                source: Source::Captured,
            },
        ],
        needs_credentials: true,
    },
    Kind {
        id: "credentials-not-true",
        meaning: "The origin is allowed, but Access-Control-Allow-Credentials is not exactly true.",
        causes: &[
            Cause {
                names: &["credentials-not-allowed"],
                what: "The server doesn't allow credentials, and the script sends cookies.",
                fix: "Turn on credentials in the server's CORS settings.",
            },
            Cause {
                names: &["credentials-not-allowed"],
                what: "The value is written True, or twice: only true in lower case counts.",
                fix: "Send it once, as true.",
            },
            Cause {
                names: &["credentials-not-allowed"],
                what: "The script asks for credentials without needing them.",
                fix: "Leave out credentials: \"include\" or withCredentials in the page.",
            },
            Cause {
                names: &["cached-for-another"],
                what: "A cache holds a response that was made for a request without credentials.",
                fix: "Send Vary: Origin with every response, and clear the cache.",
            },
        ],
        excludes: &["An origin that is not allowed: it is named correctly."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "The value of the 'Access-Control-Allow-Credentials' header in the response is '{value}' which must be 'true' when the request's credentials mode is 'include'.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: expected ‘true’ in CORS header ‘Access-Control-Allow-Credentials’).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Credentials flag is true, but Access-Control-Allow-Credentials is not \"true\".",
                source: Source::Captured,
            },
        ],
        needs_credentials: true,
    },
    Kind {
        id: "preflight-redirect",
        meaning: "The preflight was redirected, which no browser follows.",
        causes: &[
            Cause { names: &["redirected"], what: "http leads to https.", fix: "In the page, write https." },
            Cause {
                names: &["redirected"],
                what: "A slash at the end is missing, or is one too many.",
                fix: "In the page, write the URL that the redirect leads to.",
            },
            Cause {
                names: &["login-redirect"],
                what: "A login wall redirects every request without a session, and a preflight never carries one.",
                fix: "Let OPTIONS pass before authentication, and respond with 401 instead of a redirect to scripts.",
            },
            Cause {
                names: &["redirected"],
                what: "The host is another one, such as www.",
                fix: "In the page, write the host that the redirect leads to.",
            },
        ],
        excludes: &["A method or header that is not allowed.", "A server that is down."],
        messages: &[Message {
            engine: Engine::Chromium,
            lead: Lead::AccessOfPreflight,
            why: "Response to preflight request doesn't pass access control check: Redirect is not allowed for a preflight request.",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "preflight-status",
        meaning: "The preflight's response has a status other than 200 to 299.",
        causes: &[
            Cause {
                names: &["options-not-routed", "options-answered-elsewhere", "not-found", "no-cors"],
                what: "Nothing handles OPTIONS at this URL (404, 405).",
                fix: "Put the CORS middleware around the application, not around the route.",
            },
            Cause {
                names: &["authentication-in-front"],
                what: "Authentication runs before CORS (401, 403); a preflight never carries cookies or Authorization.",
                fix: "Put CORS before authentication, or let OPTIONS pass.",
            },
            Cause {
                names: &["hidden-error"],
                what: "The server or a proxy fails (500, 502, 503, 504).",
                fix: "Fix that first; CORS is not the problem.",
            },
            Cause {
                names: &["origin-not-listed", "method-not-listed", "headers-not-listed"],
                what: "The server refuses the origin, the method or a header of the preflight with an error (400, 403, 405), as some libraries do.",
                fix: "Add the method and the headers to the server's lists.",
            },
            Cause {
                names: &["rate-limit", "firewall", "interstitial"],
                what: "A rate limit or firewall (429, 403).",
                fix: "Don't count preflights, and let OPTIONS pass.",
            },
            Cause {
                names: &["origin-not-listed", "no-cors"],
                what: "Safari looks at the status first: the origin may not be allowed either.",
                fix: "Fix the status, and look at the message that comes then.",
            },
            Cause {
                names: &["overridden"],
                what: "One layer refuses the origin with an error, and another one adds the header to the refusal.",
                fix: "Let only one layer write CORS headers, and allow the origin there.",
            },
            Cause {
                names: &["redirected", "login-redirect"],
                what: "A redirect (301, 302, 307, 308); Safari writes it so.",
                fix: "In the page, write the URL that the redirect leads to.",
            },
            Cause {
                names: &["client-certificate"],
                what: "The server wants a client certificate, and preflights carry none.",
                fix: "Don't ask for the certificate at OPTIONS.",
            },
            Cause {
                names: &["response-header-on-request"],
                what: "The page's script sets a response header, such as Access-Control-Allow-Origin, on its request, and the server refuses the preflight.",
                fix: "Remove that header from the request; only responses can use it.",
            },
        ],
        excludes: &[
            "The lists of methods and headers in this response: they are looked at only after a success.",
        ],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::AccessOfPreflight,
                why: "Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS preflight response did not succeed). Status code: {status}.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS preflight channel did not succeed).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Response for preflight has invalid HTTP status code {status}",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Preflight response is not successful. Status code: {status}",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Preflight response is not successful",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "methods-invalid",
        meaning: "The preflight's Access-Control-Allow-Methods is not a comma-separated list of names.",
        causes: &[
            Cause {
                names: &["not-a-list"],
                what: "The names are separated by spaces or semicolons.",
                fix: "Separate them by commas: PUT, DELETE.",
            },
            Cause {
                names: &["not-a-list"],
                what: "The value has brackets or quotation marks: a list was printed as the programming language shows it.",
                fix: "Join the names with commas.",
            },
        ],
        excludes: &["An origin that is not allowed.", "A status: it was a success."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Cannot parse Access-Control-Allow-Methods response header field in preflight response.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Methods’).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Header Access-Control-Allow-Methods has an invalid value: {value}",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "headers-invalid",
        meaning: "The preflight's Access-Control-Allow-Headers is not a comma-separated list of names.",
        causes: &[
            Cause {
                names: &["not-a-list"],
                what: "The names are separated by spaces or semicolons.",
                fix: "Separate them by commas: content-type, x-request-id.",
            },
            Cause {
                names: &["not-a-list"],
                what: "The value has brackets or quotation marks: a list was printed as the programming language shows it.",
                fix: "Join the names with commas.",
            },
        ],
        excludes: &["An origin that is not allowed.", "A status: it was a success."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Cannot parse Access-Control-Allow-Headers response header field in preflight response.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: invalid token ‘{value}’ in CORS header ‘Access-Control-Allow-Headers’).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Header Access-Control-Allow-Headers has an invalid value: {value}",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "method-not-allowed",
        meaning: "The preflight's response doesn't list the request's method.",
        causes: &[
            Cause {
                names: &["method-not-listed"],
                what: "The method is missing in the server's list.",
                fix: "Add it to the allowed methods.",
            },
            Cause {
                names: &["wildcard-without-effect"],
                what: "The list has a *, and the request carries credentials: then * is a name like any other.",
                fix: "List the methods by name.",
            },
            Cause {
                names: &["method-not-listed"],
                what: "The method is written in lower case: patch is not PATCH.",
                fix: "In the page, write \"PATCH\".",
            },
            Cause {
                names: &["options-answered-elsewhere", "overridden"],
                what: "Another layer responds to OPTIONS with its own list (a gateway, a static file server, the framework's default).",
                fix: "Let the application respond to OPTIONS, or set the list there.",
            },
        ],
        excludes: &["An origin that is not allowed, and a failing status: both were checked before."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Method {method} is not allowed by Access-Control-Allow-Methods in preflight response.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: Did not find method in CORS header ‘Access-Control-Allow-Methods’).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Method {method} is not allowed by Access-Control-Allow-Methods.",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "header-not-allowed",
        meaning: "The preflight's response doesn't list a header that the script sets.",
        causes: &[
            Cause {
                names: &["headers-not-listed", "method-not-listed"],
                what: "The header is missing in the server's list: content-type for JSON, authorization for tokens, or one of a library's own.",
                fix: "Add it to the allowed headers.",
            },
            Cause {
                names: &["wildcard-without-effect"],
                what: "The list has a *, and the header is authorization or the request carries credentials.",
                fix: "List the headers by name.",
            },
            Cause {
                names: &["response-header-on-request"],
                what: "The script sets a response header, such as Access-Control-Allow-Origin, on its request.",
                fix: "Remove it from the page: CORS headers are the server's.",
            },
            Cause {
                names: &["headers-not-listed"],
                what: "A library or a tracing tool adds the header to every request.",
                fix: "Turn it off for other origins, or allow it in the server.",
            },
        ],
        excludes: &[
            "An origin that is not allowed, a failing status and the method: all were checked before.",
        ],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Request header field {name} is not allowed by Access-Control-Allow-Headers in preflight response.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: header ‘{name}’ is not allowed according to header ‘Access-Control-Allow-Headers’ from CORS preflight response).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: missing token ‘{name}’ in CORS header ‘Access-Control-Allow-Headers’ from CORS preflight channel).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Request header field {name} is not allowed by Access-Control-Allow-Headers.",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "same-origin-mode",
        meaning: "The script forbids itself other origins, with mode: \"same-origin\".",
        causes: &[Cause {
            names: &["request-refused"],
            what: "The mode was set by hand or by a library.",
            fix: "In the page, leave out the mode.",
        }],
        excludes: &["The server: nothing was sent."],
        messages: &[Message {
            engine: Engine::Chromium,
            lead: Lead::Nothing,
            why: "Fetch API cannot load {url}. Request mode is \"same-origin\" but the URL's origin is not same as the request origin {page}.",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "redirect-mode-in-no-cors",
        meaning: "A no-cors request must follow redirects.",
        causes: &[Cause {
            names: &["request-refused", "no-cors-mode"],
            what: "The script sets redirect: \"error\" or \"manual\" together with mode: \"no-cors\".",
            fix: "In the page, leave out both; no-cors never lets a script read the response.",
        }],
        excludes: &["The server: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Fetch API cannot load {url}. Request mode is \"no-cors\" but the redirect mode is not \"follow\".",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "No-Cors mode requires follow redirect mode",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "scheme-not-http",
        meaning: "The URL is neither http nor https.",
        causes: &[
            Cause {
                names: &["url-without-scheme"],
                what: "The scheme is missing: localhost:8080/items has the scheme localhost.",
                fix: "In the page, write http:// or https:// before the host.",
            },
            Cause {
                names: &["request-refused", "opaque-origin"],
                what: "The page is a local file and requests another file.",
                fix: "Serve the page from a local web server.",
            },
        ],
        excludes: &["The server: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Fetch API cannot load {url}. URL scheme \"{scheme}\" is not supported.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Cross origin requests are only supported for protocol schemes: {schemes}.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "Security Error: Content at {page} may not load data from {url}.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "FTP URLs are disabled",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS request not http).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Cross origin requests are only supported for HTTP.",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "redirect-is-error",
        meaning: "The response is a redirect, and the script forbids them.",
        causes: &[Cause {
            names: &["redirected"],
            what: "The script sets redirect: \"error\".",
            fix: "In the page, leave it out, or write the URL that the redirect leads to.",
        }],
        excludes: &["A missing CORS header."],
        messages: &[Message {
            engine: Engine::WebKit,
            lead: Lead::Nothing,
            why: "Not allowed to follow a redirection while loading {url}",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "external-redirect",
        meaning: "A redirect led to another server in the middle of a CORS request.",
        causes: &[Cause {
            names: &["login-redirect", "redirected"],
            what: "A login page or another host responds with a redirect.",
            fix: "In the page, write the URL that the redirect leads to; respond with 401 to scripts that need to log in.",
        }],
        excludes: &["A method or header that is not allowed."],
        messages: &[Message {
            engine: Engine::Firefox,
            lead: Lead::SameOriginPolicy,
            why: "(Reason: CORS request external redirect not allowed).",
            source: Source::Reported,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "redirect-location",
        meaning: "The redirect leads nowhere: its Location is missing, is not a valid URL, or is there twice.",
        causes: &[Cause {
            names: &["redirected"],
            what: "The server, or a proxy in front of it, builds the Location from what it doesn't know, such as an empty host.",
            fix: "Look at the header with curl -i, and send one Location with a whole URL.",
        }],
        excludes: &["Access-Control-Allow-Origin: the redirect itself is what is wrong."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_INVALID_REDIRECT",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_RESPONSE_HEADERS_MULTIPLE_LOCATION",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "redirect-scheme",
        meaning: "A redirect leads to a URL that is neither http nor https.",
        causes: &[Cause {
            names: &["redirected"],
            what: "The server redirects to an app's own scheme, to ftp or to a data: URL.",
            fix: "Redirect scripts to https only.",
        }],
        excludes: &["A missing CORS header."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_UNSAFE_REDIRECT",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "Redirecting to data: URI not allowed",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Redirection to URL with a scheme that is not HTTP(S).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy: not allowed to follow a cross-origin CORS redirection with non CORS scheme",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "redirect-credentials",
        meaning: "A redirect leads to a URL with a user name or a password in it.",
        causes: &[Cause {
            names: &["redirected"],
            what: "The server redirects to a URL such as https://user:password@host/.",
            fix: "Redirect to the URL without them, and authenticate in another way.",
        }],
        excludes: &["A missing CORS header."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Redirect location '{value}' contains a username and password, which is disallowed for cross-origin requests.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Cross-origin redirection to {url} denied by Cross-Origin Resource Sharing policy: redirection URL {value} has credentials",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "too-many-redirects",
        meaning: "The redirects don't end: a browser follows twenty.",
        causes: &[Cause {
            names: &["redirected"],
            what: "Two rules contradict, such as one that adds a slash and one that removes it, or http and https behind a proxy.",
            fix: "Follow them with curl -iL, and remove one of the two rules.",
        }],
        excludes: &["A missing CORS header: each redirect had it."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_TOO_MANY_REDIRECTS",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Load cannot follow more than 20 redirections",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "restricted-port",
        meaning: "The port is one of another protocol, and browsers send nothing to it.",
        causes: &[Cause {
            names: &["request-refused"],
            what: "The server listens on a port such as 6000 or 10080.",
            fix: "Choose another port for it.",
        }],
        excludes: &["The server: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_UNSAFE_PORT",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Not allowed to use restricted network port {value}: {url}",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "invalid-url",
        meaning: "The URL is not a valid one.",
        causes: &[Cause {
            names: &["request-refused", "url-without-scheme"],
            what: "A part of it is missing, or was not filled in.",
            fix: "In the page, log the URL before it is requested.",
        }],
        excludes: &["The server: nothing was sent."],
        messages: &[Message {
            engine: Engine::Chromium,
            lead: Lead::Nothing,
            why: "net::ERR_INVALID_URL",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "authorization-wildcard",
        meaning: "The request is allowed for now, but a * in Access-Control-Allow-Headers doesn't cover authorization.",
        causes: &[Cause {
            names: &["wildcard-without-effect"],
            what: "The list has only a *.",
            fix: "List authorization by name.",
        }],
        excludes: &["An origin that is not allowed."],
        messages: &[Message {
            engine: Engine::Firefox,
            lead: Lead::Nothing,
            why: "Cross-Origin Request Warning: The Same Origin Policy will disallow reading the remote resource at {url} soon. (Reason: When the `Access-Control-Allow-Headers` is `*`, the `Authorization` header is not covered.",
            source: Source::Captured,
        }],
        needs_credentials: false,
    },
    Kind {
        id: "resource-policy",
        meaning: "The server forbids pages of other origins or sites to embed the response, with Cross-Origin-Resource-Policy.",
        causes: &[
            Cause {
                names: &["resource-policy"],
                what: "A security middleware (such as helmet) sets same-origin for everything.",
                fix: "Send Cross-Origin-Resource-Policy: cross-origin for what others may embed.",
            },
            Cause {
                names: &["resource-policy"],
                what: "The page asks for isolation (Cross-Origin-Embedder-Policy), which needs the header from every server.",
                fix: "Send the header, or use CORS: the attribute crossorigin.",
            },
        ],
        excludes: &["Access-Control-Allow-Origin: it isn't looked at for a no-cors request."],
        messages: &[
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "The resource at “{url}” was blocked due to its Cross-Origin-Resource-Policy header (or lack thereof).",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Cancelled load to {url} because it violates the resource's Cross-Origin-Resource-Policy response header.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_BLOCKED_BY_RESPONSE.NotSameOrigin",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_BLOCKED_BY_RESPONSE.NotSameSite",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "no-response",
        meaning: "There was no response at all: CORS isn't involved.",
        causes: &[
            Cause {
                names: &["server-down"],
                what: "The server isn't running, or listens on another port or address.",
                fix: "Start it, and open the URL in a tab of its own.",
            },
            Cause {
                names: &["tls-failed", "client-certificate"],
                what: "The certificate is self-signed or for another name.",
                fix: "Open the URL in a tab to see the error, and trust the certificate or replace it.",
            },
            Cause {
                names: &["host-not-found"],
                what: "The name can't be resolved.",
                fix: "Check the host in the URL.",
            },
            Cause {
                names: &["connection-closed", "hang", "not-http"],
                what: "The server, or a proxy, closed the connection or did not respond in time.",
                fix: "Look at the server's log for a crash.",
            },
            Cause {
                names: &["service-worker-or-extension"],
                what: "An extension or a content blocker stopped the request.",
                fix: "Try a private window without extensions.",
            },
        ],
        excludes: &["Everything that a response header could say."],
        messages: &[
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS request did not succeed). Status code: (null).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS request did not succeed).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "(Reason: CORS request failed).",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CONNECTION_REFUSED",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CONNECTION_RESET",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CONNECTION_CLOSED",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CONNECTION_TIMED_OUT",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_EMPTY_RESPONSE",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_NAME_NOT_RESOLVED",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CERT_AUTHORITY_INVALID",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CERT_COMMON_NAME_INVALID",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_CERT_DATE_INVALID",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_SSL_PROTOCOL_ERROR",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "net::ERR_BLOCKED_BY_CLIENT",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Could not connect to the server.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Connection terminated unexpectedly",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "mixed-content",
        meaning: "A page over https requests a URL over http.",
        causes: &[
            Cause {
                names: &["mixed-content"],
                what: "The URL in the page begins with http.",
                fix: "In the page, write https, and serve the API over https.",
            },
            Cause {
                names: &["redirected"],
                what: "A redirect leads from https to http, as from a server behind a proxy that ends TLS.",
                fix: "Let the server build its redirects with https, or write the URL that the redirect leads to in the page.",
            },
        ],
        excludes: &["The server's CORS headers: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Mixed Content: The page at '{page}' was loaded over HTTPS, but requested an insecure resource '{url}'. This request has been blocked; the content must be served over HTTPS.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "Blocked loading mixed active content “{url}”",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "[blocked] The page at {page} requested insecure content from {url}. This content was blocked and must be served over HTTPS.",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "content-security-policy",
        meaning: "The page's own Content Security Policy doesn't list the server.",
        causes: &[Cause {
            names: &["content-security-policy"],
            what: "connect-src (or default-src) of the page lacks the API's origin.",
            fix: "Add the API's origin to connect-src of the page's policy.",
        }],
        excludes: &["The server's CORS headers: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Refused to connect to '{url}' because it violates the following Content Security Policy directive: \"{value}\".",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Connecting to '{url}' violates the following Content Security Policy directive: \"{value}\".",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "The page’s settings blocked the loading of a resource (connect-src) at {url} because it violates the following directive: “{value}”",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Refused to connect to {url} because it does not appear in the connect-src directive of the Content Security Policy.",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "local-network",
        meaning: "A page from a public address requests something in the local network, and the person hasn't permitted it.",
        causes: &[Cause {
            names: &["local-network-access"],
            what: "The API is at localhost or a private address, and the page is not.",
            fix: "Permit it in the site's settings of the browser, or serve both from the same network.",
        }],
        excludes: &["The server's CORS headers: nothing was sent."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Permission was denied for this request to access the `{value}` address space.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "Request had a target IP address space of `{target}` yet the resource is in address space `{value}`.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Access,
                why: "The request client is not a secure context and the resource is in more-private address space `{value}`.",
                source: Source::Captured,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "tainted-canvas",
        meaning: "A canvas holds an image that was loaded without CORS, so scripts can't read it.",
        causes: &[
            Cause {
                names: &["no-cors-mode"],
                what: "The image has no crossorigin attribute.",
                fix: "Write <img crossorigin=\"anonymous\">, and let the server send Access-Control-Allow-Origin.",
            },
            Cause {
                names: &["cached-for-another"],
                what: "The browser's cache holds the image from a load without crossorigin.",
                fix: "Send Vary: Origin with the image, or add a query to its URL.",
            },
        ],
        excludes: &["Methods, headers and preflights: images need none."],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Failed to execute 'toDataURL' on 'HTMLCanvasElement': Tainted canvases may not be exported.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Failed to execute 'getImageData' on 'CanvasRenderingContext2D': The canvas has been tainted by cross-origin data.",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "failed",
        meaning: "The script gets an error that doesn't say why; another message in the console does.",
        causes: &[Cause {
            names: &[],
            what: "Any rule of CORS, or no response at all.",
            fix: "Copy the other message from the console, or let the check find out.",
        }],
        excludes: &[],
        messages: &[
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Failed to load resource: net::ERR_FAILED",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "TypeError: Failed to fetch",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Failed to load resource: the server responded with a status of {status} ({phrase})",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Chromium,
                lead: Lead::Nothing,
                why: "Unsafe attempt to load URL {url} from frame with URL {page}. Domains, protocols and ports must match.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Unsafe attempt to load URL {url} from origin {origin}. Domains, protocols and ports must match.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Not allowed to request resource",
                source: Source::Captured,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Fetch API cannot load {url}.",
                source: Source::Captured,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::Nothing,
                why: "NetworkError when attempting to fetch resource.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "Fetch API cannot load {url} due to access control checks.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "XMLHttpRequest cannot load {url} due to access control checks.",
                source: Source::Reported,
            },
            Message {
                engine: Engine::WebKit,
                lead: Lead::Nothing,
                why: "TypeError: Load failed",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
    Kind {
        id: "cors-policy",
        meaning: "A rule of CORS blocked the request; the part of the message that says which one is not there, or is not known.",
        causes: &[Cause {
            names: &[],
            what: "Any rule of CORS.",
            fix: "Copy the whole message, or let the check find out.",
        }],
        excludes: &["A server that is down: there was a response."],
        messages: &[
            Message { engine: Engine::Chromium, lead: Lead::Access, why: "", source: Source::Reported },
            Message {
                engine: Engine::Chromium,
                lead: Lead::AccessOfPreflight,
                why: "Response to preflight request doesn't pass access control check:",
                source: Source::Reported,
            },
            Message {
                engine: Engine::Firefox,
                lead: Lead::SameOriginPolicy,
                why: "",
                source: Source::Reported,
            },
        ],
        needs_credentials: false,
    },
];
