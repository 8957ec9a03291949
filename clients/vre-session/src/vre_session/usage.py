"""What a session uses of what it may use."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from vre_session.folders import Sizes
from vre_session.processes import Meter, memory_of, of_session


@dataclass(frozen=True)
class Project:
    """A project's volume as the session sees it."""

    name: str
    path: Path
    quota_bytes: int | None


@dataclass(frozen=True)
class Kernels:
    """The session's kernels: how many, and how many are at work."""

    count: int
    busy: int


@dataclass
class Usage:
    """Measures a session; limits are told to it by the environment, and are shown only."""

    variables: Mapping[str, str]
    sizes: Sizes = field(default_factory=Sizes)
    meter: Meter = field(default_factory=Meter)

    def look(
        self, kernels: Kernels, *, keep_alive: bool, last_activity: datetime, now: datetime
    ) -> dict[str, Any]:
        """Return what `GET vre/usage` answers."""
        processes = of_session(self.variables["VRE_SESSION_DIR"], server=os.getpid())
        return {
            "memory_bytes": memory_of(processes),
            # In the demo each process has this limit (RLIMIT_DATA), not all of them together.
            "memory_limit_bytes": _whole(self._limit("VRE_MEMORY_LIMIT_BYTES", "MEM_LIMIT")),
            "cpu_percent": self.meter.read(processes),
            "cpu_limit": _number(self._limit("VRE_CPU_LIMIT", "CPU_LIMIT")),
            "home_bytes": self.sizes.of(Path(self.variables["HOME"])),
            "home_quota_bytes": _whole(self.variables.get("VRE_HOME_QUOTA_BYTES")),
            "projects": [
                {
                    "name": each.name,
                    "bytes": self.sizes.of(each.path),
                    "quota_bytes": each.quota_bytes,
                }
                for each in projects(self.variables.get("VRE_PROJECTS", ""))
            ],
            "kernels": kernels.count,
            "busy_kernels": kernels.busy,
            "keep_alive": keep_alive,
            "last_activity": last_activity.isoformat(),
            "at": now.isoformat(),
        }

    def _limit(self, name: str, of_the_hub: str) -> str | None:
        """Return a limit as it is told to this session, or as JupyterHub tells it to all."""
        return self.variables.get(name) or self.variables.get(of_the_hub)


def projects(told: str) -> list[Project]:
    """Return the projects of a JSON list; what is no project is left out."""
    try:
        listed = json.loads(told or "[]")
    except ValueError:
        return []
    return [
        Project(one["name"], Path(one["path"]), _whole(one.get("quota_bytes")))
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
        and isinstance(one.get("name"), str)
        and isinstance(one.get("path"), str)
    ]


def _number(told: object) -> float | None:
    try:
        return float(str(told))
    except ValueError:
        return None


def _whole(told: object) -> int | None:
    number = _number(told)
    return None if number is None else int(number)
