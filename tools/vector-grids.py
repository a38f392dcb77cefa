#!/usr/bin/env python3
"""Writes crates/cors-vectors/vectors/grid-*.json: the conformance vectors of rules that are lists, one by one.

    python3 tools/vector-grids.py          # writes them
    python3 tools/vector-grids.py --check  # fails and names each file that differs from what would be written

Each list is copied by hand from the standard that it links to, and none from the code that the vectors test. crates/cors-vectors/README.md describes the format.
"""

import json
import pathlib
import sys

FOLDER = pathlib.Path(__file__).parent.parent / "crates/cors-vectors/vectors"
WIDTH = 120
ALLOW_ORIGIN = ["access-control-allow-origin", "http://site.test"]

# https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte, without those that a header value can't contain.
NOT_IN_VALUES = [0x00, 0x0A, 0x0D]
CONTROLS = [byte for byte in range(0x20) if byte not in NOT_IN_VALUES]
UNSAFE_CONTROLS = [byte for byte in CONTROLS if byte != 0x09]
UNSAFE_DELIMITERS = [ord(character) for character in '"():<>?@[\\]{}']
DEL = 0x7F
UNSAFE_BYTES = [*UNSAFE_CONTROLS, *UNSAFE_DELIMITERS, DEL]
SAFE_ASCII = [byte for byte in range(0x80) if byte not in NOT_IN_VALUES and byte not in UNSAFE_BYTES]

# https://fetch.spec.whatwg.org/#cors-safelisted-request-header, of accept-language and content-language.
LANGUAGE_BYTES = sorted(
    [*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B), 0x20, 0x2A, 0x2C, 0x2D, 0x2E, 0x3B, 0x3D]
)

# https://fetch.spec.whatwg.org/#concept-method-normalize
NORMALIZED = ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
# https://fetch.spec.whatwg.org/#cors-safelisted-method
SAFELISTED_METHODS = ["GET", "HEAD", "POST"]
# https://fetch.spec.whatwg.org/#forbidden-method
FORBIDDEN_METHODS = ["CONNECT", "TRACE", "TRACK"]

# https://fetch.spec.whatwg.org/#forbidden-request-header
FORBIDDEN = [
    "Accept-Charset",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Connection",
    "Content-Length",
    "Cookie",
    "Cookie2",
    "Date",
    "DNT",
    "Expect",
    "Host",
    "Keep-Alive",
    "Origin",
    "Referer",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
]
FORBIDDEN_PREFIXES = ["Proxy-", "Sec-"]
OVERRIDES = ["X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override"]
# Whether these are dropped can't be seen on the wire: a browser may send one with its own value, or the vector states it anyway.
OWN = [
    "Accept-Encoding",
    "Connection",
    "Content-Length",
    "Cookie",
    "Host",
    "Referer",
    "Origin",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
]

# https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name, with a value for each.
SAFELISTED_RESPONSE_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Language": "en",
    "Content-Length": "0",
    "Content-Type": "text/plain",
    "Expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Last-Modified": "Thu, 01 Jan 1970 00:00:00 GMT",
    "Pragma": "no-cache",
}
# https://fetch.spec.whatwg.org/#forbidden-response-header-name
FORBIDDEN_RESPONSE_HEADERS = ["Set-Cookie", "Set-Cookie2"]

# https://www.iana.org/assignments/http-methods, all that are in upper case and that browsers neither normalize nor forbid;
# without PRI, which is not the method of a request (RFC 9113, section 3.4).
OTHER_METHODS = [
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "COPY",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "ORDERPATCH",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
]

