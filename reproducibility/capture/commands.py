"""The commands that run an entry, as a person would type them."""

from __future__ import annotations

import posixpath
import shlex
from collections.abc import Iterable
from pathlib import PurePosixPath

from reproducibility.capture.kinds import NOTEBOOK, PYTHON, ROOT_MACRO, SHELL
from reproducibility.capture.notebooks import Notebook
from reproducibility.capture.options import Argument

#: Where the executed copy of a notebook goes.
EXECUTED = "results"


def executed(entry: str) -> str:
    """Return where a run leaves the executed copy of a notebook."""
    return f"{EXECUTED}/{posixpath.basename(entry)}"


def commands(
    entry: str,
    arguments: Iterable[Argument],
    *,
    folder: str = "",
    notebook: Notebook | None = None,
    outputs: Iterable[str] = (),
) -> list[str]:
    """Return the commands of one step: the folders that outputs need, and the entry itself.

    `folder` is where the code expects to be run.
    """
    words = [argument.words for argument in arguments]
    if PurePosixPath(entry).suffix == NOTEBOOK:
        started = _papermill(entry, folder, notebook)
        outputs = [*outputs, executed(entry)]
    else:
        inside = entry.removeprefix(f"{folder}/") if folder else entry
        started = f"{_program(entry)} {quoted(inside)}"
        if folder:
            started = f"cd {quoted(folder)} && {started}"
    folders = sorted({posixpath.dirname(path) for path in outputs} - {""})
    made = [f"mkdir -p {' '.join(map(quoted, folders))}"] if folders else []
    return [*made, " ".join([started, *words])]


def quoted(path: str) -> str:
    """Return a path as the shell and REANA's own templates leave it alone."""
    return shlex.quote(path).replace("$", "$$")


def _papermill(entry: str, folder: str, notebook: Notebook | None) -> str:
    words = ["papermill", quoted(entry), quoted(executed(entry))]
    if folder:
        words += ["--cwd", quoted(folder)]
    # A kernel of somebody's own environment is not there where it runs again.
    if notebook and notebook.language == "python" and notebook.kernel not in {"", "python3"}:
        words += ["-k", "python3"]
    return " ".join(words)


def _program(entry: str) -> str:
    suffix = PurePosixPath(entry).suffix
    if suffix == PYTHON:
        return "python"
    if suffix in SHELL:
        return "bash"
    if suffix in ROOT_MACRO:
        return "root -b -q"
    return "julia" if suffix == ".jl" else "Rscript"
