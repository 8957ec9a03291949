"""The adapter to REANA: its parts, put together."""

from __future__ import annotations

import time
from collections.abc import Callable

from reproducibility.backends.reana.dialects import Dialects
from reproducibility.backends.reana.people import PeoplePart
from reproducibility.backends.reana.runs import RunsPart
from reproducibility.backends.reana.sharing import SharingPart
from reproducibility.backends.reana.workspaces import WorkspacesPart


class ReanaBackend(PeoplePart, RunsPart, SharingPart, WorkspacesPart):
    """REANA 0.9 and 0.95; see `reproducibility.backends.WorkflowsBackend` for the promises."""

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self.dialects = Dialects(clock)
        self.wait = wait
