"""A control group for a run, where the kernel lets one be made: memory and processes together.

Both of Linux's interfaces are spoken: one hierarchy for all controllers (version 2), or one a
controller (version 1). A group that cannot be made is None, and the run is watched instead.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

CONTROLLERS = ("memory", "pids")
ROOT = Path("/sys/fs/cgroup")
OWN = Path("/proc/self/cgroup")
#: Enters each group whose list of processes comes before `--`, then becomes the command after it.
ENTER = 'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class Cgroup:
    """The group of one run: a folder, or one for each controller."""

    folders: tuple[Path, ...]

    def enter(self, command: Sequence[str]) -> list[str]:
        """Return a command line that joins the group and then becomes `command`."""
        lists = [str(folder / "cgroup.procs") for folder in self.folders]
        return ["/bin/sh", "-c", ENTER, "enter", *lists, "--", *command]

    def ran_out_of_memory(self) -> bool:
        """Whether the kernel had to end a process for want of memory."""
        return any(
            _counted(folder / name, "oom_kill") > 0
            for folder in self.folders
            for name in ("memory.events", "memory.oom_control")
        )

    def hit_process_limit(self) -> bool:
        """Whether a process could not be made, for there were too many."""
        return any(_counted(folder / "pids.events", "max") > 0 for folder in self.folders)

    def kill(self) -> None:
        """Kill every process of the group, however it was started."""
        for folder in self.folders:
            for line in _lines(folder / "cgroup.procs"):
                with suppress(OSError, ValueError):
                    os.kill(int(line), signal.SIGKILL)

    def remove(self) -> None:
        """Remove the group, as far as it is empty."""
        for folder in self.folders:
            with suppress(OSError):
                folder.rmdir()


def make(name: str, *, memory_bytes: int, processes: int) -> Cgroup | None:
    """Return a new group of this name, None where the kernel does not let us make one."""
    for parents in (_unified(), _separate()):
        if not parents:
            continue
        group = Cgroup(tuple(parent / name for parent in parents))
        try:
            group.remove()
            _fill(group, memory_bytes=memory_bytes, processes=processes)
        except OSError:
            group.remove()
            continue
        return group
    return None


def possible() -> bool:
    """Whether groups can be made here."""
    group = make(f"vre-probe-{os.getpid()}", memory_bytes=1 << 30, processes=16)
    if group is None:
        return False
    group.remove()
    return True


def _fill(group: Cgroup, *, memory_bytes: int, processes: int) -> None:
    """Make the folders and write the limits; what is not there stays unlimited: an error."""
    limits = {"memory.max": memory_bytes, "memory.limit_in_bytes": memory_bytes}
    limits["pids.max"] = processes
    written = set()
    for folder in group.folders:
        folder.mkdir(exist_ok=True)
        for name, value in limits.items():
            if (folder / name).exists():
                (folder / name).write_text(str(value))
                written.add(name.split(".")[0])
    if written != set(CONTROLLERS):
        raise OSError("A controller is missing.")


def _unified() -> list[Path]:
    """Return the nearest group around us whose children have both controllers (version 2)."""
    own = _own_groups().get("")
    if own is None:
        return []
    folder = ROOT / own.lstrip("/")
    for parent in (folder, *folder.parents):
        if not parent.is_relative_to(ROOT):
            break
        given = " ".join(_lines(parent / "cgroup.subtree_control")).split()
        if set(CONTROLLERS) <= set(given):
            return [parent]
    return []


def _separate() -> list[Path]:
    """Return our group in each controller's own hierarchy (version 1)."""
    own = _own_groups()
    folders = [ROOT / name / own[name].lstrip("/") for name in CONTROLLERS if name in own]
    found = [folder for folder in folders if (folder / "cgroup.procs").exists()]
    return found if len(found) == len(CONTROLLERS) else []


def _own_groups() -> dict[str, str]:
    """Return our group in each hierarchy; the one of version 2 has no name."""
    lines = (line.split(":", 2) for line in _lines(OWN))
    return {name: path for _, names, path in lines for name in names.split(",")}


def _counted(file: Path, name: str) -> int:
    for line in _lines(file):
        key, _, value = line.partition(" ")
        if key == name:
            return int(value)
    return 0


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []
