"""Acceptance tests for a proposal, in the sentences that REANA's own client knows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from reproducibility.capture.values import FoundFile

PATH = "tests/outputs.feature"
#: Formats that have the same bytes for the same content; others hold times, or are compressed.
_STABLE = frozenset({".csv", ".tsv", ".txt", ".json", ".dat", ".npy", ".npz", ".png", ".pgm"})


def write(title: str, outputs: Iterable[str], recorded: Mapping[str, FoundFile]) -> str:
    """Return a feature file: the run finishes, each output is there, and is as it was recorded.

    Where the bytes of a format change from run to run, the size has to be near: within half and
    twice of what was recorded.
    """
    paths = [path for path in outputs if _sayable(path)]
    lines = [
        f"Feature: Outputs of {' '.join(title.split())}",
        "",
        "  Scenario: The run finishes and gives its outputs",
        "    When the workflow execution completes",
        '    Then the workflow status should be "finished"',
        *(f'    And the workspace should contain "{path}"' for path in paths),
    ]
    claims = [claim for path in paths if (claim := _claim(path, recorded.get(path)))]
    if claims:
        lines += ["", "  Scenario: The outputs are as they were recorded"]
        lines += ["    When the workflow is finished", f"    Then {claims[0]}"]
        lines += [f"    And {claim}" for claim in claims[1:]]
    return "\n".join([*lines, ""])


def _claim(path: str, file: FoundFile | None) -> str:
    if file is None:
        return ""
    if PurePosixPath(path).suffix.lower() in _STABLE and file.sha256:
        return f'the sha256 checksum of the file "{path}" should be "{file.sha256}"'
    if file.size == 0:
        return ""
    return (
        f'the size of the file "{path}" should be between '
        f"{file.size // 2} bytes and {file.size * 2} bytes"
    )


def _sayable(path: str) -> bool:
    """Whether a path can stand between quotes in a sentence."""
    return path.isprintable() and '"' not in path and path == path.strip()
