"""What the engines' readers share: the workflow's own file, and names that are there once."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from typing import Any

from reproducibility.specs.loading import Unreadable, load
from reproducibility.specs.steps.values import Edges
from reproducibility.specs.tolerant import at, mapping

#: A page shows no more, and no workflow that people wrote has as many.
MAX_STEPS = 500
MAX_EDGES = 5_000


def text_of(path: object, files: Mapping[str, bytes]) -> str:
    """Return a file's text, empty where it is not there."""
    if not isinstance(path, str):
        return ""
    return (files.get(posixpath.normpath(path)) or b"").decode(errors="replace")


def yaml_of(path: object, files: Mapping[str, bytes]) -> Any:
    """Return the values of a YAML or JSON file, None where there are none."""
    try:
        return load(text_of(path, files)).value
    except Unreadable:
        return None


def workflow_document(
    specification: Mapping[str, Any], files: Mapping[str, bytes]
) -> Mapping[str, Any]:
    """Return the workflow in its engine's language, from reana.yaml or the file it names."""
    written = at(specification, "workflow", "specification")
    if isinstance(written, Mapping):
        return written
    return mapping(yaml_of(at(specification, "workflow", "file"), files))


def once(name: str, taken: Collection[str]) -> str:
    """Return a name, numbered where another step has it."""
    number, told = 1, name
    while told in taken:
        number += 1
        told = f"{name} ({number})"
    return told


def limited(before: Edges) -> bool:
    """Whether a graph is of a size that can be shown."""
    return len(before) <= MAX_STEPS and sum(map(len, before.values())) <= MAX_EDGES
