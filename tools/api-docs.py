#!/usr/bin/env python3
"""Checks what a person finds who opens the page of a public item, in rustdoc's own listing of both library crates.

1. Every module, type, trait, function, method, macro and constant has an example that uses it: on its own page (that of its type,
   for a method), or on an item that its docs or its type's link to. To use a type is to name it or one of its members; a type
   without public members is used where it is made, so a link to that is enough. Enum variants, fields, associated types, and the
   methods of trait impls need none.
2. An example runs as it is copied: it has no hidden lines, and is not ignored.
3. What returns a `Result` has a section "Errors".
4. A link has words: no address stands alone.
5. What implements a piece of a standard (all of `fetch_cors::browser` and `fetch_cors::server`) links its section, except for
   what `OURS` lists.

The documentation is built as docs.rs builds it, with the badges of features.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
CRATES = ("fetch-cors", "actix-web-cors")

STANDARDS = re.compile(
    r"\]\(https://(?:\w+\.spec\.whatwg\.org|httpwg\.org|www\.rfc-editor\.org|w3c\.github\.io|www\.w3\.org|wicg\.github\.io)/"
)

# What no standard has, and why.
OURS = {
    "fetch_cors::browser::Difference": "what engines do differently from the standard",
    "fetch_cors::browser::Engine": "the names of the engines",
    "fetch_cors::browser::Next": "a step of the state machine",
    "fetch_cors::browser::Profile": "which rules an engine follows",
    "fetch_cors::browser::Reason": "`Blocked::spec` returns the section of each",
    "fetch_cors::browser::readable": "bytes for people",
    "fetch_cors::server::Lines": "how an adapter looks a header up",
    "fetch_cors::server::Refusal": "words for a log",
    "fetch_cors::server::RequestHead": "what an adapter implements",
    "fetch_cors::server::Rule": "the policy's own rules, for a log",
    "fetch_cors::server::Sink": "what an adapter implements",
    "fetch_cors::server::candidate": "for a rule of an adapter's own",
    "fetch_cors::server::escape": "bytes for a log",
    "fetch_cors::server::refusal": "words for a log",
}

FENCE = re.compile(r"^ *```(\S*)[^\n]*\n(.*?)^ *```$", re.M | re.S)
RUNS = {"", "rust", "no_run", "should_panic"}
MEMBERS = {"function", "assoc_const", "assoc_type"}


class Crate:
    """A crate's public items, as rustdoc lists them."""

    def __init__(self, package):
        self.name = package.replace("-", "_")
        command = ["cargo", "rustdoc", "--quiet", "-p", package, "--all-features", "--"]
        command += ["--cfg", "docsrs", "-D", "warnings", "-Z", "unstable-options", "--output-format", "json"]
        environment = {**os.environ, "RUSTDOC": str(ROOT / "tools/rustdoc-unstable")}
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        listing = json.loads((ROOT / target / "doc" / f"{self.name}.json").read_text(encoding="utf-8"))
        self.index, self.paths = listing["index"], listing["paths"]
        self.by_path = {"::".join(path["path"]): id for id, path in self.paths.items() if path["crate_id"] == 0}
        self.items = {}
        """Each item's public path, with its id and its owner's: a type or trait has members."""
        self.walk(str(listing["root"]), self.name)

    def walk(self, id, path, owner=None):
        item = self.index.get(id)
        if item is None or any(id == known for known, _ in self.items.values()):
            return
        kind, inner = kind_of(item), next(iter(item["inner"].values()))
        if kind == "use":
            # A re-export from another crate is documented there.
            if inner["id"] is not None:
                self.walk(str(inner["id"]), f"{path.rpartition('::')[0]}::{inner['name']}")
            return
        self.items[path] = (id, owner)
        if kind == "module":
            for child in inner["items"]:
                child_item = self.index.get(str(child))
                if child_item is not None:
                    self.walk(str(child), f"{path}::{child_item['name']}")
        for member in self.members_of(item):
            self.walk(member, f"{path}::{self.index[member]['name']}", id)

    def members_of(self, item):
        """The ids of a trait's items, or of a type's inherent public ones."""
        inner = next(iter(item["inner"].values()))
        if kind_of(item) == "trait":
            return [str(id) for id in inner["items"] if str(id) in self.index]
        found = []
        for id in inner.get("impls", []) if isinstance(inner, dict) else []:
            block = self.index.get(str(id))
            if block and block["inner"]["impl"]["trait"] is None:
                found += [str(id) for id in block["inner"]["impl"]["items"] if str(id) in self.index]
        return [id for id in found if self.index[id]["visibility"] == "public" and kind_of(self.index[id]) in MEMBERS]

    def inside(self, module):
        """The public items of a module, with their owners."""
        path = next(path for path, (id, _) in self.items.items() if self.index[id] is module)
        return [found for other, found in self.items.items() if other.startswith(path + "::")]

    def linked(self, item, others):
        """The docs of the items that an item's docs link to, also in other crates."""
        for id in map(str, item["links"].values()):
            if id in self.index:
                yield docs(self.index[id])
            elif id in self.paths:
                path = "::".join(self.paths[id]["path"])
                for other in others:
                    if path in other.by_path and other.by_path[path] in other.index:
                        yield docs(other.index[other.by_path[path]])