# https://wicg.github.io/private-network-access/#forbidden-header-names adds it to the standard's forbidden request headers.
FORBIDDEN_FOR_PRIVATE_NETWORKS = ["Access-Control-Request-Private-Network"]
# Fields of responses only: https://fetch.spec.whatwg.org/#http-responses,
# https://wicg.github.io/private-network-access/#headers,
# https://www.rfc-editor.org/rfc/rfc9110#section-10.2 (Allow, Location, Retry-After, Server), #section-11.6 and -11.7
# (WWW-Authenticate, Authentication-Info), #section-12.5.5 (Vary), #section-14.3 (Accept-Ranges), #section-8.8.3 (ETag),
# https://www.rfc-editor.org/rfc/rfc9111#section-5.1 (Age), https://www.rfc-editor.org/rfc/rfc6797#section-6.1,
# https://www.w3.org/TR/CSP3/#csp-header
RESPONSE_HEADERS = [
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Access-Control-Allow-Private-Network",
    "Accept-Ranges",
    "Age",
    "Allow",
    "Authentication-Info",
    "Content-Security-Policy",
    "ETag",
    "Location",
    "Retry-After",
    "Server",
    "Strict-Transport-Security",
    "Vary",
    "WWW-Authenticate",
]
# Fields of requests only: https://fetch.spec.whatwg.org/#http-requests, and of RFC 9110 section 7.2 (Host), 7.6.2
# (Max-Forwards), 10.1 (Expect, From, Referer, TE, User-Agent), 11.7.2 (Proxy-Authorization), 12.5.2 and 12.5.4
# (Accept-Charset, Accept-Language), 13.1 (If-*), 14.2 (Range); Cookie of RFC 6265, section 4.2, and Cookie2 of RFC 2965;
# DNT of https://www.w3.org/TR/tracking-dnt/#dnt-header-field
REQUEST_HEADERS = [
    "Accept-Charset",
    "Accept-Language",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Access-Control-Request-Private-Network",
    "Cookie",
    "Cookie2",
    "DNT",
    "Expect",
    "From",
    "Host",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Origin",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "TE",
    "User-Agent",
]
# Fields of requests and of responses, or that are used in both.
HEADERS_OF_BOTH = ["Authorization", "Cache-Control", "Content-Type", "X-A", "Proxy", "Sec", "Second", "*"]

# https://url.spec.whatwg.org/#concept-url-origin: an opaque origin, as it is serialized for pages of these schemes
OPAQUE_SCHEMES = {
    "about": "about:blank",
    "blob": "blob:https://a.example/1",
    "data": "data:text/html;a",
    "file": "file:///home/me/index.html",
    "filesystem": "filesystem:https://a.example/temporary/a",
    "javascript": "javascript:a",
    "view-source": "view-source:https://a.example",
}
# https://url.spec.whatwg.org/#special-scheme, without those of pages
NOT_PAGE_SCHEMES = ["ftp", "ws", "wss"]
# Extensions whose identifiers are serialized in lower case: https://developer.chrome.com/docs/extensions/reference/manifest/key
# and https://developer.mozilla.org/docs/Mozilla/Add-ons/WebExtensions/manifest.json/web_accessible_resources
EXTENSIONS = {
    "chrome-extension": "aapbdbdomjkkjkaonfhkkikfgjllcleb",
    "moz-extension": "2c127fa4-62c7-7e4f-90e5-472b45eecfdc",
}
# https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
LOOPBACK_HOSTS = ["localhost", "localhost.", "app.localhost", "app.localhost.", "127.0.0.1", "127.1.2.3", "127.255.255.255", "[::1]"]
NOT_LOOPBACK_HOSTS = ["localhost.example", "mylocalhost", "128.0.0.1", "126.255.255.255", "10.0.0.1", "[::2]", "[::ffff:7f00:1]"]

# RFC 9110, section 5.6.2
TOKEN_SYMBOLS = "!#$%&'*+-.^_`|~"
# The delimiters, without the comma, which separates the elements of a list; white space within an element.
NO_TOKEN = [*'"()/:;<=>?@[\\]{}', " ", "\t", "\x80", "\xff"]


def show(byte):
    return f"{chr(byte)} (0x{byte:02X})" if 0x20 < byte < 0x7F else f"0x{byte:02X}"


def allowed(readable=None, withheld=None, **more):
    outcome = {"type": "cors", **more}
    if readable:
        outcome["readable"] = readable
    if withheld is not None:
        outcome["withheld"] = withheld
    return {"allowed": outcome}


def blocked(step, reason):
    return {"blocked": {"step": step, "reason": reason}}


def respond(*headers, status=None):
    return {**({"status": status} if status else {}), "headers": [ALLOW_ORIGIN, *headers]}


