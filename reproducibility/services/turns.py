"""A worker's turn at a run: what it writes, and only while nobody else has taken the run over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.credentials import Credential, credential_for
from activity import services as activity
from activity.models import Level
from reproducibility.backends import AUDIENCE
from reproducibility.models import Kind, Run, RunState
from reproducibility.services import concluding, progress, proofs, staging, verdicts
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import hold

TIMELINE = "run"
#: Seconds that a turn uses a credential before it asks again whether its person may act.
LENT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Turn:
    """A worker's turn at a run: it writes only while it holds the operation."""

    operation: Operation
    run: Run
    _lent: dict[float, Credential] = field(default_factory=dict, repr=False)

    def credential(self) -> Credential:
        """Return the person's credential, asked for anew every few seconds of a long turn."""
        now = time.monotonic()
        for asked_at, credential in self._lent.items():
            if now - asked_at < LENT_SECONDS:
                return credential
        self._lent.clear()
        self._lent[now] = credential_for(self.run.user, AUDIENCE)
        return self._lent[now]

    def save(self, **changes: Any) -> None:
        """Save changes and tell the open pages, unless another worker has taken over."""
        with transaction.atomic():
            hold(self.operation)
            save(self.run, **changes)

    def end(self, state: RunState, message: str, **changes: Any) -> None:
        """Write the end, once, with its line on the timeline."""
        with transaction.atomic():
            hold(self.operation)
            end(self.run, state, message, **changes)
        staging.clean_up(self.run)

    def stop_wanted(self) -> bool:
        """Whether the user has asked to stop meanwhile."""
        return Run.objects.filter(pk=self.run.pk, stop_wanted=True).exists()


def end(run: Run, state: RunState, message: str, **changes: Any) -> None:
    """Write the end of a run, and all that follows from it, in one transaction of the caller's."""
    steps = changes.pop("steps", run.steps)
    cut = progress.cut_off(steps, "failed" if state == RunState.FAILED else "skipped")
    save(run, state=state, message=message, steps=cut, finished_at=timezone.now(), **changes)
    concluding.conclude(run)
    proofs.ended(run)
    if run.kind == Kind.POINT:
        return  # its campaign tells of all of them together
    activity.record(
        user_id=run.user_id,
        verb=f"run.{state.value}",
        subject=(TIMELINE, run.pk),
        text=f"{run.analysis.title}, run {run.number}: {message}",
        level=_level(run),
        url=f"/runs/{run.pk}",
    )


def _level(run: Run) -> Level:
    if run.state == RunState.FINISHED:
        good = run.is_variation or run.verdict is None or verdicts.is_reproduced(run)
        return Level.OK if good else Level.WARNING
    return Level.ERROR if run.state == RunState.FAILED else Level.INFO


def save(run: Run, **changes: Any) -> None:
    """Save changes and tell the open pages."""
    for name, value in changes.items():
        setattr(run, name, value)
    run.save(update_fields=[*changes, "updated_at"])
    publish(f"run:{run.pk}", {"state": run.state, "message": run.message})
