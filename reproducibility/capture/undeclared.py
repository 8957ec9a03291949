"""After a run that failed: which files of the source it missed, by what its log says."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

#: What programs say of a file that is not there: Python, the shell, ROOT, uproot, HDF5, cfitsio, R.
_MISSING = re.compile(
    r"(?i)no such file|file not found|not found|does not exist|doesn't exist|cannot open"
    r"|can ?not be opened|can't open|could not open|unable to (?:\w+ )?open|failed to (?:find|open)"
    r"|cannot access|cannot stat|could not find|missing"
)
_MODULE = re.compile(r"No module named ['\"]([\w.]+)['\"]|cannot import name .* from ['\"]([\w.]+)")
_TOKEN = re.compile(r"""'([^'\n]{1,400})'|"([^"\n]{1,400})"|([^\s'"(){}<>,;|=]{1,400})""")
MAX_LOG = 2_000_000
MAX_LINE = 2_000
MAX_MISSED = 50
#: Some programs name the file some lines below what they say of it.
_LINES_BELOW = 4


@dataclass(frozen=True, slots=True)
class Missed:
    """A file of the source that a run looked for, and a question about it."""

    path: str
    sentence: str


def missed(log: str, *, known: Collection[str], declared: Collection[str]) -> list[Missed]:
    """Return the known files that a log says could not be found and that are not declared.

    `declared` are files, or folders with all that is in them. Paths of a home that is not there any
    more count by their end: ``/home/me/work/data/x.csv`` is ``data/x.csv`` where that is known.
    """
    waiting = {path for path in known if not _declared(path, declared)}
    by_name: dict[str, list[str]] = {}
    for path in sorted(waiting):
        by_name.setdefault(posixpath.basename(path), []).append(path)
    found: dict[str, None] = {}
    for token in _named(log[-MAX_LOG:]):
        path = _resolved(token, by_name)
        if path:
            found[path] = None
    return [Missed(path, f"reads {path}: add as input?") for path in list(found)[:MAX_MISSED]]


def _named(log: str) -> Iterator[str]:
    lines = log.splitlines()
    below = 0
    for line in lines:
        below = _LINES_BELOW if _MISSING.search(line[:MAX_LINE]) else below - 1
        if module := _MODULE.search(line[:MAX_LINE]):
            yield from _files_of(module[1] or module[2])
        elif below > 0:
            yield from _tokens(line[:MAX_LINE])


def _tokens(line: str) -> Iterator[str]:
    for found in _TOKEN.finditer(line):
        token = next(filter(None, found.groups()), "")
        yield token.rstrip(".:!?")
        # A name with its dot at the end, and one quoted as a whole, such as "'data/x.csv'".
        yield token.strip("'\"`:")


def _files_of(module: str) -> Iterable[str]:
    path = module.replace(".", "/")
    return f"{path}.py", f"{path}/__init__.py"


def _resolved(token: str, by_name: dict[str, list[str]]) -> str:
    """Return the one path that ends as a token does, as far as both go."""
    parts = [part for part in token.split("/") if part not in {"", ".", ".."}]
    candidates = by_name.get(parts[-1], []) if parts else []
    fitting = [path for path in candidates if _ends_alike(path.split("/"), parts)]
    exact = [path for path in fitting if path == "/".join(parts)]
    return exact[0] if exact else max(fitting, key=len) if fitting else ""


def _ends_alike(path: list[str], parts: list[str]) -> bool:
    length = min(len(path), len(parts))
    return path[-length:] == parts[-length:]


def _declared(path: str, declared: Collection[str]) -> bool:
    return path in declared or any(path.startswith(f"{folder.rstrip('/')}/") for folder in declared)
