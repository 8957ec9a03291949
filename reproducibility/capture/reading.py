"""All that the code of one source says: what can start, what it reads, writes and imports."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from reproducibility.capture import notebooks
from reproducibility.capture.kinds import (
    NOTEBOOK,
    PYTHON,
    ROOT_MACRO,
    SHELL,
    is_code,
    is_hidden,
    text_of,
)
from reproducibility.capture.notebooks import Notebook
from reproducibility.capture.options import Told, of_notebook, of_script
from reproducibility.capture.syntax import imported, parsed
from reproducibility.capture.trees import Tree
from reproducibility.capture.usage import Usage, usage
from reproducibility.capture.values import FoundFile

#: Words of other languages that may be paths: they count where a file of that name was found.
_WORDS = re.compile(r"[\w./+-]{3,200}")
_ROOT_WRITES = re.compile(
    r"""["']([^"'\n]{1,200})["']\s*,\s*["'](?i:recreate|update|new)["']|SaveAs\(\s*"([^"\n]{1,200})\""""
)
_REDIRECTED = re.compile(r">>?\s*[\"']?([\w./+-]{1,200})")


@dataclass(frozen=True, slots=True)
class Entry:
    """The file that runs: what it can be told, and the folder in which it expects to run."""

    path: str
    told: Told
    folder: str = ""
    notebook: Notebook | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """What an entry and the code that it calls need and give, as patterns of paths."""

    code: frozenset[str]
    usages: Mapping[str, Usage]


def modules_of(files: Mapping[str, FoundFile]) -> dict[str, ast.Module]:
    """Return the syntax trees of all scripts and notebooks in Python."""
    return {
        path: parsed(file)
        for path, file in files.items()
        if PurePosixPath(path).suffix in {PYTHON, NOTEBOOK} and not is_hidden(path)
    }


def entry_of(
    path: str, files: Mapping[str, FoundFile], modules: Mapping[str, ast.Module], tree: Tree
) -> Entry:
    """Return what runs, read as its kind asks for."""
    folder = posixpath.dirname(path)
    module = modules.get(path)
    if PurePosixPath(path).suffix == NOTEBOOK:
        notebook = notebooks.read(files[path].content or b"") or Notebook(())
        # Jupyter starts a kernel in the notebook's own folder.
        return Entry(path, of_notebook(path, notebook), folder, notebook)
    if module is None:
        return Entry(path, Told())
    told = of_script(path, module)
    mentions = usage(path, module, given={}, options=_defaults(told)).mentions
    inside = sum(tree.here(each, folder) for each in mentions)
    from_root = sum(tree.here(each, "") for each in mentions)
    return Entry(path, told, folder if inside > from_root else "")


def needs_of(
    entry: Entry, files: Mapping[str, FoundFile], modules: Mapping[str, ast.Module], tree: Tree
) -> Needs:
    """Return the code that an entry reaches, by import or by name, and what each file uses."""
    usages: dict[str, Usage] = {}
    waiting = [entry.path]
    while waiting:
        path = waiting.pop()
        if path in usages or path not in files:
            continue
        module = modules.get(path)
        if module is None:
            usages[path] = _words(files[path])
        else:
            usages[path] = _used(path, module, entry)
            waiting += _imported(path, module, tree)
        named = [found for each in usages[path].mentions for found in tree.find(each, entry.folder)]
        waiting += [each for each in named if is_code(each)]
    return Needs(frozenset(usages), usages)


def _used(path: str, module: ast.Module, entry: Entry) -> Usage:
    told = entry.told if path == entry.path else Told()
    if entry.notebook is not None:
        return usage(path, module, given=_defaults(told), options={})
    return usage(path, module, given={}, options=_defaults(told))


def _defaults(told: Told) -> dict[str, str]:
    return {
        each.name: each.parameter.default
        for each in told.arguments
        if isinstance(each.parameter.default, str) and each.parameter.default
    }


def _imported(path: str, module: ast.Module, tree: Tree) -> Iterable[str]:
    beside = posixpath.dirname(path)
    for name in imported(module):
        inner = name.replace(".", "/")
        for base in dict.fromkeys((beside, "", "src")):
            place = posixpath.normpath(posixpath.join(base, inner))
            yield from (
                each for each in (f"{place}.py", f"{place}/__init__.py") if each in tree.paths
            )


def _words(file: FoundFile) -> Usage:
    text = text_of(file)[:200_000] if is_code(file.path) else ""
    suffix = PurePosixPath(file.path).suffix
    writes = dict.fromkeys(_REDIRECTED.findall(text)) if suffix in SHELL else {}
    if suffix in ROOT_MACRO:
        writes = dict.fromkeys(one or other for one, other in _ROOT_WRITES.findall(text))
    words = (each.strip(".-") for each in _WORDS.findall(text))
    return Usage(
        tuple(writes), tuple(dict.fromkeys(each for each in words if "." in each or "/" in each))
    )
