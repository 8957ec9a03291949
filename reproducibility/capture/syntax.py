"""Python of strangers as syntax trees; what is no Python is passed over, never run."""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from reproducibility.capture import notebooks
from reproducibility.capture.kinds import NOTEBOOK, PYTHON, text_of
from reproducibility.capture.values import FoundFile

#: Code that people write is far smaller; what is larger is data in the form of code.
MAX_BYTES = 2_000_000


def parsed(file: FoundFile) -> ast.Module:
    """Return the statements of a script, or of all cells of a notebook, as far as they are Python.

    A cell that is broken costs no other cell.
    """
    suffix = PurePosixPath(file.path).suffix
    if file.content is None or len(file.content) > MAX_BYTES:
        return _nothing()
    if suffix == PYTHON:
        return statements(text_of(file))
    notebook = notebooks.read(file.content) if suffix == NOTEBOOK else None
    if notebook is None or notebook.language != "python":
        return _nothing()
    cells = [statements(cell.python) for cell in notebook.code]
    return ast.Module([each for cell in cells for each in cell.body], [])


def statements(text: str) -> ast.Module:
    """Return a text's statements, none where it is no Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _nothing()


def has_main_guard(module: ast.Module) -> bool:
    """Whether a script asks for `__name__`, so that it is meant to be started."""
    return any(
        isinstance(each, ast.If)
        and any(isinstance(x, ast.Name) and x.id == "__name__" for x in ast.walk(each.test))
        for each in module.body
    )


def does_something(module: ast.Module) -> bool:
    """Whether a module does more than to define: it calls, loops or opens at its top."""
    acting = (ast.For, ast.While, ast.With, ast.Try)
    return any(
        isinstance(each, acting)
        or (isinstance(each, ast.Expr) and isinstance(each.value, ast.Call))
        for each in module.body
    )


def imported(module: ast.Module) -> list[str]:
    """Return the modules that a file imports, as dotted names without leading dots."""
    found: list[str] = []
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            found += [base, *(f"{base}.{alias.name}".lstrip(".") for alias in node.names)]
    return [name for name in dict.fromkeys(found) if name]


def _nothing() -> ast.Module:
    return ast.Module([], [])
