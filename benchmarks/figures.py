"""What a benchmark reports: one figure of the portal beside the one that it is compared with."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Protocol

from demo.stack import Stack

MEBI = 2**20


class Figure(Protocol):
    """One line of a report."""

    @property
    def kept(self) -> bool:
        """Whether it keeps its bound."""
        ...

    def line(self) -> str:
        """Return it as people read it."""
        ...


@dataclass(frozen=True)
class Result:
    """One figure with the two that it comes from."""

    name: str
    portal: float
    direct: float
    ratio: float
    unit: str
    kept: bool
    note: str = ""

    def line(self) -> str:
        """Return it as people read it."""
        mark = "" if self.kept else "  BEYOND ITS BOUND"
        figures = f"{self.portal:9.2f} {self.unit} portal {self.direct:9.2f} {self.unit} direct"
        return f"{self.name:34} {figures}  ratio {self.ratio:5.2f}  {self.note}{mark}"


def pid_of(stack: Stack, component: str) -> int:
    """Return the process of a component of a running stack."""
    status = json.loads((stack.state / "status.json").read_text())
    return next(int(row["pid"]) for row in status["components"] if row["name"] == component)