def plain(headers, sent=None):
    """A request that needs no preflight. `sent` is the part of its headers that is on the wire."""
    item = {"headers": sent} if sent else {}
    return {"request": {"headers": headers}, "wire": [{**item, "response": respond()}], "outcome": allowed()}


def asks(headers, names, method="GET"):
    """A request whose preflight is refused, so that the headers' values are never sent."""
    request = {"headers": headers} if method == "GET" else {"method": method, "headers": headers}
    return {
        "request": request,
        "wire": [{"preflight": {"method": method, "headers": names}, "response": respond(status=204)}],
        "outcome": blocked("preflight", "header-not-allowed"),
    }


def unsafe_bytes():
    for byte in UNSAFE_BYTES:
        yield f"accept with {show(byte)}", [asks([["accept", f"a{chr(byte)}b"]], "accept")]
    values = {
        "a control character": UNSAFE_CONTROLS,
        "a delimiter": UNSAFE_DELIMITERS,
        "DEL": [DEL],
    }
    for what, bytes_ in values.items():
        yield f"content-type with {what}", [
            asks([["content-type", f"text/plain;a=b{chr(byte)}c"]], "content-type") for byte in bytes_
        ]
    ascii_ = "".join(map(chr, [0x61, *SAFE_ASCII, 0x61]))
    high = "".join(map(chr, range(0x80, 0x100)))
    for name in ["accept", "content-type"]:
        prefix = "text/plain;" if name == "content-type" else ""
        yield f"{name} with every safe byte of ASCII", [plain([[name, prefix + ascii_]], {name: prefix + ascii_})]
        # As long as a safelisted value of accept may be.
        values = [high] if name == "accept" else [prefix + high[:64], prefix + high[64:]]
        yield f"{name} with every byte beyond ASCII", [plain([[name, value]], {name: value}) for value in values]


def language_bytes():
    for name in ["accept-language", "content-language"]:
        every = "".join(map(chr, LANGUAGE_BYTES))
        every = f"a{every}"
        yield f"{name} with every byte that it may have", [plain([[name, every]], {name: every})]
        others = [byte for byte in range(0x20, DEL) if byte not in LANGUAGE_BYTES]
        values = {
            "a control character": [*CONTROLS, DEL],
            "a character that it may not have": others,
            "a byte beyond ASCII": [0x80, 0xA0, 0xE9, 0xFF],
        }
        for what, bytes_ in values.items():
            yield f"{name} with {what}", [asks([[name, f"a{chr(byte)}b"]], name) for byte in bytes_]


def methods():
    for method in NORMALIZED:
        fetches = []
        for written in [method.lower(), method.capitalize()]:
            wire = [{"method": method, "response": respond()}]
            if method not in SAFELISTED_METHODS:
                grant = respond(["access-control-allow-methods", method], status=204)
                wire.insert(0, {"preflight": {"method": method}, "response": grant})
            # Its own URL, so that no remembered preflight applies.
            url = f"http://api.site.test/{written}"
            fetches.append({"request": {"method": written, "url": url}, "wire": wire, "outcome": allowed()})
        yield f"{method} in any case is {method}", fetches
    for method in FORBIDDEN_METHODS:
        yield f"{method} in any case is forbidden", [
            {"request": {"method": written}, "outcome": blocked("request", "forbidden-method")}
            for written in [method, method.lower(), method.capitalize()]
        ]
    yield "a method has no delimiters, white space, control characters or bytes beyond ASCII", [
        {"request": {"method": f"A{character}B"}, "outcome": blocked("request", "invalid-method")}
        for character in [",", *NO_TOKEN, "\0", "\r", "\n", "\x1f", "\x7f"]
    ]
    method = f"aZ09{TOKEN_SYMBOLS}"
    yield "a method may have every character of a token", [
        {
            "request": {"method": method},
            "wire": [
                {
                    "preflight": {"method": method},
                    "response": respond(["access-control-allow-methods", method], status=204),
                },
                {"response": respond()},
            ],
            "outcome": allowed(),
        }
    ]


