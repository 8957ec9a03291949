"""Links that open an analysis or a run in a session: only an address, which the sessions read."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlencode

from data_mgmt.services.basket import OPENED
from reproducibility.models import Analysis, Run
from reproducibility.services import registering
from reproducibility.services.inputs import read_by

LAUNCH = "/sessions/new"


def of_analysis(analysis: Analysis) -> str:
    """Return the launch form with an analysis's recorded inputs."""
    return _link(f"analysis:{analysis.slug}", (str(each) for each in analysis.newest.inputs.all()))


def of_run(run: Run) -> str:
    """Return the launch form with what a run gave, as far as it is registered, and what it read."""
    return _link(f"run:{run.pk}", datasets_of_run(run))


def datasets_of_run(run: Run) -> list[str]:
    """Return the data of a run: its registered outputs, then what it read."""
    return [*registering.datasets_of(run), *(str(did) for did, _folder in read_by(run))]


def _link(origin: str, dids: Iterable[str]) -> str:
    data = [("dataset", did) for did in dict.fromkeys(dids)][:OPENED]
    return f"{LAUNCH}?{urlencode([*data, ('origin', origin)])}"
