"""What the seed puts into Rucio, read from sources.json and collections.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Sample:
    """A real data file: the package that ships it, its licence, its checksum."""

    name: str
    package: str
    version: str
    member: str
    bytes: int
    sha256: str
    licence: str
    note: str
    metadata: Mapping[str, object]

    def described(self) -> Mapping[str, object]:
        """Return the metadata of the file's DID, with licence and source."""
        source = f"{self.package} {self.version}: {self.member.split('/', 1)[1]}"
        return {**self.metadata, "licence": self.licence, "source": source, "note": self.note}


@dataclass(frozen=True)
class Dataset:
    """A dataset, the storage to which it is uploaded, and where it is copied from there."""

    scope: str
    name: str
    storage: str
    files: tuple[str, ...]
    metadata: Mapping[str, object]
    copies: tuple[str, ...] = ()
    partial_copies: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Container:
    """A container and its datasets, all of one scope."""

    scope: str
    name: str
    datasets: tuple[str, ...]
    metadata: Mapping[str, object]


def samples() -> tuple[Sample, ...]:
    """Return the real data files."""
    return tuple(Sample(**row) for row in json.loads((HERE / "sources.json").read_text()))


def datasets() -> tuple[Dataset, ...]:
    """Return the datasets of both scopes."""
    return tuple(
        Dataset(**{**row, "files": tuple(row["files"]), "copies": tuple(row["copies"])})
        for row in _collections()["datasets"]
    )


def containers() -> tuple[Container, ...]:
    """Return the containers."""
    return tuple(
        Container(**{**row, "datasets": tuple(row["datasets"])})
        for row in _collections()["containers"]
    )


def _collections() -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = json.loads((HERE / "collections.json").read_text())
    return rows
