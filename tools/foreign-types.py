#!/usr/bin/env python3
"""Checks that each library crate's docs list every type of another crate that its public API names, and no other.

The list is the section "Types of other crates" of the crate's `src/lib.rs`. What the API names is read off the sources, not
off the compiler: the heads of public items, the heads of `impl`s and associated types, resolved by the file's `use` items. So
a type in a private module counts too, and a type that is only inferred (`impl Trait`, a re-export) doesn't.
"""

import re
import sys
from pathlib import Path

FOREIGN = {"actix_http", "actix_web", "http", "serde", "serde_json", "toml", "url", "psl", "bytes", "tokio", "log", "tracing"}
CRATES = Path(__file__).parent.parent / "crates"


def imports(text):
    """The names that `use` items bring into scope, with their paths."""
    found = {}

    def walk(prefix, tree):
        depth, start, parts = 0, 0, []
        for at, char in enumerate(tree + ","):
            depth += (char == "{") - (char == "}")
            if char == "," and depth == 0:
                parts.append(tree[start:at].strip())
                start = at + 1
        for part in filter(None, parts):
            nested = re.fullmatch(r"([\w:]*?)(?:::)?\{(.*)\}", part, re.S)
            if nested:
                walk(prefix + [step for step in nested[1].split("::") if step], nested[2])
                continue
            path, _, alias = (step.strip() for step in part.partition(" as "))
            steps = prefix + path.split("::")
            if steps[-1] == "self":
                steps.pop()
            if alias != "_":
                found[alias or steps[-1]] = "::".join(steps)

    for tree in re.findall(r"^\s*(?:pub(?:\([^)]*\))? )?use ([^;]+);", text, re.M):
        walk([], tree)
    return {name: path for name, path in found.items() if path.split("::")[0] in FOREIGN}


HEAD = re.compile(
    r"^\s*(?:pub (?:const |async |unsafe )*(?:fn|struct|enum|trait|type|const|static) [^{;]*"
    r"|pub \w+: [^,\n]*|impl\b[^{]*)|^ +type \w+[^;]*;",
    re.M,
)


PRIVATE = re.compile(r"^(?:pub\([^)]*\) )?(?:struct|enum) (\w+)(?:[^;{]*;|[^{]*\{.*?\})$", re.M | re.S)


def read(file):
    """A file without its comments and unit tests."""
    text = re.sub(r"//[^\n]*", "", file.read_text(encoding="utf-8"))
    return text.split("#[cfg(test)]\nmod tests {")[0]


def is_private(head, public):
    """Whether it is the head of an `impl` for a type that isn't public."""
    of = re.match(r"\s*impl\b(?:.* for (?:&\w* ?)?|(?:<.*?>)? ?)(?:\w+::)*(\w+)", head, re.S)
    return bool(of) and len(of[1]) > 1 and of[1] not in public


def named(text, public):
    """The foreign types in a file's public heads, given the names of the crate's public types."""
    scope, types = imports(text), set()
    public = public - set(PRIVATE.findall(text))
    text = PRIVATE.sub("", text)
    for head in HEAD.findall(text):
        if is_private(head, public):
            continue
        for path in re.findall(r"(?<![\w:])[A-Za-z_]\w*(?:::\w+)*", head):
            first, *rest = path.split("::")
            whole = "::".join([scope[first], *rest]) if first in scope else path
            steps = whole.split("::")
            if steps[0] in FOREIGN and len(steps) > 1:
                last = next(at for at, step in enumerate(steps) if step[0].isupper() or at == len(steps) - 1)
                types.add("::".join(steps[: last + 1]))
    return types


def listed(crate):
    """The types that the crate's docs list."""
    text = (CRATES / crate / "src/lib.rs").read_text(encoding="utf-8")
    section = re.search(r"^//! # Types of other crates\n(.*?)(?=^//! # |^(?!//!))", text, re.M | re.S)
    if not section:
        sys.exit(f"{crate}: no section \"Types of other crates\"")
    return {name for name in re.findall(r"`(\w+(?:::\w+)+)`", section[1]) if name.split("::")[0] in FOREIGN}


def main():
    failed = False
    for crate in ("fetch-cors", "actix-web-cors"):
        files = [read(file) for file in (CRATES / crate / "src").rglob("*.rs") if file.name != "tests.rs"]
        public = {name for text in files for name in re.findall(r"\bpub (?:struct|enum|trait|type) (\w+)", text)}
        found, known = set().union(*(named(text, public) for text in files)), listed(crate)
        for name in sorted(found - known):
            failed = True
            print(f"{crate}: the public API names {name}, which the section \"Types of other crates\" doesn't")
        for name in sorted(known - found):
            failed = True
            print(f"{crate}: the section \"Types of other crates\" names {name}, which the public API doesn't")
    sys.exit(failed)


if __name__ == "__main__":
    main()
