"""The image in which an analysis ran, as far as anything among the files tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from reproducibility.capture.kinds import ROOT_MACRO, text_of
from reproducibility.capture.notebooks import Notebook
from reproducibility.capture.values import FoundFile, Surroundings

_FROM = re.compile(r"(?im)^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?")
_PYTHON = re.compile(r"(3\.\d{1,2})")
_FOLDERS = ("binder/", ".binder/", "")
_PACKAGES = ("environment.yml", "environment.yaml", "requirements.txt", "pyproject.toml")
DEFAULT_PYTHON = "3.11"
#: What runs an entry that is no Python, where nothing tells more.
_OTHERS: Mapping[str, str] = {
    **dict.fromkeys(ROOT_MACRO, "docker.io/rootproject/root:6.32.02-ubuntu22.04"),
    **dict.fromkeys((".R", ".r"), "docker.io/library/r-base:4.4.1"),
    ".jl": "docker.io/library/julia:1.10",
}


def image(
    entry: str,
    surroundings: Surroundings,
    files: Mapping[str, FoundFile],
    notebook: Notebook | None,
) -> tuple[str, tuple[str, ...]]:
    """Return an image, and notes on how it was chosen where nobody named it."""
    if surroundings.image:
        return surroundings.image, ()
    for folder in _FOLDERS:
        if base := _base(files.get(f"{folder}Dockerfile")):
            note = (
                f"{folder}Dockerfile begins from {base}, which is proposed as the image: what the "
                "Dockerfile adds is not in it. Give the name of the image that was built from it."
            )
            return base, (note,)
    version = _python_version(files, notebook) or DEFAULT_PYTHON
    python = f"docker.io/library/python:{version}"
    proposed = _OTHERS.get(PurePosixPath(entry).suffix, python)
    return proposed, (_note(proposed, files),)


def _note(proposed: str, files: Mapping[str, FoundFile]) -> str:
    named = [f"{folder}{name}" for folder in _FOLDERS for name in _PACKAGES]
    listed = next((path for path in named if path in files), "")
    told = f"Nothing names an image, so {proposed} is proposed"
    if listed:
        return f"{told}: it lacks the packages of {listed}. Name an image that has them."
    return f"{told}: name an image that has the packages that the code imports."


def _base(file: FoundFile | None) -> str:
    """Return the image that a Dockerfile's last stage begins from."""
    stages = _FROM.findall(text_of(file)[:200_000]) if file is not None else []
    aliases = {alias.lower(): base for base, alias in stages if alias}
    base = stages[-1][0] if stages else ""
    for _stage in stages:
        base = aliases.get(base.lower(), base)
    # One that a build argument names can't be known.
    return "" if "$" in base or base.lower() == "scratch" else base


def _python_version(files: Mapping[str, FoundFile], notebook: Notebook | None) -> str:
    told = [files[path] for path in ("runtime.txt", "binder/runtime.txt") if path in files]
    texts = [*(text_of(file)[:100] for file in told), notebook.version if notebook else ""]
    found = next(filter(None, map(_PYTHON.search, texts)), None)
    return found[1] if found else ""


def stem(path: str) -> str:
    """Return a file's name as the name of a step: letters, digits and dashes."""
    return re.sub(r"[^A-Za-z0-9]+", "-", PurePosixPath(path).stem).strip("-").lower() or "run"
