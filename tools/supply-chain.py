#!/usr/bin/env python3
"""Checks what the published crates bring along, by `deny.toml` and by the table in docs/hardening.md.

`cargo deny check` does the first half for whoever has it; this needs nothing but Python and cargo, and checks in addition that

- Cargo.lock is up to date, so that everything after this runs with `--locked` versions;
- every direct dependency of a published crate stands in the table, with its reason, and nothing else does;
- every crate of the workspace forbids `unsafe`, and none of the published ones needs a newer Rust than the manifest says;
- every published crate comes with its licences, and with the notice of what is under another one.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
TABLE = ROOT / "docs/hardening.md"


class Graph:
    """What adopters of the published crates compile, on any platform and with every feature."""

    def __init__(self, excluded):
        arguments = ["cargo", "metadata", "--format-version=1", "--locked", "--all-features"]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"Cargo.lock is not up to date, or cargo fails:\n{done.stderr}")
        metadata = json.loads(done.stdout)
        self.packages = {package["id"]: package for package in metadata["packages"]}
        self.nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
        self.members = [self.packages[id] for id in metadata["workspace_members"]]
        self.published = [package for package in self.members if package["publish"] != []]
        names = {package["name"] for package in self.published}
        if names & set(excluded):
            sys.exit(f"deny.toml excludes what is published: {names & set(excluded)}")
        self.reached = self.reach([package["id"] for package in self.published])

    def reach(self, ids):
        """These packages and all that they need when they are compiled as dependencies."""
        reached, waiting = set(), list(ids)
        while waiting:
            id = waiting.pop()
            if id not in reached:
                reached.add(id)
                waiting += [
                    dependency["pkg"]
                    for dependency in self.nodes[id]["deps"]
                    if any(kind["kind"] != "dev" for kind in dependency["dep_kinds"])
                ]
        return reached

    def dependencies(self):
        """The packages of others."""
        return sorted(
            (self.packages[id] for id in self.reached if self.packages[id]["source"]), key=lambda package: package["name"]
        )


def is_allowed(expression, allowed):
    """Whether one of the licences that an SPDX expression leaves to choose is allowed."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))

    def any_of():
        result = all_of()
        while tokens and tokens[0] == "OR":
            tokens.pop(0)
            other = all_of()
            result = result or other
        return result

    def all_of():
        result = one()
        while tokens and tokens[0] == "AND":
            tokens.pop(0)
            other = one()
            result = result and other
        return result

    def one():
        name = tokens.pop(0)
        if name == "(":
            result = any_of()
            tokens.pop(0)
            return result
        if tokens and tokens[0] == "WITH":
            name += f" WITH {tokens[1]}"
            del tokens[:2]
        return name in allowed

    return any_of()


def licences(graph, rules):
    for package in graph.dependencies():
        exceptions = [
            licence
            for exception in rules.get("exceptions", [])
            if exception["crate"] == package["name"]
            for licence in exception["allow"]
        ]
        if not is_allowed(package["license"] or "none", rules["allow"] + exceptions):
            yield f"{package['name']} {package['version']} is under {package['license']}, which deny.toml does not allow"


def sources(graph, rules):
    allowed = {f"registry+{url}" for url in rules["allow-registry"]}
    for package in graph.dependencies():
        if package["source"] not in allowed:
            yield f"{package['name']} {package['version']} comes from {package['source']}"


def duplicates(graph, rules):
    versions = defaultdict(list)
    for package in graph.dependencies():
        versions[package["name"]].append(package["version"])
    skipped, used = rules["skip"], set()

    def is_skipped(name, version):
        for skip in skipped:
            wanted, _, prefix = skip["crate"].partition("@")
            if wanted == name and (version == prefix or version.startswith(f"{prefix}.") or not prefix):
                used.add(skip["crate"])
                return True
        return False

    for name, listed in versions.items():
        if len(listed) > 1 and len([version for version in listed if not is_skipped(name, version)]) > 1:
            yield f"{name} is there in the versions {', '.join(listed)}; deny.toml has no reason for it"
    for skip in skipped:
        if skip["crate"] not in used:
            yield f"deny.toml skips {skip['crate']}, which is not a duplicate"
        if len(skip.get("reason", "")) < 10:
            yield f"deny.toml skips {skip['crate']} without a reason"


