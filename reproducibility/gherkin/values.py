"""What a test is asked about a run, and what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file of the workspace: bytes, and on demand a checksum or its text.

    `checksum` takes an algorithm's name in lower case and gives hexadecimal digits. None stands for
    a file that can't be read now.
    """

    size: int
    checksum: Callable[[str], str] | None = None
    text: Callable[[], str] | None = None


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What is known of a run; times in seconds, None or absent where nobody knows.

    `state` is REANA's word; `logs` are the jobs' by the name of their step, `engine_log` the
    service's own. `outputs` are the files and directories that reana.yaml declares.
    """

    state: str
    seconds: float | None = None
    step_seconds: Mapping[str, float] = field(default_factory=dict)
    logs: Mapping[str, str] = field(default_factory=dict)
    engine_log: str = ""
    files: Mapping[str, FileFacts] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """How one scenario went; None is one that could not be judged, and the reason says why."""

    feature: str
    scenario: str
    passed: bool | None
    reason: str = ""


class Failed(Exception):
    """What a step says is not so."""


class Unjudged(Exception):
    """A step can't be judged: its condition is not met, or a fact is not known."""
