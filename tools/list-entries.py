#!/usr/bin/env python3
"""Deletes each entry of the lists of both ends of fetch-cors, and fails where no vector notices.

    python3 tools/list-entries.py        # many lists at a time, and some entries of the long ones: minutes
    python3 tools/list-entries.py --one  # one entry at a time: an hour

An entry's deletion is noticed if a trial fails that is named for it. It works on a copy of the sources, in
target/list-entries.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
POLICY = "crates/fetch-cors/src/policy"
BROWSER = "crates/fetch-cors/src/browser"
# How many entries of one list are deleted at a time, if each is named by trials of its own.
AT_A_TIME = 6

# The kinds of entries: how they are written, and what is between two.
QUOTED = (r'b?"(?:[^"\\]|\\.)+"', r"\s*(?:,|\|)\s*")
NUMBER = (r"\b\d+\b", r"\s*(?:,|\|)\s*")
CHARACTER = (r"b?'(?:[^'\\]|\\.)'", r"\s*(?:,|\|)\s*")
BYTE = (r"\\.|.", "")


class List:
    """A list by its file, a pattern of what is in front of it and the text behind it; `shows` is a pattern of the name of a trial
    that must fail where an entry (`{}`, or its byte as `{code}`) is deleted."""

    def __init__(self, file, start, end, kind, shows, tests=("vectors",), skip=(), apart=False):
        self.file, self.start, self.end, (self.entry, self.between), self.shows = file, start, end, kind, shows
        self.tests, self.skip, self.apart = tests, skip, apart

    def region(self, text):
        starts = list(re.finditer(self.start, text, re.DOTALL))
        if len(starts) != 1:
            sys.exit(f"{self.file}: {self.start!r} is there {len(starts)} times, not once")
        return starts[0].end(), text.index(self.end, starts[0].end())

    def entries(self):
        text = (ROOT / self.file).read_text(encoding="utf-8")
        start, end = self.region(text)
        found = re.findall(self.entry, text[start:end])
        return [entry for entry in found if self.value(entry) not in self.skip]

    def without(self, text, entries):
        start, end = self.region(text)
        region = text[start:end]
        for entry in entries:
            written = re.escape(entry)
            if self.between:
                written = rf"(?<![\w-]){written}(?![\w-])"
            for pattern in [rf"{written}{self.between}", rf"{self.between}{written}", written]:
                shorter, count = re.subn(pattern, "", region, count=1)
                if count:
                    region = shorter
                    break
        # The length of an array is a part of its type.
        head = re.sub(
            r"(\[(?:&str|u16); )(\d+)(\]\s*=\s*\[)$",
            lambda found: f"{found[1]}{int(found[2]) - len(entries)}{found[3]}",
            text[:start],
        )
        return head + region + text[end:]

    @staticmethod
    def value(entry):
        inner = re.sub(r"^b?(['\"])(.*)\1$", r"\2", entry)
        return re.sub(r"\\(.)", r"\1", inner)

    def shown_by(self, entry):
        value = self.value(entry)
        code = f"0x{ord(value):02X}" if len(value) == 1 else ""
        return self.shows.replace("{}", re.escape(value)).replace("{code}", code)

    @property
    def is_named(self):
        return "{" in self.shows


def array(name):
    return rf"const {name}: \[(?:&str|u16); \d+\]\s*=\s*\["


METHODS = "server::grid-server-methods::"
REQUEST = "server::grid-server-request-headers::"
RESPONSE = "server::grid-server-response-headers::"
SCHEMES = "server::grid-server-schemes::"
LISTS = {
    # The server's end.
    "token characters": List(f"{POLICY}/names.rs", r"byte,\n\s+(?=b'!')", ")", CHARACTER, METHODS + r"a method with \S+ \({code}\)|a method with {code}"),
    "SAFELISTED_METHODS": List(f"{POLICY}/names.rs", array("SAFELISTED_METHODS"), "]", QUOTED, METHODS + "where no method"),
    "SAFELISTED_RESPONSE_HEADERS": List(f"{POLICY}/names.rs", array("SAFELISTED_RESPONSE_HEADERS"), "]", QUOTED, "each_safelisted_response_header_widens_nothing", ("meaning",)),
    "FORBIDDEN_METHODS": List(f"{POLICY}/names.rs", array("FORBIDDEN_METHODS"), "]", QUOTED, METHODS + "{} is forbidden"),
    "NORMALIZED_METHODS": List(f"{POLICY}/names.rs", array("NORMALIZED_METHODS"), "]", QUOTED, METHODS + r"\S+ is {}"),
    "OTHER_REGISTERED_METHODS": List(f"{POLICY}/names.rs", array("OTHER_REGISTERED_METHODS"), "]", QUOTED, METHODS + r"\S+ is not {}$"),
    "FORBIDDEN_REQUEST_HEADERS": List(f"{POLICY}/names.rs", array("FORBIDDEN_REQUEST_HEADERS"), "]", QUOTED, REQUEST + "{} is forbidden"),
    "FORBIDDEN_RESPONSE_HEADERS": List(f"{POLICY}/names.rs", array("FORBIDDEN_RESPONSE_HEADERS"), "]", QUOTED, RESPONSE + "{} is forbidden"),
    "RESPONSE_HEADERS": List(f"{POLICY}/names.rs", array("RESPONSE_HEADERS"), "]", QUOTED, REQUEST + "{} is of responses"),
    "REQUEST_HEADERS": List(f"{POLICY}/names.rs", array("REQUEST_HEADERS"), "]", QUOTED, RESPONSE + "{} is of requests"),
    "OPAQUE_SCHEMES": List(f"{POLICY}/pattern.rs", array("OPAQUE_SCHEMES"), "]", QUOTED, SCHEMES + "{}:.* has an opaque origin"),
    "NOT_PAGE_SCHEMES": List(f"{POLICY}/pattern.rs", array("NOT_PAGE_SCHEMES"), "]", QUOTED, SCHEMES + "{}: is not of pages"),
    "LOWER_CASE_SCHEMES": List(f"{POLICY}/pattern.rs", array("LOWER_CASE_SCHEMES"), "]", QUOTED, SCHEMES + "{}: with an identifier in upper case"),
    "signs of regular expressions": List(f"{POLICY}/pattern.rs", r"if value\.contains\(\[", "]", CHARACTER, SCHEMES + r"a regular expression with \S+ \({code}\)"),
    "separators of origins": List(f"{POLICY}/pasted.rs", r"fn is_separator[\s\S]*?matches!\(c, ", ")", CHARACTER, SCHEMES + r"two origins with (?:\S+ \({code}\)|{code}) between"),
    "characters of schemes": List(f"{POLICY}/pattern.rs", r"matches!\(b, (?=b'\+')", "))", CHARACTER, SCHEMES + r"a scheme with \S+ \({code}\)", skip="~_"),
    "characters of custom hosts": List(f"{POLICY}/../origin_set/wildcard.rs", r"fn is_custom_host[\s\S]*?matches!\(byte, ", ");", CHARACTER, SCHEMES + r"a custom host with \S+ \({code}\)"),
    # The browser's end.
    "forbidden methods": List(f"{BROWSER}/safelist.rs", r"fn is_forbidden_method.*?\n    \[", "]", QUOTED, "browser::grid-methods::{} in any case is forbidden"),
    "normalized methods": List(f"{BROWSER}/safelist.rs", r"let is_normalized = \[", "]", QUOTED, "browser::grid-methods::{} in any case is"),
    "safelisted methods": List(f"{BROWSER}/safelist.rs", r"matches!\(method, ", ")", QUOTED, "browser::grid-methods::{} in any case is", apart=True),
    "forbidden request headers": List(f"{BROWSER}/safelist.rs", r"fn is_forbidden_request_header.*?; \d+\] = \[", "]", QUOTED, "browser::grid-forbidden-request-headers::{} is dropped"),
    "method overrides": List(f"{BROWSER}/safelist.rs", r'matches!\(name, (?="x-http)', ")", QUOTED, "browser::grid-forbidden-request-headers::{}: "),
    "languages": List(f"{BROWSER}/safelist.rs", r'any\(is_unsafe\),\n\s+(?="accept-language")', " =>", QUOTED, "browser::grid-language-bytes::{} with every"),
    "bytes of languages": List(f"{BROWSER}/safelist.rs", r'\|\| b"(?= \*)', '".contains', BYTE, "browser::grid-language-bytes::accept-language with every", apart=True),
    "client hints": List(f"{BROWSER}/safelist.rs", r'"range" => is_simple_range\(value, profile\),\n\s+', " =>", QUOTED, "browser::safelisted-request-headers::client hints", apart=True),
    "unsafe bytes": List(f"{BROWSER}/safelist.rs", r'byte == 0x7f \|\| b"', '".contains(&byte)', BYTE, r"browser::grid-unsafe-bytes::accept with \S+ \({code}\)"),
    "types of forms": List(f"{BROWSER}/safelist.rs", r'\[(?="application/x)', "]", QUOTED, "browser::safelisted-request-headers::.*", apart=True),
    "no-cors-safelisted headers": List(f"{BROWSER}/safelist.rs", r'matches!\(name, (?="accept" )', ")", QUOTED, "browser::request-constructor::.*|browser::safelisted-request-headers::.*", apart=True),
    "REQUEST_BODY_HEADERS": List(f"{BROWSER}/safelist.rs", array("REQUEST_BODY_HEADERS"), "]", QUOTED, "browser::http-redirect-fetch::.*", apart=True),
    "safelisted response headers": List(f"{BROWSER}/safelist.rs", r"fn is_safelisted_response_header.*?; \d+\] = \[", "]", QUOTED, "browser::grid-response-headers::scripts can read {}$"),
    "forbidden response headers": List(f"{BROWSER}/safelist.rs", r"fn is_forbidden_response_header.*?matches!\(name, ", ")", QUOTED, "browser::grid-response-headers::{} can't be exposed"),
    "BAD_PORTS": List(f"{BROWSER}/safelist.rs", array("BAD_PORTS"), "]", NUMBER, "browser::main-fetch::.*port {}(?!\\d)"),
    "bad ports of one profile": List(f"{BROWSER}/safelist.rs", r"matches!\(port, ", ")", NUMBER, "browser::main-fetch::.*port {}(?!\\d)", apart=True),
    "bytes of tokens": List(f"{BROWSER}/headers.rs", r'is_ascii_alphanumeric\(\) \|\| b"', '".contains', BYTE, "browser::grid-(?:methods|lists)::.*every character of a token", apart=True),
    "tabs and spaces": List(f"{BROWSER}/headers.rs", r"fn is_tab_or_space.*?matches!\(byte, ", ")", CHARACTER, "browser::.*", apart=True),
    "white space": List(f"{BROWSER}/headers.rs", r"fn is_http_whitespace.*?matches!\(byte, ", ")", CHARACTER, "browser::.*", apart=True),
    "bytes of no value": List(f"{BROWSER}/request.rs", r"any\(\|byte\| matches!\(byte, ", "))", CHARACTER, "browser::request-constructor::.*", apart=True),
    "redirect statuses": List(f"{BROWSER}/response.rs", r"matches!\(status, ", ")", NUMBER, "browser::http-redirect-fetch::.*{}"),
}


def rounds(one):
    """Which entries are deleted together: never two that the same trial could be named for."""
    apart = [name for name, found in LISTS.items() if one or found.apart]
    left = {name: found.entries() for name, found in LISTS.items() if name not in apart}
    while any(left.values()):
        chosen = []
        for name, entries in left.items():
            # Something must stay: a pattern of nothing does not compile.
            count = min(AT_A_TIME, len(LISTS[name].entries()) - 1) if LISTS[name].is_named else 1
            if entries:
                chosen.append((name, entries[:count]))
            left[name] = entries[count:]
        yield chosen
    for name in apart:
        yield from ([(name, [entry])] for entry in LISTS[name].entries())


# Of each suite the tests that count here.
FILTERS = {"vectors": "::", "meaning": "each_"}


def failed(copy, tests):
    """The names of the tests that fail."""
    # Without what would only fill the disk: each build is for one run.
    environment = {**os.environ, "CARGO_PROFILE_DEV_DEBUG": "0", "CARGO_INCREMENTAL": "0"}
    environment["CARGO_TARGET_DIR"] = str(ROOT / "target/list-entries")
    failures = []
    for test in tests:
        command = ["cargo", "test", "-p", "fetch-cors", "--test", test, FILTERS[test]]
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
        if "test result:" not in done.stdout:
            sys.exit(done.stderr)
        failures += re.findall(r"^test (.*?) *\.\.\. FAILED$", done.stdout, re.M)
    return failures


def main():
    one = sys.argv[1:] == ["--one"]
    if sys.argv[1:] and not one:
        sys.exit("Usage: list-entries.py [--one]")
    # At the same place each time: the path of the vectors is compiled in.
    copy = ROOT / "target/list-entries/source"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir(parents=True)
    for entry in ["Cargo.toml", "Cargo.lock", "crates", "demo-backend", "tests", "tools"]:
        source = ROOT / entry
        # With the time of now: Cargo must not take a file of the last run for the newer one.
        if source.is_dir():
            shutil.copytree(source, copy / entry, copy_function=shutil.copy)
        else:
            shutil.copy(source, copy / entry)
    if first := failed(copy, ["vectors", "meaning"]):
        sys.exit(f"something fails with nothing deleted: {first}")
    deleted, unnoticed = {name: 0 for name in LISTS}, []
    for chosen in rounds(one):
        originals, texts = {}, {}
        for name, entries in chosen:
            path = copy / LISTS[name].file
            originals.setdefault(path, path.read_text(encoding="utf-8"))
            texts[path] = LISTS[name].without(texts.get(path, originals[path]), entries)
        for path, text in texts.items():
            path.write_text(text, encoding="utf-8")
        failures = failed(copy, sorted({test for name, _ in chosen for test in LISTS[name].tests}))
        for name, entry in ((name, entry) for name, entries in chosen for entry in entries):
            deleted[name] += 1
            if not any(re.search(LISTS[name].shown_by(entry), failure, re.I) for failure in failures):
                unnoticed.append((name, entry))
                print(f"not noticed: {name}: {entry}", flush=True)
        for path, text in originals.items():
            path.write_text(text, encoding="utf-8")
    for name, count in deleted.items():
        missing = sum(1 for other, _ in unnoticed if other == name)
        print(f"{name}: {count - missing} of {count} are noticed")
    sys.exit(1 if unnoticed else 0)


if __name__ == "__main__":
    main()