def forbidden():
    for name in FORBIDDEN:
        sent = None if name in OWN else {name.lower(): None}
        yield f"{name} is dropped", [plain([[written, "1"]], sent) for written in [name, name.upper()]]
    for prefix in FORBIDDEN_PREFIXES:
        for name in [prefix, f"{prefix}A"]:
            yield f"{name} is dropped", [
                plain([[written, "1"]], {name.lower(): None}) for written in [name, name.upper()]
            ]
    for name in OVERRIDES:
        for method in FORBIDDEN_METHODS:
            yield f"{name}: {method} is dropped", [
                plain([[written, method]], {name.lower(): None}) for written in [name, name.upper()]
            ]


def exposed():
    for name, value in SAFELISTED_RESPONSE_HEADERS.items():
        url = f"http://api.site.test/{name.lower()}"
        yield f"scripts can read {name}", [
            {
                "request": {"url": url},
                "wire": [{"response": respond([name, value])}],
                "outcome": allowed({name.lower(): value}, ["access-control-allow-origin"]),
            }
        ]
    for name in FORBIDDEN_RESPONSE_HEADERS:
        fetches = []
        for listed in [name, "*"]:
            expose = ["access-control-expose-headers", listed]
            lower = name.lower()
            others = {"access-control-allow-origin": ALLOW_ORIGIN[1], "access-control-expose-headers": "*"}
            fetches.append(
                {
                    "wire": [{"response": respond(expose, [name, "a=1; max-age=0"])}],
                    "outcome": allowed(others, [lower]) if listed == "*" else allowed({}, sorted([*others, lower])),
                }
            )
        yield f"{name} can't be exposed, by name or by *", fetches
        yield f"scripts can't read {name}, even same-origin", [
            {
                "request": {"url": "http://site.test/"},
                "wire": [
                    {
                        "origin": None,
                        "credentials": True,
                        "response": {"headers": [[name, "a=1; max-age=0"], ["x-a", "1"]]},
                    }
                ],
                "outcome": allowed({"x-a": "1"}, [name.lower()], type="basic"),
            }
        ]


def lists():
    name = f"az09{TOKEN_SYMBOLS}"
    yield "a list of methods may have every character of a token", [
        {
            "request": {"method": name},
            "wire": [
                {"preflight": {"method": name}, "response": respond(["access-control-allow-methods", name], status=204)},
                {"response": respond()},
            ],
            "outcome": allowed(),
        }
    ]
    yield "a list of request headers may have every character of a token", [
        {
            "request": {"headers": [[name, "1"]]},
            "wire": [
                {
                    "preflight": {"method": "GET", "headers": name},
                    "response": respond(["access-control-allow-headers", name], status=204),
                },
                {"headers": {name: "1"}, "response": respond()},
            ],
            "outcome": allowed(),
        }
    ]
    yield "a list of exposed headers may have every character of a token", [
        {
            "wire": [{"response": respond(["access-control-expose-headers", name], [name, "1"])}],
            "outcome": allowed({name: "1"}),
        }
    ]
    fetches = {"methods": [], "request headers": [], "exposed headers": []}
    for character in NO_TOKEN:
        element = f"a{character}b"
        fetches["methods"].append(
            {
                "request": {"method": "PUT"},
                "wire": [
                    {
                        "preflight": {"method": "PUT"},
                        "response": respond(["access-control-allow-methods", f"PUT, {element}"], status=204),
                    }
                ],
                "outcome": blocked("preflight", "allow-methods-invalid"),
            }
        )
        fetches["request headers"].append(
            {
                "request": {"headers": [["x-a", "1"]]},
                "wire": [
                    {
                        "preflight": {"method": "GET", "headers": "x-a"},
                        "response": respond(["access-control-allow-headers", f"x-a, {element}"], status=204),
                    }
                ],
                "outcome": blocked("preflight", "allow-headers-invalid"),
            }
        )
        fetches["exposed headers"].append(
            {
                "wire": [{"response": respond(["access-control-expose-headers", f"x-a, {element}"], ["x-a", "1"])}],
                "outcome": allowed({}, ["access-control-allow-origin", "access-control-expose-headers", "x-a"]),
            }
        )
    for what, each in fetches.items():
        yield f"a list of {what} with an element that is not a token is not valid", each


ORIGIN = "https://a.example"


