"""Inside the cage: the lists of packages of a Git repository.

Of one commit only the small files are read, so that large ones of a repository do not matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sessions.builder import git
from sessions.builder.order import Order

RESULT = "fetched.json"
FOLDERS = ("", "binder", ".binder")
FILE = re.compile(
    r".*\.(txt|in|yml|yaml)|Dockerfile|postBuild|start|install\.R|Project\.toml|default\.nix|setup\.py"
)
MOST_FILES, MOST_BYTES = 60, 64 * 1024


def main(order_file: str) -> int:
    """Fetch what the order names and write down its files, or say why not."""
    return git.run(order_file, RESULT, _taken)


def _taken(_order: Order, repository: Any, commit: Any) -> Mapping[str, object]:
    return {"commit": commit.id.decode(), "files": dict(_files(repository, commit.tree))}


def _files(repository: Any, tree: bytes) -> Iterator[tuple[str, str]]:
    """Yield the small texts of the folders in which lists of packages are looked for."""
    count = 0
    for folder in FOLDERS:
        place = _folder(repository, tree, folder)
        for entry in place.items() if place is not None else ():
            name = entry.path.decode(errors="replace")
            plain = entry.mode in {0o100644, 0o100755}
            if not plain or not FILE.fullmatch(name) or count >= MOST_FILES:
                continue
            blob = repository[entry.sha]
            if blob.raw_length() <= MOST_BYTES:
                count += 1
                yield f"{folder}/{name}".lstrip("/"), blob.data.decode(errors="replace")


def _folder(repository: Any, tree: bytes, name: str) -> Any:
    root = repository[tree]
    if not name:
        return root
    if name.encode() not in root:
        return None
    mode, sha = root[name.encode()]
    return repository[sha] if mode == 0o040000 else None
