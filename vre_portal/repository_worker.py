"""Inside the cage: all files of one commit of a Git repository, as a ZIP.

Links, submodules and hooks do not matter: only plain files are read.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions.builder import git
from sessions.builder.git import Refused
from sessions.builder.order import Order

FILES, RESULT = "files.zip", "captured.json"
MOST_FILES = 20_000
PLAIN = {0o100644, 0o100755}
#: ZIPs know no earlier time.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


def main(order_file: str) -> int:
    """Fetch what the order names and write its files down, or say why not."""
    return git.run(order_file, RESULT, _taken)


def _taken(order: Order, repository: Any, commit: Any) -> Mapping[str, object]:
    moment = max(datetime.fromtimestamp(commit.commit_time, UTC), EARLIEST)
    left_out = _write(repository, commit.tree, Path(order.work, FILES), moment)
    return {"commit": commit.id.decode(), "left_out": left_out}


def _write(repository: Any, tree: bytes, target: Path, moment: datetime) -> list[str]:
    """Write the plain files of a tree; return the paths of what is none."""
    left_out: list[str] = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for number, (path, mode, sha) in enumerate(_entries(repository, tree, "")):
            if number > MOST_FILES:
                raise Refused("The repository has far too many files for an analysis.")
            if mode in PLAIN:
                entry = zipfile.ZipInfo(path, moment.timetuple()[:6])
                archive.writestr(entry, repository[sha].data)
            else:
                left_out.append(path)
    return left_out[:20]


def _entries(repository: Any, tree: bytes, folder: str) -> Iterator[tuple[str, int, bytes]]:
    for entry in repository[tree].items():
        path = f"{folder}{entry.path.decode(errors='replace')}"
        if entry.mode == 0o040000:
            yield from _entries(repository, entry.sha, f"{path}/")
        else:
            yield path, entry.mode, entry.sha