def refused(setting, value, kind, **more):
    """A policy whose only mistake is this one."""
    return {"policy": {setting: [value], **more}, "refused": [f"{setting}[0]: {kind}"]}


def grants(setting, value, *lines, **more):
    """A policy that is not refused, and its response to a preflight."""
    policy = {"allow_origins": [ORIGIN], setting: [value], **more}
    return {
        "policy": policy,
        "request": {"method": "OPTIONS", "headers": [["origin", ORIGIN], ["access-control-request-method", "GET"]]},
        "response": {
            "handler": False,
            "status": 204,
            "headers": [
                ["access-control-allow-origin", ORIGIN],
                *map(list, lines),
                ["vary", "origin, access-control-request-method"],
            ],
        },
    }


def exposes(value):
    return {
        "policy": {"allow_origins": [ORIGIN], "expose_headers": [value]},
        "request": {"method": "GET", "headers": [["origin", ORIGIN]]},
        "response": {
            "handler": True,
            "headers": [
                ["access-control-allow-origin", ORIGIN],
                ["access-control-expose-headers", value.lower()],
                ["vary", "origin"],
            ],
        },
    }


def allows(origin, **more):
    """A policy that is not refused, and names this origin."""
    credentials = [["access-control-allow-credentials", "true"]] if more else []
    return {
        "policy": {"allow_origins": [origin], **more},
        "request": {"method": "GET", "headers": [["origin", origin]]},
        "response": {
            "handler": True,
            "headers": [["access-control-allow-origin", origin], *credentials, ["vary", "origin"]],
        },
    }


# What a character between two names shows to be meant.
MISTAKES_IN_NAMES = {",": "several_names", ";": "several_names", "=": "header_line"}
# Scripts never see a response to a preflight: https://fetch.spec.whatwg.org/#cors-preflight-fetch-0
OF_PREFLIGHTS = [
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Private-Network",
    "Access-Control-Max-Age",
]


def listed_methods():
    safelisted = ", ".join(SAFELISTED_METHODS)
    yield f"where no method is listed, {safelisted} are", {
        **grants("allow_headers", "x-a", ("access-control-allow-methods", safelisted), ("access-control-allow-headers", "x-a"))
    }
    for method in FORBIDDEN_METHODS:
        for written in [method, method.lower(), method.capitalize()]:
            yield f"{written} is forbidden", refused("allow_methods", written, "forbidden_method")
    for method in NORMALIZED:
        for written in [method, method.lower(), method.capitalize()]:
            yield f"{written} is {method}", grants("allow_methods", written, ("access-control-allow-methods", method))
    for method in OTHER_METHODS:
        yield f"{method} can be listed", grants("allow_methods", method, ("access-control-allow-methods", method))
        for written in [method.lower(), method.capitalize()]:
            yield f"{written} is not {method}", refused("allow_methods", written, "method_case")
    for character in f"aZ09{TOKEN_SYMBOLS}":
        method = f"a{character}b"
        # Valid, but hardly meant.
        mistake = {"$": "unfilled_variable", "*": "name_pattern", "|": "several_names"}.get(character)
        unusual = {} if character.isalnum() or character in "-_" else {"allow_unusual_names": True}
        if unusual and not mistake:
            yield f"a method with {show(ord(character))} is unusual", refused("allow_methods", method, "unusual_name")
        yield f"a method with {show(ord(character))}", (
            refused("allow_methods", method, mistake)
            if mistake
            else grants("allow_methods", method, ("access-control-allow-methods", method), **unusual)
        )
    for character in [",", *NO_TOKEN, "\0", "\r", "\n", "\x1f", "\x7f"]:
        kind = MISTAKES_IN_NAMES.get(character, "invalid_method")
        yield f"a method without {show(ord(character))}", refused("allow_methods", f"a{character}b", kind)


