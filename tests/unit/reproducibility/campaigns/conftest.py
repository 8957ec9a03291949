"""Campaigns of Alice's, and the worker's turns at them by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from reproducibility.models import Analysis, Campaign, PointState, Run
from reproducibility.points.values import Points
from reproducibility.services.campaigns import making
from reproducibility.services.campaigns.making import Wish
from reproducibility.services.campaigns.results import Declared
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import work
from vre_portal import operations
from vre_portal.models import Operation, OperationState

MASS = Declared("mass", "results/fit.json", "mass")
MOST_TURNS = 100

Make = Callable[..., Campaign]


@pytest.fixture
def make(alice: User, analysis: Analysis, workflow_backend: FakeWorkflows) -> Make:
    """Return how a campaign over so many numbers of bins is made."""
    workflow_backend.runs_by_itself = True

    def made(points: int = 6, **wishes: Any) -> Campaign:
        rows = tuple((10 * n, "scan") for n in range(1, points + 1))
        told: dict[str, Any] = {"title": "Bins", "results": [MASS], "at_once": 2} | wishes
        wish = Wish(points=Points(("bins", "label"), rows), **told)
        return making.create(alice, analysis.newest, wish)

    return made


def turn(campaign: Campaign) -> Campaign:
    """Give the worker one turn at the campaign itself, and return it as it is then."""
    past = timezone.now() - timedelta(seconds=1)
    waiting = Operation.objects.filter(subject=campaign.pk, state=OperationState.WAITING)
    waiting.update(due_at=past, lease=None, lease_until=None)
    for operation in waiting:
        operations.advance(operation.pk)
    campaign.refresh_from_db()
    return campaign


def let_run(campaign: Campaign, turns: int = 1) -> Campaign:
    """Give turns to the campaign and to its runs."""
    for _ in range(turns):
        turn(campaign)
        for run in Run.objects.filter(point__campaign=campaign).active():
            work(run)
    campaign.refresh_from_db()
    return campaign


def to_its_end(campaign: Campaign) -> Campaign:
    """Give turns until nothing of the campaign goes on."""
    for _ in range(MOST_TURNS):
        if not Operation.objects.filter(subject=campaign.pk, state=OperationState.WAITING).exists():
            break
        campaign.points.filter(state=PointState.WAITING).update(due_at=None)
        let_run(campaign)
    campaign.refresh_from_db()
    return campaign
