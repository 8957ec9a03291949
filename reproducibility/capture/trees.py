"""The files that were found, asked for by what code calls them."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Iterable

from reproducibility.capture.folding import ANY, ROOT

MAX_MATCHES = 200


class Tree:
    """Paths of files, found by patterns relative to a folder, by absolute ones, or by name."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths: Collection[str] = frozenset(paths)
        self.folders = frozenset(
            folder for path in self.paths for folder in _parents(path) if folder
        )
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(self.paths):
            self._by_name[posixpath.basename(path)].append(path)

    def find(self, pattern: str, folder: str = "") -> list[str]:
        """Return the files that code means by a pattern, or by a folder's name."""
        for base in dict.fromkeys((folder, "")):
            if found := self._under(relative(pattern, base)):
                return found
        return self._by_end(pattern)

    def here(self, pattern: str, folder: str) -> bool:
        """Whether a pattern is a file that a working folder leads to, with no guess."""
        return relative(pattern, folder) in self.paths

    def _under(self, path: str) -> list[str]:
        if path in self.paths:
            return [path]
        if path in self.folders:
            return sorted(each for each in self.paths if each.startswith(f"{path}/"))[:MAX_MATCHES]
        if ANY not in path or not posixpath.basename(path).strip(f"{ANY}."):
            return []
        name = posixpath.basename(path)
        candidates = self.paths if ANY in name else self._by_name.get(name, [])
        # An unknown folder at the head may be none.
        forms = (path, path.removeprefix(f"{ANY}/"))
        return sorted(each for each in candidates if any(_fits(each, form) for form in forms))[
            :MAX_MATCHES
        ]

    def _by_end(self, pattern: str) -> list[str]:
        """Return the one file whose path ends as another one does: /home/me/data/x.csv."""
        name = posixpath.basename(pattern)
        if "." not in name or ANY in name:
            return []
        wanted = pattern.split("/")
        candidates = self._by_name.get(name, [])
        best = max((_common_end(each, wanted) for each in candidates), default=0)
        found = [each for each in candidates if _common_end(each, wanted) == best]
        return found if len(found) == 1 else []


def relative(path: str, folder: str) -> str:
    """Return a path of a working folder as one of the root; an absolute one stays as it is."""
    if path.startswith(ROOT):
        return posixpath.normpath(path).lstrip("/")
    return posixpath.normpath(posixpath.join(folder, path))


def _parents(path: str) -> list[str]:
    parts = path.split("/")[:-1]
    return ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _fits(path: str, pattern: str) -> bool:
    """Whether a path is a pattern's, part by part: a regular expression may take for ever."""
    head, *middle = pattern.split(ANY)
    if not middle:
        return path == pattern
    tail = middle.pop()
    end = len(path) - len(tail)
    if not (path.startswith(head) and path.endswith(tail) and len(head) <= end):
        return False
    place = len(head)
    for part in middle:
        found = path.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _common_end(path: str, wanted: list[str]) -> int:
    count = 0
    for one, other in zip(reversed(path.split("/")), reversed(wanted), strict=False):
        if one != other:
            break
        count += 1
    return count
