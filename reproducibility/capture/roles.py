"""What each file that was found is to an analysis, and what has to be said about it."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from reproducibility.capture.folding import ANY
from reproducibility.capture.kinds import (
    is_code,
    is_document,
    is_hidden,
    is_result,
    may_be_secret,
)
from reproducibility.capture.reading import Entry, Needs
from reproducibility.capture.trees import Tree, relative
from reproducibility.capture.values import Data, Found, FoundFile, Role

_NAMED = 5


@dataclass(frozen=True, slots=True)
class Sorted:
    """Roles of the files, all outputs (found or not), and notes."""

    roles: Mapping[str, Role]
    outputs: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Paths:
    reads: frozenset[str]
    writes: frozenset[str]
    unplaced: tuple[str, ...] = ()


def sort(found: Found, entry: Entry, needs: Needs, tree: Tree) -> Sorted:
    """Return what each file is: what code writes is an output, what else it names an input."""
    paths = _paths(needs, entry, tree)
    files = {file.path: file for file in found.files}
    started = files[entry.path].modified_at
    roles = {path: _role(file, needs, paths, found.data, started) for path, file in files.items()}
    outputs = {path for path, role in roles.items() if role is Role.OUTPUT}
    outputs |= {path for path in paths.writes if path not in files}
    notes = [*_about_outputs(paths, files, roles), *_about_inputs(paths, files, roles)]
    return Sorted(roles, tuple(sorted(outputs)), (*notes, *_about_rest(files, roles, needs)))


def from_lake(path: str, data: Iterable[Data]) -> bool:
    """Whether a file lies in a folder to which a DID is brought."""
    return any(path.startswith(f"{each.folder.strip('/')}/") for each in data if each.folder)


def _paths(needs: Needs, entry: Entry, tree: Tree) -> _Paths:
    reads: set[str] = set()
    writes: set[str] = set()
    unplaced: list[str] = []
    for usage in needs.usages.values():
        for pattern in usage.writes:
            place = relative(pattern, entry.folder)
            if ANY not in place and not place.startswith(("/", "..")):
                writes |= {place} if place in tree.paths or _is_file(place) else set()
            elif known := tree.find(pattern, entry.folder):
                writes |= set(known)
            elif _is_file(pattern):
                unplaced.append(posixpath.basename(pattern))
        for pattern in set(usage.mentions) - set(usage.writes):
            reads |= set(tree.find(pattern, entry.folder))
    writes = {path for path in writes if not is_code(path)}
    return _Paths(frozenset(reads - writes), frozenset(writes), tuple(dict.fromkeys(unplaced)))


def _is_file(pattern: str) -> bool:
    """Whether a pattern that fits nothing is the name of a file all the same."""
    name = posixpath.basename(pattern)
    return "." in name.strip(".") and ANY not in name and len(name) < 200


def _role(
    file: FoundFile, needs: Needs, paths: _Paths, data: Iterable[Data], started: float | None
) -> Role:
    path = file.path
    if is_hidden(path) or may_be_secret(path):
        return Role.LEFT_OUT
    if file.did or from_lake(path, data):
        return Role.INPUT
    if path in paths.writes:
        return Role.OUTPUT
    if file.content is not None and (path in needs.code or is_document(path)):
        return Role.CODE
    if path in paths.reads and not is_result(path):
        return Role.INPUT if file.content is not None else Role.LEFT_OUT
    return Role.OUTPUT if _is_given(file, started) else Role.LEFT_OUT


def _is_given(file: FoundFile, started: float | None) -> bool:
    """Whether a file that no code names looks like a result: by its folder, or as it is newer."""
    if is_code(file.path) or is_document(file.path):
        return False
    newer = started is not None and file.modified_at is not None and file.modified_at > started
    return is_result(file.path) or newer


def _about_outputs(
    paths: _Paths, files: Mapping[str, FoundFile], roles: Mapping[str, Role]
) -> Iterator[str]:
    given = {path for path, role in roles.items() if role is Role.OUTPUT}
    if guessed := sorted(given - paths.writes):
        yield (
            f"{_named(guessed)}: no code was seen to write it, but it lies among results or is "
            "newer than the entry. Take it out if a run does not give it."
        )
    if absent := sorted(paths.writes - files.keys()):
        yield (
            f"{_named(absent)}: the code writes it, but it was not found. It is recorded when the "
            "analysis first runs; take it out if not every run gives it."
        )
    if paths.unplaced:
        yield (
            f"{_named(paths.unplaced)}: the code writes it to a folder that is known only when it "
            "runs. Add it to the outputs with its folder."
        )
    if not given and not paths.writes and not paths.unplaced:
        yield "No output was found: name at least one that a run gives."


def _about_inputs(
    paths: _Paths, files: Mapping[str, FoundFile], roles: Mapping[str, Role]
) -> Iterator[str]:
    for path in sorted(paths.reads & files.keys()):
        file = files[path]
        if file.content is None and roles[path] is Role.LEFT_OUT and not is_hidden(path):
            yield too_large(file)


def _about_rest(
    files: Mapping[str, FoundFile], roles: Mapping[str, Role], needs: Needs
) -> Iterator[str]:
    if secrets := sorted(path for path in files if may_be_secret(path) and not is_hidden(path)):
        yield f"{_named(secrets)}: left out, as keys and passwords have such names."
    if unread := sorted(path for path in needs.code if files[path].content is None):
        yield f"{_named(unread)}: code that is too large to be kept here."
    other = sorted(
        path
        for path, role in roles.items()
        if role is Role.LEFT_OUT
        and not (is_hidden(path) or may_be_secret(path))
        and files[path].content is not None
    )
    if other:
        yield f"{_named(other)}: left out, as nothing that runs names it."


def too_large(file: FoundFile) -> str:
    """Return what to do with a file that is needed and can't be kept."""
    return (
        f"{file.path} ({size_of(file.size)}) is read, but too large to be kept here: put it "
        "into the data lake, and name it by its DID."
    )


def size_of(size: int) -> str:
    """Return a size as people read it."""
    number, unit = float(size), "B"
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if number < 1024 or unit == "TiB":
            break
        number /= 1024
    return f"{number:.0f} {unit}" if number >= 10 or unit == "B" else f"{number:.1f} {unit}"


def _named(paths: Collection[str]) -> str:
    first = ", ".join(list(paths)[:_NAMED])
    return first if len(paths) <= _NAMED else f"{first} and {len(paths) - _NAMED} more"