def listed_request_headers():
    for name in [*FORBIDDEN, *FORBIDDEN_FOR_PRIVATE_NETWORKS]:
        for written in [name, name.lower()]:
            yield f"{written} is forbidden", refused("allow_headers", written, "forbidden_request_header")
    for prefix in FORBIDDEN_PREFIXES:
        for name in [prefix, f"{prefix}A"]:
            for written in [name, name.lower()]:
                yield f"{written} is forbidden", refused("allow_headers", written, "forbidden_request_header")
    for name in RESPONSE_HEADERS:
        for written in [name, name.lower()]:
            yield f"{written} is of responses", refused("allow_headers", written, "response_header_among_allowed")
    can_be_set = [name for name in REQUEST_HEADERS if name not in [*FORBIDDEN, *FORBIDDEN_FOR_PRIVATE_NETWORKS]]
    can_be_set = [name for name in can_be_set if not name.startswith(tuple(FORBIDDEN_PREFIXES))]
    for name in [*can_be_set, *OVERRIDES, *HEADERS_OF_BOTH[:-1]]:
        yield f"{name} can be listed", grants(
            "allow_headers",
            name,
            ("access-control-allow-methods", ", ".join(SAFELISTED_METHODS)),
            ("access-control-allow-headers", name.lower()),
        )
    for character in [",", *NO_TOKEN, "\0", "\r", "\n", "\x1f", "\x7f"]:
        kind = MISTAKES_IN_NAMES.get(character, "invalid_header_name")
        yield f"a name without {show(ord(character))}", refused("allow_headers", f"a{character}b", kind)


def listed_response_headers():
    for name in FORBIDDEN_RESPONSE_HEADERS:
        for written in [name, name.lower()]:
            yield f"{written} is forbidden", refused("expose_headers", written, "forbidden_response_header")
    for name in [*REQUEST_HEADERS, "Sec-Fetch-", "Sec-Fetch-A"]:
        for written in [name, name.lower()]:
            yield f"{written} is of requests", refused("expose_headers", written, "request_header_among_exposed")
    safelisted = list(SAFELISTED_RESPONSE_HEADERS)
    own = [name for name in RESPONSE_HEADERS if name not in safelisted]
    for name in [*safelisted, *own, "Sec-WebSocket-Accept", *(set_ for set_ in HEADERS_OF_BOTH if set_ not in safelisted)]:
        if name in OF_PREFLIGHTS:
            yield f"{name} is of preflights", refused("expose_headers", name, "preflight_header_among_exposed")
        else:
            yield f"{name} can be exposed", exposes(name)


def schemes():
    for scheme, page in OPAQUE_SCHEMES.items():
        for written in [page, f"{scheme.upper()}{page[len(scheme):]}", f"{scheme}://a"]:
            yield f"{written} has an opaque origin", refused("allow_origins", written, "opaque_scheme")
    for scheme in NOT_PAGE_SCHEMES:
        yield f"{scheme}: is not of pages", refused("allow_origins", f"{scheme}://a.example", "not_a_page_scheme")
    for scheme, identifier in EXTENSIONS.items():
        yield f"{scheme}: can be listed", allows(f"{scheme}://{identifier}")
        yield f"{scheme}: with an identifier in upper case", refused(
            "allow_origins", f"{scheme}://{identifier.upper()}", "upper_case"
        )
    yield "safari-web-extension: with an identifier in upper case", allows(
        "safari-web-extension://5D0B4D6A-4E0F-4C4A-8C1F-0123456789AB"
    )
    # https://url.spec.whatwg.org/#url-scheme-string
    for character in "az09+-.":
        yield f"a scheme with {show(ord(character))}", allows(f"ab{character}cdefgh://localhost")
    for character, kind in {"_": "invalid_scheme", "~": "invalid_scheme", "!": "invalid_scheme"}.items():
        yield f"a scheme without {show(ord(character))}", refused("allow_origins", f"ab{character}cdefgh://localhost", kind)


    for character in "-._~":
        yield f"a custom host with {show(ord(character))}", allows(f"tauri://a{character}b")
    for character in "!$'()+":
        kind = {"$": "unfilled_variable", "(": "regular_expression"}.get(character, "invalid_host")
        yield f"a custom host without {show(ord(character))}", refused("allow_origins", f"tauri://a{character}b", kind)
    # What no origin has, and every other regular expression has.
    for character in "\\($^":
        yield f"a regular expression with {show(ord(character))}", refused(
            "allow_origins", f"https://a{character}-.example", "regular_expression"
        )
    for character in ",; |":
        yield f"two origins with {show(ord(character))} between", refused(
            "allow_origins", f"https://a.example/{character}https://b.example", "several_origins"
        )