def kind_of(item):
    return next(iter(item["inner"]))


def docs(item):
    return item["docs"] or ""


def examples(text):
    return [code for language, code in FENCE.findall(text) if set(language.split(",")) <= RUNS]


def uses(code, name, kind):
    """Whether an example uses an item of this name: to import it is not to use it."""
    code = re.sub(r"^ *use [^;]*;$", "", code, flags=re.M)
    if kind == "macro":
        return re.search(rf"\b{name}!", code)
    if kind == "function":
        return re.search(rf"(?:[.:]|\bfn |\b){name}(?:::<[^>]*>)?\(", code) or re.search(rf"::{name}\b", code)
    return re.search(rf"\b{name}\b", code)


def has_example(crate, id, owner, others):
    item = crate.index[id]
    of = crate.index[owner] if owner else item
    members = [crate.index[member] for member in crate.members_of(of)]
    texts = [docs(one) for one in [of, *members]]
    texts += [text for one in [item, of] for text in crate.linked(one, others)]
    found = [code for text in texts for code in examples(text)]

    kind = kind_of(item)
    used = [item]
    if kind == "module":
        used = [crate.index[id] for id, _ in crate.inside(item)]
    elif kind in {"struct", "enum", "trait"}:
        inside = members + parts(crate, item)
        if not inside:
            return bool(found)
        used += inside
    return any(uses(code, one["name"], kind_of(one)) for code in found for one in used)


def parts(crate, item):
    """The variants of an enum, or the public fields of a struct."""
    kind, inner = kind_of(item), next(iter(item["inner"].values()))
    ids = inner["variants"] if kind == "enum" else []
    if kind == "struct" and isinstance(inner["kind"], dict):
        ids = inner["kind"].get("plain", {}).get("fields", [])
    return [crate.index[str(id)] for id in ids if str(id) in crate.index]


def returns_result(item):
    output = item["inner"].get("function", {}).get("sig", {}).get("output") or {}
    return output.get("resolved_path", {}).get("path", "").split("::")[-1] == "Result"


def prose(text):
    """A text without its code."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def check(crate, others):
    for path, (id, owner) in sorted(crate.items.items()):
        item = crate.index[id]
        if kind_of(item) not in {"assoc_type"} and not has_example(crate, id, owner, others):
            yield path, "has no example, neither here nor one link away"
        if returns_result(item) and "# Errors" not in docs(item):
            yield path, "returns a Result and has no section \"Errors\""
        page = "".join(docs(one) for one in [item, *parts(crate, item), *map(crate.index.get, crate.members_of(item))])
        in_standard = re.match(r"fetch_cors::(?:browser|server)::\w+$", path)
        if in_standard and path not in OURS and not STANDARDS.search(page):
            yield path, "links no section of a standard; if none has it, say so in OURS of tools/api-docs.py"
    for path in OURS:
        if path.startswith(crate.name + "::") and path not in crate.items:
            yield path, "is in OURS of tools/api-docs.py, and doesn't exist"
    for item in crate.index.values():
        if item["crate_id"] != 0 or not item["docs"]:
            continue
        where = f"{item['span']['filename']}:{item['span']['begin'][0]}" if item["span"] else crate.name
        for language, code in FENCE.findall(docs(item)):
            if "ignore" in language:
                yield where, "an example is ignored"
            if not set(language.split(",")) <= RUNS | {"compile_fail"}:
                continue
            hidden = re.search(r"^ *#(?: .*)?$", code, re.M)
            if hidden:
                yield where, f"an example hides the line {hidden[0]!r}, which whoever copies it lacks"
        bare = re.search(r"<https?://[^>]*>|(?<!\]\()(?<![\w\"<])https?://[^\s)]+", re.sub(r"^\[.*?\]: .*$", "", prose(docs(item)), flags=re.M))
        if bare:
            yield where, f"{bare[0]} stands alone; write [what it leads to](address)"


def main():
    crates = [Crate(package) for package in CRATES]
    failed = False
    for crate in crates:
        for where, what in check(crate, [other for other in crates if other is not crate]):
            failed = True
            print(f"{where}: {what}")
        print(f"{crate.name}: {len(crate.items)} public items")
    sys.exit(failed)


if __name__ == "__main__":
    main()
