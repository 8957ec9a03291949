"""Runs: start, stop, start again, find."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import median
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts import audit
from accounts.models import User
from activity import services as activity
from reproducibility.models import ACTIVE, Analysis, AnalysisVersion, Kind, Run, RunState
from reproducibility.services import progress
from reproducibility.services.analyses import find_analysis, is_uuid
from reproducibility.services.inputs import check_open, checked_inputs
from reproducibility.services.parameters import changed, checked_parameters
from reproducibility.services.reproducing import KIND
from reproducibility.services.turns import TIMELINE, save
from vre_portal import operations
from vre_portal.errors import Conflict, NotFound

TOPIC = "run"
#: From so many runs it is told how long one usually takes.
LAST_RUNS = 9


def start_run(
    user: User,
    analysis: Analysis,
    *,
    parameters: Mapping[str, Any] | None = None,
    inputs: Mapping[str, str] | None = None,
    version: AnalysisVersion | None = None,
    kind: Kind = Kind.REPRODUCTION,
) -> Run:
    """Start a run of a version, the newest unless another is named.

    `parameters` and `inputs` replace recorded ones, which makes it a variation.

    Raises
    ------
    InvalidRequest
        A parameter or input is not one of the analysis's, or can't stand in for it.
    Forbidden
        An input is under an embargo.
    """
    version = version or analysis.newest
    wanted = changed(version, checked_parameters(version, parameters or {}))
    others = checked_inputs(user, version, inputs or {})
    check_open(user, version, others)
    with transaction.atomic():
        run = begin(
            user,
            version,
            kind=Kind.VARIATION if wanted or others else kind,
            parameters=wanted,
            inputs=others,
        )
        activity.record(
            user_id=user.pk,
            verb="run.started",
            subject=(TIMELINE, run.pk),
            text=f"{run.analysis.title}, run {run.number}: started.",
            url=f"/runs/{run.pk}",
        )
        detail = {"analysis": run.analysis.slug, "parameters": wanted, "replaced_inputs": others}
        audit.record("run.started", actor=user, about=(TIMELINE, run.pk), detail=detail)
    return run


def begin(
    user: User,
    version: AnalysisVersion,
    *,
    kind: Kind,
    parameters: Mapping[str, Any],
    inputs: Mapping[str, str] | None = None,
) -> Run:
    """Write a run with checked values down in the caller's transaction, without a word about it."""
    # The lock on the analysis makes its run numbers a sequence.
    analysis = Analysis.objects.select_for_update().get(pk=version.analysis_id)
    last = analysis.runs.aggregate(last=Max("number"))["last"] or 0
    run = Run.objects.create(
        analysis=analysis,
        user=user,
        number=last + 1,
        version=version,
        kind=kind,
        parameters=dict(parameters),
        replaced_inputs=dict(inputs or {}),
        steps=progress.planned(version),
        message="Starting.",
    )
    operations.begin(KIND, subject=run.pk, user_id=user.pk, is_new=True)
    return run


def find_run(user: User, run_id: UUID | str) -> Run:
    """Return one of the user's runs."""
    mine = Run.objects.visible_to(user).select_related("analysis", "version")
    run = mine.filter(pk=run_id).first() if is_uuid(run_id) else None
    if run is None:
        raise NotFound("There is no such run, or it is not yours.")
    return run


def stop_run(user: User, run_id: UUID | str) -> Run:
    """Ask a run to stop; the worker does it within seconds."""
    run = find_run(user, run_id)
    with transaction.atomic():
        locked = Run.objects.select_for_update().get(pk=run.pk)
        if not locked.active:
            raise Conflict(f"The run is {locked.state} already.")
        save(locked, stop_wanted=True, message="Stopping.")
        audit.record("run.stopped", actor=user, about=(TIMELINE, run.pk))
    return find_run(user, run_id)


@transaction.atomic
def stop_all(user: User) -> bool:
    """Ask all runs of somebody who leaves to stop; whether some have still to end.

    Nobody gets a token for somebody suspended: their workflows go on to their end.
    """
    if not user.is_active:
        return False
    running = Run.objects.filter(user=user).active()
    for run in running.filter(stop_wanted=False).select_for_update():
        save(run, stop_wanted=True, message="Stopping.")
        audit.record("run.stopped", about=(TIMELINE, run.pk), detail={"owner": user.handle})
    return running.exists()


def again(user: User, run_id: UUID | str) -> Run:
    """Start the same analysis with the same parameters and inputs once more."""
    run = find_run(user, run_id)
    return start_run(
        user,
        find_analysis(user, run.analysis_id),
        parameters=run.parameters,
        inputs=run.replaced_inputs,
        version=run.version,
        kind=Kind.PROOF if run.kind == Kind.PROOF else Kind.REPRODUCTION,
    )


def usual_seconds(analysis: Analysis) -> float | None:
    """Return how long the last finished runs of an analysis took in the middle, of anybody."""
    rows = Run.objects.filter(analysis=analysis, state=RunState.FINISHED, finished_at__isnull=False)
    spans = rows.values_list("created_at", "finished_at")[:LAST_RUNS]
    seconds = [(end - start).total_seconds() for start, end in spans if end]
    return median(seconds) if seconds else None


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a run as the websocket tells it first."""
    run = find_run(User.objects.get(pk=str(user_id)), key)
    return {"state": run.state, "message": run.message}


def active_count(user_id: object) -> int:
    """Return how many runs of a user are under way."""
    return Run.objects.filter(user_id=str(user_id), state__in=ACTIVE).count()


def summary(user: User) -> tuple[list[Run], list[Run]]:
    """Return for Home the runs under way, and the last ended ones."""
    mine = Run.objects.visible_to(user).listed()
    ended = mine.filter(state__in=[RunState.FINISHED, RunState.FAILED])
    return list(mine.filter(state__in=ACTIVE)[:10]), list(ended[:5])
