"""The service's settings, from the file that the component description writes."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.sandbox import Limits

VARIABLE = "REANA_RUNNER_SETTINGS"
FOLDERS = ("state", "environment", "environments")


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the runner listens, keeps its things, and what it allows."""

    port: int
    database_url: str
    state: Path
    issuers: tuple[str, ...]
    audience: str
    environment_name: str
    environment: Path
    environments: Path
    slots: int = 2
    job_seconds: float = 3600.0
    attempts: int = 3
    log_bytes: int = 5_000_000
    upload_bytes: int = 4 << 30
    limits: Limits = Limits(memory_bytes=4 << 30, processes=256, file_bytes=4 << 30)  # noqa: RUF009
    first_uid: int = 40_000
    uids: int = 20_000

    @property
    def workspaces(self) -> Path:
        """Return the folder of the workspaces."""
        return self.state / "workspaces"

    @property
    def runs(self) -> Path:
        """Return the folder of the engine's records: logs, exit codes."""
        return self.state / "runs"


def read_settings() -> Settings:
    """Return the settings of the file that the environment names."""
    values: dict[str, Any] = json.loads(Path(os.environ[VARIABLE]).read_text())
    folders: dict[str, Any] = {name: Path(values[name]) for name in FOLDERS}
    return Settings(**{**values, **folders, "issuers": tuple(values["issuers"])})
