"""Lists of a workspace's files, with REANA's patterns and filters."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path

from demo.reana.errors import Malformed
from demo.reana.workspace.paths import parts_of

#: Files below so many folders are not listed: a run may nest them deeper than Python recurses.
DEEPEST = 100


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of a workspace."""

    name: str
    size: int
    modified: datetime

    def answer(self) -> dict[str, object]:
        """Return the file as REANA lists it."""
        return {
            "name": self.name,
            "size": size_answer(self.size),
            "last-modified": self.modified.strftime("%Y-%m-%dT%H:%M:%S"),
        }


def list_files(
    root: Path, pattern: str = "", search: Mapping[str, Sequence[str]] | None = None
) -> list[Entry]:
    """Return the regular files that match, by name; links and special files are left out."""
    parts = _without_repeats(parts_of(pattern)) if pattern.strip("/.") else ()
    found = sorted(_walk(root), key=lambda entry: entry.name)
    return [
        entry for entry in found if _matches(entry.name, parts) and _passes(entry, search or {})
    ]


def parse_search(text: str | None) -> Mapping[str, Sequence[str]]:
    """Return a search such as `{"name": ["a", "b"]}`, empty when none is given."""
    if not text:
        return {}
    try:
        search = json.loads(text)
    except ValueError as exc:
        raise Malformed("The search is not valid JSON.") from exc
    if not isinstance(search, dict) or not all(isinstance(one, list) for one in search.values()):
        raise Malformed("The search maps names of columns to lists of texts.")
    return {key: [str(value) for value in values] for key, values in search.items()}


def size_answer(size: int) -> dict[str, object]:
    """Return a size as REANA gives it: bytes, and a text for people."""
    amount = float(size)
    for unit in ("Bytes", "KiB", "MiB", "GiB"):
        if amount < 1024 or unit == "GiB":
            break
        amount /= 1024
    return {"raw": size, "human_readable": f"{amount:.2f}".rstrip("0").rstrip(".") + f" {unit}"}


def is_pattern(name: str) -> bool:
    """Whether a name stands for several files."""
    return any(character in name for character in "*?[")


def _walk(root: Path) -> Iterator[Entry]:
    for folder, folders, names, descriptor in os.fwalk(root, follow_symlinks=False):
        below = Path(folder).relative_to(root)
        if len(below.parts) >= DEEPEST:
            folders.clear()
        for name in names:
            try:
                status = os.stat(name, dir_fd=descriptor, follow_symlinks=False)
            except FileNotFoundError:
                continue  # a running step removed it
            if stat.S_ISREG(status.st_mode):
                modified = datetime.fromtimestamp(status.st_mtime, UTC)
                yield Entry(str(below / name), status.st_size, modified)


def _without_repeats(parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return a pattern without each `**` that follows another: they say the same."""
    pairs = zip(("", *parts), parts, strict=False)
    return tuple(part for before, part in pairs if not before == part == "**")


def _matches(name: str, parts: tuple[str, ...]) -> bool:
    """Whether a file is named by a path, lies in the folder so named, or matches a glob.

    As in REANA, `*` stays within a folder and `**` crosses folders.
    """
    folders = name.split("/")
    reached = {0}  # how many components of the name the pattern's parts so far may stand for
    for part in parts:
        if part == "**":
            reached = set(range(min(reached), len(folders) + 1))
        else:
            within = (at for at in reached if at < len(folders))
            reached = {at + 1 for at in within if fnmatchcase(folders[at], part)}
        if not reached:
            return False
    return True  # what is left of the name lies below the matched folder


def _passes(entry: Entry, search: Mapping[str, Sequence[str]]) -> bool:
    shown = {
        "name": entry.name,
        "size": str(entry.size),
        "last-modified": entry.modified.strftime("%Y-%m-%dT%H:%M:%S"),
    }
    return all(
        any(value in shown.get(column, "") for value in values) for column, values in search.items()
    )
