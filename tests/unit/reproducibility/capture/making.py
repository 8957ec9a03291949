"""Files of a source as a capture finds them, made for tests."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

from hypothesis import settings

from reproducibility.capture.values import Data, Found, FoundFile, Proposal, Role, Surroundings

#: For properties: a shared machine is slow at times, which is no fault.
unhurried = settings(deadline=None)

IMAGE = "vre-portal/physics:2026.11"


def file(path: str, content: str | bytes = "", *, at: float | None = None) -> FoundFile:
    """A file that is small enough to be kept."""
    raw = content.encode() if isinstance(content, str) else content
    return FoundFile(path, len(raw), sha256(raw).hexdigest(), content=raw, modified_at=at)


def large(path: str, size: int = 5 * 1024**3) -> FoundFile:
    """A file that is listed but not kept."""
    return FoundFile(path, size, content=None)


def notebook(path: str, *cells: str, parameters: str = "", **metadata: Any) -> FoundFile:
    """A notebook: texts that begin with a hash and a space are headings, the others code."""
    told = [_cell(cell) for cell in cells]
    if parameters:
        told.insert(0, _cell(parameters) | {"metadata": {"tags": ["parameters"]}})
    return file(path, json.dumps({"nbformat": 4, "metadata": metadata, "cells": told}))


def _cell(text: str) -> dict[str, Any]:
    kind = "markdown" if text.startswith("# ") else "code"
    return {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}


def found(*files: FoundFile, data: tuple[Data, ...] = (), entry: str = "") -> Found:
    """A source with an environment that is known."""
    return Found(files, data=data, surroundings=Surroundings(image=IMAGE), entry=entry)


def paths(proposal: Proposal, role: Role) -> list[str]:
    """The files that have a role in a proposal."""
    return sorted(path for path, given in proposal.roles.items() if given is role)


def note(proposal: Proposal, part: str) -> str:
    """The one note that says something."""
    (told,) = (each for each in proposal.notes if part in each)
    return told
