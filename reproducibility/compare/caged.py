"""The portal's side of a comparison: a caged worker on two open files, and what it says."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_mgmt.previews import wire
from data_mgmt.previews.believed import cleaned
from data_mgmt.previews.cage import Limits
from data_mgmt.previews.process import Caged, Failure, OutOfTime
from reproducibility.compare import believed
from reproducibility.compare.believed import Told
from reproducibility.compare.formats import title
from reproducibility.compare.tolerance import Tolerance

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cost:
    """What one comparison may cost: seconds of CPU by the bytes of both files, and memory.

    On the clock it may take twice as long, for a machine that is busy. Memory is address space, of
    which the libraries take about the half.
    """

    least_seconds: int = 60
    bytes_per_second: int = 5 << 20
    most_seconds: int = 900
    memory_bytes: int = 1 << 30

    def seconds(self, size: int) -> int:
        """Return how long files of so many bytes may take."""
        return min(self.most_seconds, self.least_seconds + size // self.bytes_per_second)


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open for reading."""

    descriptor: int
    size: int


class Incomparable(Exception):
    """There is no comparison of these files; the text says why, as a sentence."""


class Comparing(Caged):
    """A caged worker that compares two files."""

    def __init__(self, python: Path, recorded: Opened, found: Opened, cost: Cost) -> None:
        self._sizes = recorded.size, found.size
        seconds = cost.seconds(sum(self._sizes))
        self._limits = Limits(memory_bytes=cost.memory_bytes, cpu_seconds=seconds)
        super().__init__(
            python,
            module="reproducibility.compare.worker",
            wall_seconds=2 * seconds,
            files=(recorded.descriptor, found.descriptor),
        )

    def run(self, kind: str, tolerance: Tolerance) -> Told:
        """Wait until the worker has answered, has died or is out of time.

        Raises
        ------
        Incomparable
            It found no answer.
        """
        try:
            answer = self._asked(kind, tolerance)
        except OutOfTime:
            answer = {"failed": Failure.TIME}
        except OSError as exc:
            log.info("compare: a worker for %s went away: %s", kind, exc)
            answer = {"failed": self._cause_of_death()}
        finally:
            self._end()
        return _understood(kind, answer)

    def _asked(self, kind: str, tolerance: Tolerance) -> Mapping[str, Any]:
        self._wait_no_longer()
        job = {
            "format": kind,
            "sizes": self._sizes,
            "tolerance": tolerance.as_json(),
            "limits": asdict(self._limits),
        }
        wire.send_document(self._connection, job)
        what, _, length = wire.HEAD.unpack(self._receive(wire.HEAD.size))
        if what != wire.ANSWER:
            raise wire.Closed("the worker speaks another language")
        return self._answer(length)


def _understood(kind: str, answer: Mapping[str, Any]) -> Told:
    if "level" in answer:
        try:
            return believed.told(dict(answer))
        except ValueError as exc:
            log.warning("compare: a worker for %s said what makes no sense: %s", kind, exc)
            raise Incomparable(_sentence(kind, {"failed": Failure.BROKEN})) from exc
    log.info("compare: %s: %s", kind, cleaned(answer))
    raise Incomparable(_sentence(kind, answer))


def _sentence(kind: str, answer: Mapping[str, Any]) -> str:
    """Return in words why there is no comparison."""
    words = {
        Failure.TIME: "Comparing the contents took too long",
        Failure.MEMORY: "Comparing the contents takes more memory than it may",
        Failure.TOO_MUCH: "A file holds more in one piece than can be compared",
        Failure.CAGE: "This machine can't read files safely, so that contents are not compared",
    }
    failed = answer.get("failed")
    if isinstance(failed, str) and failed in words:
        return f"{words[Failure(failed)]}; the bytes differ."
    if "side" not in answer:  # it did not come to an answer
        return "Comparing the contents broke off; the bytes differ."
    side = answer["side"]
    which = f"The {side} file" if side in {"recorded", "found"} else "One of the files"
    reason = believed.reason(answer.get("reason")) or "it is damaged"
    return f"{which} can't be read as {title(kind)}: {reason}."
