"""Copies the few browser files we ship from node_modules to static/vendor, with a manifest.

Run ``npm ci --ignore-scripts`` first, then ``python scripts/vendor.py``.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "static" / "vendor"

#: Package, folder under static/vendor, files inside the package.
WANTED: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("htmx.org", "htmx", ("dist/htmx.min.js", "LICENSE")),
    # The smallest of its bundles that reads trees; pages load it when somebody asks for it.
    ("jsroot", "jsroot", ("build/jsroot.min.js", "LICENSE")),
    (
        "@fontsource/ibm-plex-sans",
        "ibm-plex-sans",
        (
            "files/ibm-plex-sans-latin-400-normal.woff2",
            "files/ibm-plex-sans-latin-500-normal.woff2",
            "files/ibm-plex-sans-latin-600-normal.woff2",
            "LICENSE",
        ),
    ),
    (
        "@fontsource/ibm-plex-mono",
        "ibm-plex-mono",
        ("files/ibm-plex-mono-latin-400-normal.woff2", "LICENSE"),
    ),
)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def vendor(modules: Path, target: Path) -> list[dict[str, object]]:
    """Copy every wanted file and return the manifest's entries."""
    entries: list[dict[str, object]] = []
    for package, folder, files in WANTED:
        about = json.loads((modules / package / "package.json").read_text())
        (target / folder).mkdir(parents=True, exist_ok=True)
        hashes = {}
        for name in files:
            copied = target / folder / Path(name).name
            shutil.copyfile(modules / package / name, copied)
            hashes[copied.relative_to(target).as_posix()] = sha256(copied)
        entries.append(
            {
                "name": package,
                "version": about["version"],
                "licence": about["license"],
                "files": hashes,
            }
        )
    return entries


def main() -> None:
    """Write static/vendor afresh."""
    shutil.rmtree(TARGET, ignore_errors=True)
    entries = vendor(ROOT / "node_modules", TARGET)
    manifest = json.dumps({"packages": entries}, indent=2)
    (TARGET / "manifest.json").write_text(f"{manifest}\n")
    print(f"{len(entries)} packages in {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
