"""What a stack leaves written in its state folder: its base port, its lock, its status."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import Any, TypedDict

from demo.stack import write_private


class ComponentStatus(TypedDict):
    """One component as `status --json` shows it (there with `memory_mb`)."""

    name: str
    title: str
    url: str | None
    pid: int | None
    state: str
    note: str


class Status(TypedDict):
    """The whole document; `supervisor` and `settled` are for the commands of the demo."""

    portal: str
    supervisor: int
    settled: bool
    problems: list[str]
    components: list[ComponentStatus]
    people: list[dict[str, Any]]
    storages: list[dict[str, str]]


def take_lock(state: Path) -> int | None:
    """Return the descriptor of the stack's lock, held as long as it is open; None when taken."""
    state.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(state / "supervisor.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def is_running(state: Path) -> bool:
    """Tell whether a supervisor (or the one that clears up after it) lives."""
    if not (state / "supervisor.lock").exists():
        return False
    descriptor = take_lock(state)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def saved_port(state: Path) -> int | None:
    """Return the base port of the stack's last start."""
    path = state / "stack.json"
    if not path.exists():
        return None
    port: int = json.loads(path.read_text())["port"]
    return port


def save_port(state: Path, port: int) -> None:
    """Keep the base port, so that later commands find the stack."""
    write_private(state / "stack.json", json.dumps({"port": port}))


def save_status(state: Path, status: Status) -> None:
    """Write the status document, which holds passwords: mode 0600."""
    write_private(state / "status.json", json.dumps(status, indent=1))


def load_status(state: Path) -> Status | None:
    """Return the last status document."""
    path = state / "status.json"
    if not path.exists():
        return None
    document: Status = json.loads(path.read_text())
    return document


def held(state: Path) -> frozenset[str]:
    """Return the components that were stopped by name."""
    path = state / "held.json"
    return frozenset(json.loads(path.read_text())) if path.exists() else frozenset()


def hold(state: Path, names: frozenset[str]) -> None:
    """Say which components are to stand still; the supervisor reads it twice a second."""
    write_private(state / "held.json", json.dumps(sorted(names)))
