"""What browsers get from others is what npm published, and is written down."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENDOR = ROOT / "static" / "vendor"
PACKAGES = json.loads((VENDOR / "manifest.json").read_text())["packages"]


def test_every_vendored_file_has_the_hash_of_the_manifest() -> None:
    listed = {path: digest for package in PACKAGES for path, digest in package["files"].items()}
    present = {
        path.relative_to(VENDOR).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }

    assert present == listed


def test_every_package_brings_its_licence_along() -> None:
    for package in PACKAGES:
        assert package["licence"] in {"0BSD", "MIT", "OFL-1.1", "BSD-0-Clause"}
        assert any(path.endswith("/LICENSE") for path in package["files"])


def test_the_versions_are_those_of_the_lock_which_names_no_registry() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    versions = {p["name"]: lock[f"node_modules/{p['name']}"]["version"] for p in PACKAGES}

    assert versions == {package["name"]: package["version"] for package in PACKAGES}
    assert not any("resolved" in entry for entry in lock.values())
