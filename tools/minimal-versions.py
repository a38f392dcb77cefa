#!/usr/bin/env python3
"""Checks that the two libraries compile with the oldest version of each dependency that their manifests allow.

Cargo resolves to the newest versions, so a requirement that is too low is not noticed otherwise. `-Z direct-minimal-versions`
needs a nightly toolchain or, as here, RUSTC_BOOTSTRAP=1. What the dependencies require of each other is resolved to the newest,
because their requirements are not ours to mend. It works on a copy without the tests, in target/minimal-versions.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPY = ROOT / "target/minimal-versions"
CRATES = ["fetch-cors", "actix-web-cors"]
# The features of each, together and alone.
FEATURES = [
    ("fetch-cors", ["--all-features"]),
    ("fetch-cors", ["--no-default-features", "--features", "server"]),
    ("fetch-cors", ["--no-default-features", "--features", "browser"]),
    ("actix-web-cors", []),
    ("actix-web-cors", ["--all-features"]),
]


def section(text, name):
    """A manifest without one of its sections."""
    return re.sub(rf"^\[+{re.escape(name)}\]+\n(?:(?!\[).*\n)*", "", text, flags=re.M)


def copy():
    """The crates with their sources, in a workspace of their own."""
    sources = COPY / "crates"
    if sources.exists():
        shutil.rmtree(sources)
    for crate in CRATES:
        shutil.copytree(ROOT / "crates" / crate / "src", sources / crate / "src")
        # The crate's page is its documentation.
        shutil.copy(ROOT / "crates" / crate / "README.md", sources / crate)
        manifest = (ROOT / "crates" / crate / "Cargo.toml").read_text(encoding="utf-8")
        for name in ("dev-dependencies", "example", "test"):
            manifest = section(manifest, name)
        (sources / crate / "Cargo.toml").write_text(manifest, encoding="utf-8")
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    manifest = re.sub(r"^members = .*$", 'members = ["crates/*"]', manifest, flags=re.M)
    # Not there, and not needed.
    manifest = re.sub(r"^(?:cors-doctor|demo-backend) = \{ path.*\n", "", manifest, flags=re.M)
    (COPY / "Cargo.toml").write_text(manifest, encoding="utf-8")


def cargo(*arguments):
    environment = os.environ | {"RUSTC_BOOTSTRAP": "1", "CARGO_TARGET_DIR": str(COPY / "target")}
    done = subprocess.run(["cargo", *arguments], cwd=COPY, env=environment, check=False)
    if done.returncode:
        sys.exit(f"cargo {' '.join(arguments)} failed with the oldest versions that the manifests allow")


def main():
    copy()
    cargo("-Z", "direct-minimal-versions", "generate-lockfile")
    for crate, features in FEATURES:
        cargo("check", "--locked", "--quiet", "-p", crate, *features)
    lock = (COPY / "Cargo.lock").read_text(encoding="utf-8")
    versions = dict(re.findall(r'name = "([^"]+)"\nversion = "([^"]+)"', lock))
    wanted = re.findall(r"^([\w-]+)(?:\.workspace| = \{ workspace)", "\n".join(
        (COPY / "crates" / crate / "Cargo.toml").read_text(encoding="utf-8").partition("[dependencies]")[2] for crate in CRATES
    ), re.M)
    print("compiles with " + ", ".join(sorted({f"{name} {versions[name]}" for name in wanted if name in versions})))


if __name__ == "__main__":
    main()
