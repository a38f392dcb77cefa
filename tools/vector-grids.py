#!/usr/bin/env python3
"""Writes crates/fetch-cors/vectors/grid-*.json: the conformance vectors of rules that are lists, one by one.

    python3 tools/vector-grids.py

Each list is copied from the Fetch Standard (https://fetch.spec.whatwg.org/) by hand, and none from the code that the
vectors test. vectors/README.md describes the format.
"""

import json
import pathlib

FOLDER = pathlib.Path(__file__).parent.parent / "crates/fetch-cors/vectors"
WIDTH = 120
ALLOW_ORIGIN = ["access-control-allow-origin", "http://site.test"]

# https://fetch.spec.whatwg.org/#cors-unsafe-request-header-byte, without those that no header value holds.
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
# Of these the wire says nothing: a browser may send one with a value of its own, or the vector states it anyway.
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


def answer(*headers, status=None):
    return {**({"status": status} if status else {}), "headers": [ALLOW_ORIGIN, *headers]}


def plain(headers, sent=None):
    """A request that needs no preflight. `sent` is what of its headers is on the wire."""
    item = {"headers": sent} if sent else {}
    return {"request": {"headers": headers}, "wire": [{**item, "answer": answer()}], "outcome": allowed()}


def asks(headers, names, method="GET"):
    """A request that needs a preflight, which is refused, so that no value has to travel."""
    request = {"headers": headers} if method == "GET" else {"method": method, "headers": headers}
    return {
        "request": request,
        "wire": [{"preflight": {"method": method, "headers": names}, "answer": answer(status=204)}],
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
        # Of accept as long as a value may be.
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
            wire = [{"method": method, "answer": answer()}]
            if method not in SAFELISTED_METHODS:
                grant = answer(["access-control-allow-methods", method], status=204)
                wire.insert(0, {"preflight": {"method": method}, "answer": grant})
            # Of its own, so that no preflight is remembered.
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
                    "answer": answer(["access-control-allow-methods", method], status=204),
                },
                {"answer": answer()},
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
        yield f"{name} is for script to read", [
            {
                "request": {"url": url},
                "wire": [{"answer": answer([name, value])}],
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
                    "wire": [{"answer": answer(expose, [name, "a=1; max-age=0"])}],
                    "outcome": allowed(others, [lower]) if listed == "*" else allowed({}, sorted([*others, lower])),
                }
            )
        yield f"{name} can't be exposed, by name or by *", fetches
        yield f"{name} of the page's own origin is not for script to read", [
            {
                "request": {"url": "http://site.test/"},
                "wire": [
                    {
                        "origin": None,
                        "credentials": True,
                        "answer": {"headers": [[name, "a=1; max-age=0"], ["x-a", "1"]]},
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
                {"preflight": {"method": name}, "answer": answer(["access-control-allow-methods", name], status=204)},
                {"answer": answer()},
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
                    "answer": answer(["access-control-allow-headers", name], status=204),
                },
                {"headers": {name: "1"}, "answer": answer()},
            ],
            "outcome": allowed(),
        }
    ]
    yield "a list of exposed headers may have every character of a token", [
        {
            "wire": [{"answer": answer(["access-control-expose-headers", name], [name, "1"])}],
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
                        "answer": answer(["access-control-allow-methods", f"PUT, {element}"], status=204),
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
                        "answer": answer(["access-control-allow-headers", f"x-a, {element}"], status=204),
                    }
                ],
                "outcome": blocked("preflight", "allow-headers-invalid"),
            }
        )
        fetches["exposed headers"].append(
            {
                "wire": [{"answer": answer(["access-control-expose-headers", f"x-a, {element}"], ["x-a", "1"])}],
                "outcome": allowed({}, ["access-control-allow-origin", "access-control-expose-headers", "x-a"]),
            }
        )
    for what, each in fetches.items():
        yield f"a list of {what} with an element that is no token is none at all", each


GRIDS = {
    "unsafe-bytes": ("CORS-unsafe request-header bytes", "cors-unsafe-request-header-byte", unsafe_bytes),
    "language-bytes": ("Bytes of safelisted languages", "cors-safelisted-request-header", language_bytes),
    "methods": ("Methods, each by its name", "methods", methods),
    "forbidden-request-headers": ("Forbidden request headers, each by its name", "forbidden-request-header", forbidden),
    "response-headers": ("Response headers, each by its name", "cors-safelisted-response-header-name", exposed),
    "lists": ("The elements of lists", "extract-header-list-values", lists),
}


def layout(value, indent, room):
    """Everything that fits on one line is on one line, and so is a header."""
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


def main():
    for file, (section, anchor, vectors) in GRIDS.items():
        grid = {
            "end": "browser",
            "section": section,
            "spec": f"https://fetch.spec.whatwg.org/#{anchor}",
            "vectors": [{"name": name, "fetches": fetches} for name, fetches in vectors()],
        }
        (FOLDER / f"grid-{file}.json").write_text(layout(grid, 0, 0) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
