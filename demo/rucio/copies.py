"""Copies of files between folders: paced, checked against the catalogue, and whole or not there."""

from __future__ import annotations

import contextlib
import threading
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from demo.rucio.pace import Lane

CHUNK = 256 * 1024


class CopyRefused(Exception):
    """The copy can't be made; its text is the reason that the rule will show."""


@dataclass
class Copy:
    """One file on its way from one storage to another."""

    name: str
    source: Path
    destination: Path
    source_rse: str
    destination_rse: str
    size: int
    adler32: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    started_at: datetime | None = None
    ended_at: datetime | None = None
    problem: str | None = None

    def run(self, lane: Lane, seconds_per_file: float) -> None:
        """Make the copy and note when it ended, and why it failed if it did."""
        self.started_at = now()
        try:
            with self.source.open("rb") as reader:
                self.cancelled.wait(seconds_per_file)
                self._copy(reader, lane)
        except OSError as exc:
            place = self.source_rse if exc.filename == str(self.source) else self.destination_rse
            self.problem = f"[Errno {exc.errno}] {exc.strerror}: {self.name} at {place}"
        except CopyRefused as exc:
            self.problem = f"{exc}: {self.name} from {self.source_rse} to {self.destination_rse}"
        finally:
            self.ended_at = now()

    def _copy(self, reader: BinaryIO, lane: Lane) -> None:
        self.destination.parent.mkdir(parents=True, exist_ok=True)
        part = self.destination.with_name(f"{self.destination.name}.{id(self)}.part")
        try:
            self._write(reader, part, lane)
            self._check(part)
            part.replace(self.destination)
        finally:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()

    def _write(self, reader: BinaryIO, part: Path, lane: Lane) -> None:
        with part.open("wb") as writer:
            while chunk := reader.read(CHUNK):
                lane.carry(len(chunk))
                if self.cancelled.is_set():
                    raise CopyRefused("Cancelled")
                writer.write(chunk)

    def _check(self, part: Path) -> None:
        size, checksum = measure(part)
        if size != self.size:
            raise CopyRefused(f"{size} bytes arrived, the catalogue says {self.size}")
        if checksum != self.adler32:
            raise CopyRefused(f"adler32 is {checksum}, the catalogue says {self.adler32}")


def measure(path: Path) -> tuple[int, str]:
    """Return size and adler32 (eight hexadecimal digits) of a file."""
    size, checksum = 0, 1
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            checksum = zlib.adler32(chunk, checksum)
    return size, f"{checksum:08x}"


def now() -> datetime:
    """Return the time as Rucio's database keeps it: UTC without a zone."""
    return datetime.now(UTC).replace(tzinfo=None)
