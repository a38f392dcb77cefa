#!/usr/bin/env python3
"""Checks that every command of docs/hardening.md names something that is there: a test, or a file of this repository.

Each row of the tables "Attacks" and "Faults" has such a command, or says why there is none.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/hardening.md"
# Without a command, a row must say why in so many characters.
REASON = 60


def folders():
    """The folder of each package of the workspace."""
    manifests = [*ROOT.glob("crates/*/Cargo.toml"), *ROOT.glob("*/Cargo.toml")]
    named = re.compile(r'^name = "([^"]+)"', re.M)
    return {named.search(manifest.read_text(encoding="utf-8"))[1]: manifest.parent for manifest in manifests}


def tests(files):
    """The names of the test functions: those with the attribute, and those that a list hands to a harness of its own."""
    found = set()
    for file in files:
        text = file.read_text(encoding="utf-8")
        found |= set(re.findall(r"#\[(?:\w+::)?test\]\s*(?:#\[[^\]]*\]\s*)*(?:async )?fn (\w+)", text))
        for listed in re.findall(r"\btests!\[([\w\s:,]*)\]", text):
            found |= {name.strip().rpartition("::")[2] for name in listed.split(",") if name.strip()}
    return found


def problem_of(command, packages):
    """What is wrong with a command; none if it runs what it says."""
    words = command.split()
    if words[:2] != ["cargo", "test"]:
        path = next((word for word in words if "/" in word), None)
        return None if path is None or (ROOT / path).exists() else f"there is no {path}"
    match = re.fullmatch(r"cargo test -p (\S+) (?:--test (\S+)|--lib) (\w+)", command)
    if not match:
        return "it is not of the form `cargo test -p PACKAGE --test FILE NAME`"
    package, target, name = match.groups()
    if package not in packages:
        return f"there is no package {package}"
    folder = packages[package] / ("tests" if target else "src")
    if target is None:
        files = list(folder.rglob("*.rs"))
    else:
        files = [file for file in [folder / f"{target}.rs"] if file.exists()] + list((folder / target).rglob("*.rs"))
    return None if name in tests(files) else f"no test of that name is in {folder.relative_to(ROOT)}/{target or ''}"


def main():
    text = DOCUMENT.read_text(encoding="utf-8")
    packages, problems, commands = folders(), [], 0
    for command in re.findall(r"`((?:cargo|tools/)[^`]*)`", text):
        commands += 1
        problem = problem_of(command, packages)
        if problem:
            problems.append(f"`{command}`: {problem}")
    for section in ("Attacks", "Faults"):
        body = text.partition(f"\n## {section}\n")[2].partition("\n## ")[0].partition("\n### A scanner")[0]
        rows = [row for row in re.findall(r"^\|(.+)\|$", body, re.M) if not re.fullmatch(r"[-| ]+", row)]
        if not rows:
            problems.append(f"the section {section} has no table")
        for row in rows:
            *said, shown = (cell.strip() for cell in row.split("|"))
            if shown != "shown by" and not shown.startswith("`") and len(said[-1]) < REASON:
                problems.append(f"{said[0]}: neither a command nor a reason")
    print("\n".join([*problems, f"{commands} commands, {len(problems)} problems"]))
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
