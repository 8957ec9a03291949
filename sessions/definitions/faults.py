"""What is wrong with a file of environments: every fault with its line and its field."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault; `where` leads to the field, as `environments[0] 'physics', options.memory`."""

    line: int
    where: str
    says: str

    def __str__(self) -> str:
        """Return the place and what is wrong there."""
        place = ", ".join(part for part in (f"line {self.line}", self.where) if part)
        return f"{place}: {self.says}"


class FileInvalid(ValueError):
    """A file of environments has faults; the text has them all, one a line."""

    def __init__(self, name: str, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        self.lines = tuple(f"{name}, {fault}" for fault in self.faults)
        super().__init__("\n".join(self.lines))
