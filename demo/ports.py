"""Which ports a stack takes, and who sits on one that is busy."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from pathlib import Path

from demo.stack import DEFAULT_PORT, PORT_OFFSETS

STRIDE = 20


def busy(base: int) -> dict[str, int]:
    """Return listener -> port of what is taken in the range of a base port."""
    wanted = {name: base + offset for name, offset in PORT_OFFSETS.items()}
    return {name: port for name, port in wanted.items() if not _is_free(port)}


def free_base(start: int = DEFAULT_PORT) -> int:
    """Return the first base port from `start` on whose whole range is free."""
    for base in range(start, 60_000, STRIDE):
        if not busy(base):
            return base
    raise RuntimeError("No free range of ports on this machine.")


def explain(taken: dict[str, int]) -> str:
    """Return a sentence on what is taken, and by whom."""
    parts = [f"{port} ({name}{_by_whom(port)})" for name, port in taken.items()]
    return f"Busy port: {', '.join(parts)}."


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _by_whom(port: int) -> str:
    inodes = set(_listening(port))
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            links = {str(Path(each.path).readlink()) for each in os.scandir(f"{entry.path}/fd")}
            if links & inodes:
                return f", taken by {Path(entry.path, 'comm').read_text().strip()} {entry.name}"
        except OSError:
            continue
    return ""


def _listening(port: int) -> Iterable[str]:
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        if not Path(table).exists():
            continue
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                yield f"socket:[{fields[9]}]"
