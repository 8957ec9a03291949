"""What a person has taken of what they may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from demo.reana.errors import QuotaExceeded
from demo.reana.settings import Settings
from demo.reana.store.usage import Usages
from demo.reana.values import Person
from demo.reana.workspace.listing import list_files

#: REANA's marks, in parts of the limit.
WARNING, CRITICAL = 0.8, 1.0


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much of one resource is taken; a limit of 0 is none."""

    resource: str
    used: float
    limit: float

    @property
    def exceeded(self) -> bool:
        """Whether nothing is left."""
        return 0 < self.limit <= self.used

    def with_more(self, amount: float) -> Allowance:
        """Return how it stands once so much more is taken."""
        return replace(self, used=self.used + amount)

    @property
    def health(self) -> str:
        """How near the limit is: healthy, warning or critical."""
        part = self.used / self.limit if self.limit else 0.0
        if part >= CRITICAL:
            return "critical"
        return "warning" if part >= WARNING else "healthy"


class Quota:
    """People's usage against their limits."""

    def __init__(self, settings: Settings, usages: Usages) -> None:
        self._settings = settings
        self._usages = usages

    def allowances(self, person: Person) -> tuple[Allowance, Allowance]:
        """Return what a person has taken: seconds of runs (`cpu`) and bytes (`disk`)."""
        self._weigh(self._usages.stale_of(person.id))
        usage = self._usages.of(person.id)
        return (
            Allowance("cpu", usage.cpu_seconds, self._settings.person_cpu_seconds),
            Allowance("disk", usage.disk_bytes, self._settings.person_disk_bytes),
        )

    def refresh(self, workspaces: Sequence[UUID]) -> Mapping[UUID, int]:
        """Measure those of some workspaces whose stored size may be wrong; return their bytes."""
        return self._weigh(self._usages.stale_among(workspaces))

    def check(self, person: Person, *, more_bytes: int = 0) -> None:
        """Refuse what a person may not do any more.

        Raises
        ------
        QuotaExceeded
            A limit is reached, or would be exceeded by so many more bytes.
        """
        if not self._settings.person_cpu_seconds and not self._settings.person_disk_bytes:
            return
        cpu, disk = self.allowances(person)
        over = [one for one in (cpu, disk.with_more(more_bytes)) if one.exceeded]
        if over:
            raise QuotaExceeded(_sentence(over))

    def note_change(self, workspace: UUID) -> None:
        """Note that files of a workspace came or went."""
        self._usages.note_change(workspace)

    def note_end(self, workspace: UUID) -> None:
        """Note that a workspace is gone."""
        self._usages.record(workspace, 0, measured=self._usages.now())

    def _weigh(self, workspaces: Sequence[UUID]) -> Mapping[UUID, int]:
        sizes = {}
        for workspace in workspaces:
            began = self._usages.now()
            sizes[workspace] = folder_bytes(self._settings.workspaces / str(workspace))
            self._usages.record(workspace, sizes[workspace], measured=began)
        return sizes


def folder_bytes(root: Path) -> int:
    """Return what the files of a folder take, 0 when it is gone."""
    return sum(entry.size for entry in list_files(root)) if root.is_dir() else 0


def show_seconds(seconds: float) -> str:
    """Return a time as REANA shows it: `1h 2m 3s`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{number}{unit}" for number, unit in ((hours, "h"), (minutes, "m")) if number]
    return " ".join([*parts, f"{rest}s"])


def _sentence(over: Sequence[Allowance]) -> str:
    lines = ["User quota exceeded."]
    for one in over:
        unit = "seconds" if one.resource == "cpu" else "bytes"
        lines.append(f"Resource: {one.resource}, usage: {one.used:.0f} of {one.limit:.0f} {unit}")
    return "\n".join([*lines, "Delete workflows that are not needed, or ask for a larger quota."])
