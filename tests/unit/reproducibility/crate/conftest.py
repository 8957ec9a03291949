"""Crates of analyses as tests read them."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from zlib import adler32

import pytest

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, AnalysisVersion, Capture, Kind, SignedVerdict
from reproducibility.services import crates
from reproducibility.services.captures import editing, saving, starting
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import (
    FILES,
    RESULT,
    handed_in,
    prove,
    read,
    zipped,
)
from tests.unit.reproducibility.conftest import finish

PARAMETERS = b"  parameters:\n    bins: 60\n    low: 60.5\n    label: mass\n    quick: false\n"
FEATURE = """\
Feature: Outputs
  Scenario: They are there
    When the workflow is finished
    Then the workspace should contain "results/fit.json"
"""
#: A file that no rule would take, with a name that an address has to quote.
ODD = "notes/What we did #1 - \N{GREEK SMALL LETTER MU} pairs.txt"
SPECIFICATION = (
    FILES["reana.yaml"].replace(b"workflow:\n", PARAMETERS + b"workflow:\n", 1)
    + b"tests:\n  files:\n    - tests/outputs.feature\n"
)
ANALYSIS = {
    **FILES,
    "reana.yaml": SPECIFICATION,
    "tests/outputs.feature": FEATURE.encode(),
    "results/fit.json": RESULT,
    ODD: b"Chose the window by eye.\n",
}
#: As a capture from a session records them: of one file it found the place, of neither the SHA-256.
MUONS = [
    {"did": "cms:muons_1.root", "bytes": 4, "adler32": f"{adler32(b'muon'):08x}", "sha256": "",
     "path": "muons/muons_1.root"},
    {"did": "cms:muons_2.root", "bytes": 8, "adler32": f"{adler32(b'muon' * 2):08x}", "sha256": ""},
]  # fmt: skip
TOLERANCE = {"rtol": 0.001, "atol": 0.0, "statistical": False, "ignore": ["made_at"]}


@dataclass(frozen=True, slots=True)
class ReadCrate:
    """A crate that was unpacked."""

    files: Mapping[str, bytes]

    @property
    def graph(self) -> dict[str, dict[str, Any]]:
        """Return the entities by their ids."""
        told = json.loads(self.files["ro-crate-metadata.json"])
        return {each["@id"]: each for each in told["@graph"]}

    @property
    def root(self) -> dict[str, Any]:
        """Return what the crate says of itself."""
        return self.graph["./"]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        """Return the entities of a type."""
        return [each for each in self.graph.values() if kind in each["@type"]]


def sent(user: User, analysis: Analysis, number: str = "") -> bytes:
    """Return the ZIP of a crate."""
    package = crates.package(user, analysis.slug, number)
    content = b"".join(crates.pieces(package))
    assert len(content) == package.length
    return content


def unpacked(content: bytes) -> ReadCrate:
    """Return what is in a ZIP."""
    with zipfile.ZipFile(BytesIO(content)) as opened:
        return ReadCrate({name: opened.read(name) for name in opened.namelist()})


def taken_in(user: User, content: bytes) -> Capture:
    """Return the capture of a crate that was handed in and read."""
    return read(starting.start(user, "crate", handed_in(content, "analysis.crate.zip")))


def changed(content: bytes, changes: Mapping[str, bytes | None]) -> bytes:
    """Return a ZIP with other contents of some files, or without them."""
    files = {**unpacked(content).files, **changes}
    return zipped({path: each for path, each in files.items() if each is not None})


@pytest.fixture
def owned(alice: User, workflow_backend: FakeWorkflows) -> Analysis:
    """A proven analysis of Alice's: own files, data of the lake, parameters, a tolerance, tests."""
    workflow_backend.gives({"results/fit.json": RESULT})
    capture = read(starting.start(alice, "zip", handed_in(zipped(ANALYSIS))))
    Capture.objects.filter(pk=capture.pk).update(
        inputs=[{"did": "cms:dimuon", "folder": "muons", "files": MUONS}],
        summary="Fits the Z peak.\n\nOf dimuon pairs.",
    )
    edits = editing.Edits(tolerances={"results/fit.json": TOLERANCE}, roles={ODD: "input"})
    editing.change(alice, capture.pk, edits)
    version = prove(saving.save(alice, capture.pk).version, workflow_backend)
    return version.analysis


def reproduced(user: User, analysis: Analysis, version: AnalysisVersion | None = None) -> str:
    """Let somebody reproduce an analysis to the end, and return the level of the verdict."""
    run = finish(services.start_run(user, analysis, version=version))
    assert run.verdict is not None, run.message
    return str(run.verdict["level"])


def verdict_of(analysis: Analysis) -> SignedVerdict:
    """Return the signed verdict on the one reproduction."""
    return SignedVerdict.objects.get(version__analysis=analysis, kind=Kind.REPRODUCTION)
