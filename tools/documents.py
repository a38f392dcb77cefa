#!/usr/bin/env python3
"""Checks the Markdown files: links, what is found from the front page, and that each code block is tried somewhere.

1. A relative link leads to a file that is under version control, and its anchor to a heading of that file.
2. From README.md, two clicks lead to every document, every crate's page and every example; and every feature (`features`) is named
   on a page at most two clicks away.
3. Every fenced block has a language, and something tries it: doc tests for Rust (`include_str!`), a test that writes the document
   for those that are generated, this script for commands and configuration.
"""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CLICKS = 2

# Documents that a test writes, or takes apart block by block; the test is what fails if one is not true.
TRIED_BY = {
    "docs/build-it.md": "tests/tests/build_it/main.rs",
    "docs/tutorial.md": "tools/lab-checks/check",
    "docs/conformance.md": "tests/src/conformance/document.rs",
    "docs/console-messages.md": "crates/cors-doctor/tests/document.rs",
    "docs/from-actix-cors.md": "crates/cors-doctor/tests/moving/actix_cors",
    "docs/from-express.md": "crates/cors-doctor/tests/moving/express",
    "docs/from-tower-http.md": "crates/cors-doctor/tests/moving/tower_http",
}

# Found themselves, but not where a user would look for a feature, or for another document.
NOT_FOR_USERS = {"CHANGELOG.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "docs/conformance.md", "docs/benchmarks.md"}

# Blocks of these show output or a picture, so there is nothing to run.
SHOWN = {"text", "http"}

problems = []


def problem(path, text):
    problems.append(f"{path}: {text}")


def tracked(pattern):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def without_code(text):
    text = re.sub(r"^( *)(```|~~~).*?^\1\2[ ]*$", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "``", text)


def anchors(text):
    """The anchors of a file's headings, as GitHub makes them."""
    found, seen = set(), {}
    plain = re.sub(r"^( *)(```|~~~).*?^\1\2[ ]*$", "", text, flags=re.M | re.S)
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", plain, re.M):
        heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen[slug] = seen.get(slug, -1) + 1
        found.add(slug if count == 0 else f"{slug}-{count}")
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def links(path, text):
    """The relative links of a file, as (file, anchor)."""
    plain = without_code(text)
    targets = re.findall(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)", plain) + re.findall(r'(?:src|href)="([^"]+)"', plain)
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        file, _, anchor = target.partition("#")
        yield (str((ROOT / path).parent.joinpath(file).resolve().relative_to(ROOT)) if file else path), anchor


def check_links(pages):
    files = set(tracked("."))
    folders = {str(parent) for file in files for parent in Path(file).parents}
    for path, text in pages.items():
        for target, anchor in links(path, text):
            if target not in files and target not in folders:
                problem(path, f"the link to {target} leads nowhere")
            elif anchor and target in pages and anchor not in anchors(pages[target]):
                problem(path, f"{target} has no heading with the anchor #{anchor}")


def within_two_clicks(pages):
    reached, newest = {"README.md"}, {"README.md"}
    for _ in range(CLICKS):
        newest = {target for path in newest & pages.keys() - NOT_FOR_USERS for target, _ in links(path, pages[path])} - reached
        reached |= newest
    return reached


def features():
    """What users can do, by the names that they write, each read off its source so that a new one can't be forgotten."""
    cors = (ROOT / "crates/actix-web-cors/src/cors.rs").read_text()
    builder = (ROOT / "crates/fetch-cors/src/policy/builder.rs").read_text()
    policy = "".join((ROOT / f"crates/fetch-cors/src/policy/{name}.rs").read_text() for name in ("mod", "toml", "lists"))
    method = r"^    pub fn (\w+)"
    yield from re.findall(method, cors.partition("pub struct UnknownWidening")[0], re.M)
    yield from re.findall(method, builder, re.M)
    yield from (name for name in re.findall(method, policy, re.M) if not re.match(r"allows|denies|lists|is_|as_str", name))
    yield from ("LivePolicy", "PolicySource", "PolicyConfig", "summary", "widening", "change_for", "testing", "toml")
    for name in re.findall(r"^    ([A-Z]\w+)\(", (ROOT / "crates/cors-doctor/src/cli/arguments.rs").read_text(), re.M):
        yield f"cors-doctor {name.lower()}"
    lab = (ROOT / "demo-backend/src/main.rs").read_text()
    yield from (f"--{name.replace('_', '-')}" for name in re.findall(r"^    #\[arg\(long.*\n    (\w+):", lab, re.M))


def check_found(pages):
    reached = within_two_clicks(pages)
    wanted = [path for path in pages if path.startswith("docs/") or path.endswith("README.md")]
    wanted += tracked(":(glob)crates/*/examples/*.rs")
    for path in wanted:
        if path not in reached:
            problem(path, f"not found from README.md within {CLICKS} clicks")
    text = "\n".join(pages[path] for path in sorted(reached - NOT_FOR_USERS) if path in pages)
    for name in dict.fromkeys(features()):
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            problem("README.md", f"nothing within {CLICKS} clicks names `{name}`")


def blocks(text):
    for _, fence, language, body in re.findall(r"^( *)(```+|~~~+)([^\n]*)\n(.*?)^\1\2[ ]*$", text, re.M | re.S):
        yield language.strip(), body


def doc_tested():
    """The documents that doc tests compile."""
    found = set()
    for path in tracked("*.rs"):
        for target in re.findall(r'include_str!\("([^"]+\.md)"\)', (ROOT / path).read_text()):
            found.add(str((ROOT / path).parent.joinpath(target).resolve().relative_to(ROOT)))
    return found


def targets():
    """Each package's targets, and the packages."""
    text = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return {
        package["name"]: {(kind, target["name"]) for target in package["targets"] for kind in target["kind"]}
        for package in json.loads(text)["packages"]
    }


def check_command(path, line, packages):
    line = re.sub(r"^\w+=\$\(", "", re.sub(r"\s+#.*", "", line).strip())
    if not line or line.startswith("#"):
        return
    words = re.sub(r'"[^"]*"|\'[^\']*\'', "quoted", line).split()
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
        words.pop(0)
    if words[0] == "cargo":
        own = words[: words.index("--")] if "--" in words else words
        for flag, name in zip(own, own[1:]):
            package = next((name for flag, name in zip(own, own[1:]) if flag == "-p"), None)
            if flag == "-p" and name not in packages:
                problem(path, f"`{line}`: there is no package {name}")
            if flag in ("--bin", "--test", "--example", "--bench") and name.isidentifier():
                among = [packages[package]] if package in packages else packages.values()
                if not any((flag[2:], name) in names for names in among):
                    problem(path, f"`{line}`: there is no {flag[2:]} {name}")
            if flag in ("--manifest-path", "--path") and not (ROOT / name).exists():
                problem(path, f"`{line}`: there is no {name}")
        return
    for word in words:
        if re.match(r"(\./)?(tools|crates|fuzz|tests|\.ci)/|\./check$", word) and not (ROOT / word).exists():
            problem(path, f"`{line}`: there is no {word}")
    # The doctor's own commands are run by crates/cors-doctor/tests/command/documented.rs; the rest is the reader's.
    known = ("cors-doctor", "curl", "pbpaste", "git", "node", "python3", "npm", "docker", "psql", "kill", "export", "cd")
    if words[0] not in known and not (ROOT / words[0]).exists():
        problem(path, f"`{line}`: what does {words[0]} do? Add it to what is known here, with what tries it")


def check_blocks(pages):
    tested, packages = doc_tested(), targets()
    for path, tried in TRIED_BY.items():
        if path in pages and not (ROOT / tried).exists():
            problem(path, f"{tried}, which tries its blocks, does not exist")
    for path, text in pages.items():
        if path in TRIED_BY:
            continue
        for language, body in blocks(text):
            kind = language.split(",")[0]
            if kind == "rust":
                if path not in tested:
                    problem(path, f"nothing compiles this block: {body.strip().splitlines()[0]}")
                elif "ignore" in language:
                    problem(path, "a block is ignored by doc tests")
            elif kind == "toml":
                try:
                    tomllib.loads(body)
                except tomllib.TOMLDecodeError as error:
                    problem(path, f"not TOML: {error}")
            elif kind == "json":
                try:
                    json.loads(re.sub(r"…", "", re.sub(r"\{ … \}|\[ … \]", "[]", body)))
                except ValueError as error:
                    problem(path, f"not JSON: {error}")
            elif kind in ("sh", "bash"):
                for line in re.sub(r"\\\n", " ", body).splitlines():
                    check_command(path, line, packages)
            elif kind == "yaml":
                pass  # crates/cors-doctor/tests/command/files.rs runs the commands for pull requests.
            elif kind not in SHOWN:
                problem(path, f"a block of {kind or 'no language'} that nothing tries: {body.strip().splitlines()[:1]}")


def check_badges():
    """What the badges say is what the manifest says."""
    manifest = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]
    said = {path: (ROOT / "docs/images" / f"badge-{path}.svg").read_text() for path in ("rust", "licence", "unsafe")}
    if f">{manifest['package']['rust-version']}+<" not in said["rust"]:
        problem("docs/images/badge-rust.svg", "not the manifest's rust-version")
    if f">{manifest['package']['license'].replace(' OR ', ' or ')}<" not in said["licence"]:
        problem("docs/images/badge-licence.svg", "not the manifest's licence")
    if (">forbidden<" in said["unsafe"]) != (manifest["lints"]["rust"]["unsafe_code"] == "forbid"):
        problem("docs/images/badge-unsafe.svg", "not what the lints say")


def main():
    pages = {path: (ROOT / path).read_text() for path in tracked("*.md")}
    check_links(pages)
    check_found(pages)
    check_blocks(pages)
    check_badges()
    print("\n".join(problems))
    count = sum(len(list(blocks(text))) for text in pages.values())
    print(f"{len(pages)} documents, {count} blocks: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
