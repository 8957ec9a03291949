"""What a file is called on somebody's own disk: its DID's name, without what misleads."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from data_mgmt.backends import Did

#: Control characters, marks that turn the direction of text (they hide an ending), backslashes.
_MISLEADING = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\\]")
NAMELESS = "_"


def file_name(did: Did) -> str:
    """Return the name under which a file is saved: what stands behind the last slash."""
    return path_of(did.name).rpartition("/")[2]


def folder_name(did: Did) -> str:
    """Return the name of a folder for what is below a DID."""
    return path_of(did.name).replace("/", "_")


def printable(text: str) -> str:
    """Return a text on one line, without marks that turn its direction."""
    return _MISLEADING.sub("_", text)


def path_of(name: str) -> str:
    """Return a name as a relative path that leads nowhere else."""
    parts = [printable(part) for part in name.split("/")]
    kept = [NAMELESS if part in {".", ".."} else part for part in parts if part.strip()]
    return "/".join(kept) or NAMELESS


def paths_of(dids: Sequence[Did], *, taken: Sequence[str] = ()) -> list[str]:
    """Return a path for each of the files, in their order: the same for the same files always.

    A name that stands in several scopes gets its scope's folder; what is left of a clash, also
    with a folder or by capital letters alone, gets a number.
    """
    plain = [path_of(did.name) for did in dids]
    often = Counter(path.casefold() for path in plain)
    wanted = [
        f"{path_of(did.scope)}/{path}" if often[path.casefold()] > 1 else path
        for did, path in zip(dids, plain, strict=True)
    ]
    folders = {folder.casefold() for path in wanted for folder in _folders(path)}
    used = {path.casefold() for path in taken} | folders
    found = []
    for path in wanted:
        free = _free(path, used)
        used.add(free.casefold())
        found.append(free)
    return found


def _folders(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]


def _free(path: str, used: set[str]) -> str:
    stem, dot, ending = path.rpartition(".")
    if not stem or "/" in ending:
        stem, dot, ending = path, "", ""
    tried, number = path, 1
    while tried.casefold() in used:
        number += 1
        tried = f"{stem}_{number}{dot}{ending}"
    return tried
