"""What a job is told, and what it tells: two small files in its folder."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

#: Of no other process of the machine; only root can become it.
BUILD_UID = 64998
MAKE, FETCH = "make", "fetch"


@dataclass(frozen=True, slots=True)
class Limits:
    """What one piece of work may use."""

    seconds: float = 900.0
    disk_bytes: int = 2 << 30
    memory_bytes: int = 2 << 30
    processes: int = 64
    log_bytes: int = 200_000


@dataclass(frozen=True, slots=True)
class Order:
    """One piece of work: how it is locked up, and what runs inside."""

    kind: str
    work: str
    finished: str
    python: str
    bwrap: str = ""
    base: str = ""
    visible: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    index_url: str = ""
    url: str = ""
    ref: str = ""
    private_addresses: bool = False
    fingerprint: str = ""
    limits: Limits = field(default_factory=Limits)

    @classmethod
    def read(cls, path: Path) -> Order:
        """Return what a file says."""
        entries = json.loads(path.read_text())
        made = cls(**entries)
        return replace(
            made,
            limits=Limits(**entries["limits"]),
            visible=tuple(made.visible),
            requirements=tuple(made.requirements),
            constraints=tuple(made.constraints),
        )

    def write(self, path: Path) -> None:
        """Write it to a file."""
        write_json(path, asdict(self))


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file that is there whole or not at all, for its owner: an order has a secret."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.touch(mode=0o600)
    part.write_text(json.dumps(content))
    part.replace(path)


def start_ticks(pid: int) -> int:
    """Return when a living process was started, 0 when it is gone: pids are used again."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return 0 if fields[0] in "ZX" else int(fields[19])