def loopback():
    for host in LOOPBACK_HOSTS:
        for port in ["", ":3000"]:
            yield f"http://{host}{port} with credentials", allows(f"http://{host}{port}", allow_credentials=True)
    for host in NOT_LOOPBACK_HOSTS:
        for port in ["", ":3000"]:
            yield f"http://{host}{port} with credentials is insecure", refused(
                "allow_origins", f"http://{host}{port}", "insecure_origin_with_credentials", allow_credentials=True
            )


GRIDS = {
    "unsafe-bytes": ("CORS-unsafe request-header bytes", "cors-unsafe-request-header-byte", unsafe_bytes),
    "language-bytes": ("Bytes of safelisted languages", "cors-safelisted-request-header", language_bytes),
    "methods": ("Methods, each by its name", "methods", methods),
    "forbidden-request-headers": ("Forbidden request headers, each by its name", "forbidden-request-header", forbidden),
    "response-headers": ("Response headers, each by its name", "cors-safelisted-response-header-name", exposed),
    "lists": ("The elements of lists", "extract-header-list-values", lists),
}
# The grids of the server's end, each with the part of a standard that its rule follows from.
SERVER_GRIDS = {
    "methods": (
        "Listed methods, each by its name",
        "https://fetch.spec.whatwg.org/#methods",
        listed_methods,
    ),
    "request-headers": (
        "Listed request headers, each by its name",
        "https://fetch.spec.whatwg.org/#forbidden-request-header",
        listed_request_headers,
    ),
    "response-headers": (
        "Exposed response headers, each by its name",
        "https://fetch.spec.whatwg.org/#forbidden-response-header-name",
        listed_response_headers,
    ),
    "schemes": (
        "Schemes of origins, each by its name",
        "https://url.spec.whatwg.org/#concept-url-origin",
        schemes,
    ),
    "loopback": (
        "Loopback hosts with credentials",
        "https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy",
        loopback,
    ),
}


def layout(value, indent, room):
    """Puts everything that fits on one line on one line, and every header."""
    line = inline(value)
    is_header = isinstance(value, list) and len(value) == 2 and all(isinstance(item, str) for item in value)
    if len(line) <= room or is_header or not isinstance(value, (dict, list)):
        return line
    pad = " " * (indent + 2)
    rows = []
    for item in value.items() if isinstance(value, dict) else value:
        key, inner = (f"{json.dumps(item[0])}: ", item[1]) if isinstance(value, dict) else ("", item)
        rows.append(pad + key + layout(inner, indent + 2, WIDTH - len(pad) - len(key) - 1))
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n" + ",\n".join(rows) + f"\n{' ' * indent}{end}"


def inline(value):
    if isinstance(value, dict) and value:
        return "{ " + ", ".join(f"{json.dumps(key)}: {inline(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def files():
    for file, (section, anchor, vectors) in GRIDS.items():
        yield f"grid-{file}.json", {
            "end": "browser",
            "section": section,
            "spec": f"https://fetch.spec.whatwg.org/#{anchor}",
            "vectors": [{"name": name, "fetches": fetches} for name, fetches in vectors()],
        }
    for file, (section, spec, vectors) in SERVER_GRIDS.items():
        yield f"grid-server-{file}.json", {
            "end": "server",
            "section": section,
            "spec": spec,
            "vectors": [{"name": name, **vector} for name, vector in vectors()],
        }


def main():
    wanted = {name: layout(grid, 0, 0) + "\n" for name, grid in files()}
    if sys.argv[1:] == ["--check"]:
        there = {path.name: path.read_text(encoding="ascii") for path in FOLDER.glob("grid-*.json")}
        different = sorted(name for name in {*wanted, *there} if wanted.get(name) != there.get(name))
        if different:
            sys.exit(f"{', '.join(different)}: not as python3 tools/vector-grids.py writes it")
    elif sys.argv[1:]:
        sys.exit("Usage: vector-grids.py [--check]")
    else:
        for name, text in wanted.items():
            (FOLDER / name).write_text(text, encoding="ascii")


if __name__ == "__main__":
    main()
