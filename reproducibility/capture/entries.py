"""Which file runs an analysis: candidates, the likeliest first."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from reproducibility.capture import notebooks
from reproducibility.capture.kinds import NOTEBOOK, PYTHON, SCRIPTS, is_hidden
from reproducibility.capture.options import TAG
from reproducibility.capture.syntax import does_something, has_main_guard, imported
from reproducibility.capture.values import FoundFile

_STARTING = re.compile(r"(?i)(?:main|run|analysis|analy[sz]e|reproduce|workflow)")
_NOT_STARTED = re.compile(
    r"(?i)(?:test_.*|.*[_-]tests?|tests?|conftest|setup|__init__|noxfile|conf)"
)


def candidates(files: Mapping[str, FoundFile], modules: Mapping[str, ast.Module]) -> list[str]:
    """Return the files that could be the entry, the likeliest first.

    Counted are a telling name, a cell of parameters or a main guard, and a place near the root; a
    module that another file imports hardly is one.
    """
    helpers = {name for module in modules.values() for name in imported(module)}
    scores = {
        path: _score(file, modules.get(path), helpers)
        for path, file in files.items()
        if _can_start(path)
    }
    return sorted((path for path in scores if scores[path] > 0), key=lambda x: (-scores[x], x))


def _can_start(path: str) -> bool:
    suffix = PurePosixPath(path).suffix
    return suffix in SCRIPTS | {PYTHON, NOTEBOOK} and not is_hidden(path)


def _score(file: FoundFile, module: ast.Module | None, helpers: set[str]) -> int:
    name = PurePosixPath(file.path)
    if _NOT_STARTED.fullmatch(name.stem) or file.content is None:
        return 0
    score = _by_content(file, module) if module is not None else 15
    if score == 0:
        return 0
    if _STARTING.match(name.stem):
        score += 40
    if name.stem in helpers:
        score -= 35
    return max(score - 4 * (len(name.parts) - 1), 1)


def _by_content(file: FoundFile, module: ast.Module) -> int:
    if PurePosixPath(file.path).suffix == NOTEBOOK:
        notebook = notebooks.read(file.content or b"")
        if notebook is None or not any(cell.text.strip() for cell in notebook.code):
            return 0
        return 60 if any(TAG in cell.tags for cell in notebook.code) else 30
    if has_main_guard(module):
        return 30
    return 20 if does_something(module) else 0
