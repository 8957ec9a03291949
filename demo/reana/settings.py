"""The service's settings, from the file that the component description writes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.reana.limits import RunLimits
from demo.sandbox import Limits

VARIABLE = "REANA_RUNNER_SETTINGS"
FOLDERS = ("state", "environment", "environments")
LISTS = ("issuers", "network_for")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the runner listens, keeps its things, and what it allows."""

    port: int
    database_url: str
    state: Path
    issuers: tuple[str, ...]
    audience: str
    environment: Path
    environments: Path
    #: Stands in for images that no environment is meant for; empty: those are refused.
    default_environment: str = ""
    #: Usernames of those whose runs may ask for the network; it is this machine's own.
    network_for: tuple[str, ...] = ()
    slots: int = 2
    #: Steps of one run that a workflow engine runs side by side.
    steps_at_once: int = 2
    job_seconds: float = 3600.0
    attempts: int = 3
    log_bytes: int = 5_000_000
    upload_bytes: int = 4 << 30
    run_limits: RunLimits = RunLimits()  # noqa: RUF009  frozen
    person_cpu_seconds: float = 0
    person_disk_bytes: int = 0
    calls_per_second: int = 1000
    retention_seconds: float = 60.0
    first_uid: int = 40_000
    uids: int = 20_000

    @property
    def limits(self) -> Limits:
        """Return the limits of each process of a run."""
        return self.run_limits.of_a_process

    @property
    def workspaces(self) -> Path:
        """Return the folder of the workspaces."""
        return self.state / "workspaces"

    @property
    def uploads(self) -> Path:
        """Return the folder of uploads that are under way."""
        return self.state / "uploads"

    @property
    def runs(self) -> Path:
        """Return the folder of the engine's records: logs, exit codes."""
        return self.state / "runs"


def read_settings() -> Settings:
    """Return the settings of the file that the environment names."""
    values: dict[str, Any] = json.loads(Path(os.environ[VARIABLE]).read_text())
    folders: dict[str, Any] = {name: Path(values[name]) for name in FOLDERS}
    lists = {name: tuple(values[name]) for name in LISTS if name in values}
    limits = RunLimits(**values.get("run_limits", {}))
    return Settings(**{**values, **folders, **lists, "run_limits": limits})
