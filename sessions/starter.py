"""The starter notebook: finds the replicas of data, reads the first file, and draws it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any

from sessions.starter_cells import DRAW, FIND, INTRODUCTION, NEXT, READ

NOTEBOOK_FORMAT, NOTEBOOK_MINOR = 4, 5
LONGEST_NAME = 80


def file_name(did: str, number: int = 1) -> str:
    """Return the notebook's file name for a DID; numbers from 2 on make further copies."""
    stem = PurePosixPath(did.partition(":")[2]).name or did
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:LONGEST_NAME] or "dataset"
    return f"{stem}{'' if number == 1 else f'-{number}'}.ipynb"


@dataclass(frozen=True, slots=True)
class Noted:
    """What a notebook keeps of where it was made; `storage` is what sessions read."""

    session: str = ""
    environment: str = ""
    digest: str = ""
    origin: Mapping[str, str] = field(default_factory=dict)
    storage: str = ""

    def as_metadata(self, dids: Sequence[str]) -> dict[str, Any]:
        """Return the notebook's own note, without what is not known."""
        known = {name: value for name, value in asdict(self).items() if value}
        return {"datasets": [*dids], **known}


def notebook(dids: Sequence[str], noted: Noted | None = None) -> dict[str, Any]:
    """Return the notebook (nbformat 4.5) that reads datasets or files."""
    noted = noted or Noted()
    find = FIND.replace("@STORAGE@", repr(noted.storage)).replace("@DIDS@", _listed(dids))
    sources = [
        ("markdown", INTRODUCTION.replace("@DIDS@", ", ".join(dids))),
        ("code", find),
        ("code", READ),
        ("code", DRAW),
        ("markdown", NEXT),
    ]
    return {
        "nbformat": NOTEBOOK_FORMAT,
        "nbformat_minor": NOTEBOOK_MINOR,
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
            "vre": noted.as_metadata(dids),
        },
        "cells": [_cell(number, kind, text) for number, (kind, text) in enumerate(sources)],
    }


def _listed(dids: Sequence[str]) -> str:
    """Return a list as code; repr, for a DID is text from outside and has to stay text in it."""
    return "[\n" + "".join(f"    {did!r},\n" for did in dids) + "]"


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {
        "cell_type": kind,
        "id": f"starter-{number}",
        "metadata": {},
        "source": text.strip("\n"),
    }
    return cell | ({"execution_count": None, "outputs": []} if kind == "code" else {})