def wildcards(graph, _rules):
    for package in graph.members:
        for dependency in package["dependencies"]:
            if dependency["req"] == "*" and not dependency.get("path"):
                yield f"{package['name']} takes any version of {dependency['name']}"


def table(graph, _rules):
    """The rows `| crate | dependency | reason |` of docs/hardening.md against the manifests."""
    section = TABLE.read_text(encoding="utf-8").partition("\n### Every dependency")[2].partition("\n#")[0]
    names = "|".join(package["name"] for package in graph.published)
    rows = re.findall(rf"^\| `({names})` \| `([\w-]+)` \| (.+) \|$", section, re.M)
    listed = {(crate, dependency) for crate, dependency, _ in rows}
    real = {
        (package["name"], dependency["name"])
        for package in graph.published
        for dependency in package["dependencies"]
        if dependency["kind"] != "dev"
    }
    for crate, dependency in sorted(real - listed):
        yield f"{crate} depends on {dependency}: give the reason in docs/hardening.md"
    for crate, dependency in sorted(listed - real):
        yield f"docs/hardening.md gives a reason for {dependency}, on which {crate} does not depend"
    if len(listed) != len(rows):
        yield "docs/hardening.md gives two reasons for one dependency"


def unsafe(graph, _rules):
    workspace = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))
    if workspace["workspace"]["lints"]["rust"].get("unsafe_code") != "forbid":
        yield "Cargo.toml does not forbid unsafe_code"
    for package in graph.members:
        manifest = tomllib.loads(Path(package["manifest_path"]).read_text(encoding="utf-8"))
        if manifest.get("lints") != {"workspace": True}:
            yield f"{package['name']} does not take the lints of the workspace"


def rust_version(graph, _rules):
    number = lambda version: tuple(int(part) for part in (version or "0").split("."))
    for own in graph.published:
        reached = graph.reach([own["id"]])
        for package in (self for self in graph.dependencies() if self["id"] in reached):
            if number(package["rust_version"])[:2] > number(own["rust_version"])[:2]:
                yield (
                    f"{own['name']} says Rust {own['rust_version']}, and {package['name']} {package['version']} needs "
                    f"{package['rust_version']}"
                )


def notices(graph, _rules):
    for package in graph.published:
        folder = Path(package["manifest_path"]).parent
        arguments = ["cargo", "package", "--list", "--allow-dirty", "--offline", "-p", package["name"]]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False)
        files = done.stdout.splitlines()
        if done.returncode:
            yield f"cargo package --list -p {package['name']} fails: {done.stderr.strip()}"
        for name in ("LICENSE-MIT", "LICENSE-APACHE"):
            if name not in files:
                yield f"the package {package['name']} comes without {name}"
            elif (folder / name).read_bytes() != (ROOT / name).read_bytes():
                yield f"{package['name']}/{name} is not the one of the workspace"
        derived = [file for file in files if file.endswith("suffixes/table.bin")]
        notice = (folder / "NOTICE").read_text(encoding="utf-8") if "NOTICE" in files else ""
        for file in derived:
            if file not in notice or "MPL-2.0" not in notice or "https://publicsuffix.org" not in notice:
                yield f"the package {package['name']} has {file}, and no NOTICE that says where it is from"


def main():
    deny = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    graph = Graph(deny["graph"]["exclude"])
    problems = []
    for check, rules in [
        (licences, deny["licenses"]),
        (sources, deny["sources"]),
        (duplicates, deny["bans"]),
        (wildcards, None),
        (table, None),
        (unsafe, None),
        (rust_version, None),
        (notices, None),
    ]:
        problems += check(graph, rules)
    for problem in problems:
        print(problem)
    names = ", ".join(package["name"] for package in graph.published)
    print(f"{names} bring {len(graph.dependencies())} crates of others: {len(problems)} problems")
    sys.exit(bool(problems))


if __name__ == "__main__":
    main()
