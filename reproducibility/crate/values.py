"""What goes into a crate, before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reproducibility.capture.values import Author, Data, Parameter


@dataclass(frozen=True, slots=True)
class CodeFile:
    """A file of the analysis itself; size in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Output:
    """A recorded output; one that is not `held` is known by its checksum alone."""

    path: str
    size: int
    sha256: str
    tolerance: Mapping[str, Any]
    held: bool = True


@dataclass(frozen=True, slots=True)
class Extra:
    """A file that is written for the crate, such as a citation or the statement of a verdict."""

    path: str
    content: bytes = field(repr=False)
    name: str
    encoding: str
    about: str = ""


@dataclass(frozen=True, slots=True)
class Reproduction:
    """A reproduction that ended with a signed verdict.

    Times are ISO 8601 in UTC; `outputs` are checksums by path; `agent` is the ORCID of the author
    who ran it, empty where it was somebody else.
    """

    key: str
    level: str
    environment: str
    inputs: str
    started: str
    ended: str
    outputs: Mapping[str, str]
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Contents:
    """All that the metadata of a crate tell of one version of an analysis."""

    title: str
    summary: str
    licence: str
    authors: tuple[Author, ...]
    number: int
    made_at: datetime
    url: str
    site_url: str
    site_name: str
    specification: bytes = field(repr=False)
    parameters: tuple[Parameter, ...]
    files: tuple[CodeFile, ...]
    inputs: tuple[Data, ...]
    outputs: tuple[Output, ...]
    images: tuple[str, ...]
    surroundings: Mapping[str, Any]
    code: Mapping[str, Any]
    reproductions: tuple[Reproduction, ...]
    extras: tuple[Extra, ...]
