"""The portal's side of a preview: starts a caged worker, hands it ranges, checks what it says."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from data_mgmt.previews import believed, wire
from data_mgmt.previews.cage import Limits
from data_mgmt.previews.detect import HEAD, detect
from data_mgmt.previews.options import Options
from data_mgmt.previews.process import Caged, Failure, OutOfTime
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.values import Preview, Said

__all__ = ["Bounds", "Failure", "Made", "make"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one preview may cost."""

    wall_seconds: float = 30.0
    read_bytes: int = 64 << 20
    ranges: int = 1500
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it: a preview, an option that the file has nothing for, or a failure."""

    format: str
    preview: Preview | None = None
    failure: Failure | None = None
    refused: str = ""
    reason: Said = field(default_factory=Said)
    read_bytes: int = 0
    ranges: int = 0


def make(
    file: Reader, name: str, options: Options, *, python: Path, bounds: Bounds | None = None
) -> Made:
    """Return what a file shows; what its reader raises passes through."""
    if not file.size:
        return Made("", failure=Failure.EMPTY)
    kind = detect(file.read_at(0, HEAD), name)
    if not kind:
        return Made("", failure=Failure.UNKNOWN)
    return _Worker(python, bounds or Bounds()).run(file, kind, options)


class _Worker(Caged):
    """A caged worker that asks for ranges of one file."""

    def __init__(self, python: Path, bounds: Bounds) -> None:
        super().__init__(
            python, module="data_mgmt.previews.worker", wall_seconds=bounds.wall_seconds
        )
        self._bounds = bounds
        self._bytes = self._ranges = 0

    def run(self, file: Reader, kind: str, options: Options) -> Made:
        """Serve the worker until it has answered, has died or is out of time."""
        try:
            self._wait_no_longer()
            limits = asdict(self._bounds.limits)
            job = {"format": kind, "size": file.size, "options": asdict(options), "limits": limits}
            wire.send_document(self._connection, job)
            answer = self._serve(file)
        except OutOfTime:
            answer = {"failed": Failure.TIME}
        except OSError as exc:
            log.info("previews: a worker for %s went away: %s", kind, exc)
            answer = {"failed": self._cause_of_death()}
        finally:
            self._end()
        made = _understood(kind, answer)
        return replace(made, read_bytes=self._bytes, ranges=self._ranges)

    def _serve(self, file: Reader) -> dict[str, Any]:
        while True:
            what, offset, length = wire.HEAD.unpack(self._receive(wire.HEAD.size))
            if what == wire.ANSWER:
                return self._answer(length)
            if what != wire.RANGE:
                raise wire.Closed("the worker speaks another language")
            self._hand_over(file, offset, length)

    def _hand_over(self, file: Reader, offset: int, length: int) -> None:
        length = max(0, min(length, file.size - offset))
        self._ranges += 1
        within = self._bytes + length <= self._bounds.read_bytes
        allowed = within and self._ranges <= self._bounds.ranges
        if self._ranges > 2 * self._bounds.ranges:
            raise wire.Closed("the worker does not stop asking")
        found = file.read_at(offset, length) if allowed and length else b""
        self._bytes += len(found)
        self._wait_no_longer()
        try:
            self._connection.sendall(wire.LENGTH.pack(len(found) if allowed else wire.REFUSED))
            if found:  # whoever was refused answers and is gone, perhaps already
                self._connection.sendall(found)
        except TimeoutError as exc:
            raise OutOfTime from exc


def _understood(kind: str, answer: Mapping[str, Any]) -> Made:
    """Return what a worker said, of which nothing is believed before it is checked."""
    try:
        if "preview" in answer:
            return Made(kind, preview=believed.preview(answer["preview"]))
        reason = believed.sentence(answer.get("reason") or {})
        if "refused" in answer:
            return Made(kind, refused=str(answer["refused"])[:20], reason=reason)
        log.info("previews: %s: %s", kind, believed.cleaned(answer))
        return Made(kind, failure=Failure(str(answer.get("failed"))), reason=reason)
    except ValueError as exc:
        log.warning("previews: a worker for %s said what makes no sense: %s", kind, exc)
        return Made(kind, failure=Failure.BROKEN)
