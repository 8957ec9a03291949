"""Campaigns keep below the service's limit, and ask less while it pushes back."""

from __future__ import annotations

import pytest

from accounts.models import User
from reproducibility.models import CampaignState, Kind, Run
from reproducibility.services.campaigns import making, pacing
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.campaigns.conftest import Make, let_run, to_its_end, turn
from vre_portal.config import get_config
from vre_portal.errors import PortalError, UpstreamTimeout, UpstreamUnavailable

AWAY = UpstreamUnavailable("REANA is away.", service="reana")
BUSY = UpstreamUnavailable("REANA is asked too often.", service="reana", retry_after=90)
SILENT = UpstreamTimeout("REANA did not answer in time.", service="reana")


class Clock:
    """A clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the pace go by a clock of the test's."""
    made = Clock()
    monkeypatch.setattr(pacing, "time", made)
    return made


@pytest.mark.parametrize("error", [AWAY, BUSY, SILENT], ids=["503", "429", "nothing"])
def test_a_service_that_pushes_back_for_minutes_costs_no_point(
    error: PortalError, alice: User, make: Make, workflow_backend: FakeWorkflows, clock: Clock
) -> None:
    campaign = make(points=8, at_once=3)
    making.go_on(alice, campaign.pk)
    let_run(campaign, turns=3)

    with workflow_backend.down(error):
        for _ in range(20):
            clock.now += 30
            let_run(campaign)
            assert Run.objects.filter(kind=Kind.POINT).active().count() <= 3
        assert campaign.state == CampaignState.RUNNING
        assert campaign.message.startswith("Waiting for REANA")
    clock.now += pacing.MOST_SECONDS
    to_its_end(campaign)

    assert campaign.message == "8 of 8 points are done, 0 failed."
    assert campaign.counts() == {"finished": 8}
    assert len(workflow_backend.workflows) == 8


def test_nobody_asks_while_the_service_wants_to_be_left_alone(
    alice: User, make: Make, workflow_backend: FakeWorkflows, clock: Clock
) -> None:
    campaign = make(points=8, at_once=3)
    making.go_on(alice, campaign.pk)
    let_run(campaign)
    with workflow_backend.down(BUSY):
        let_run(campaign, turns=2)
        before = workflow_backend.calls.copy()

        clock.now += 80
        let_run(campaign, turns=5)

        assert workflow_backend.calls == before
        assert campaign.counts() == {"running": 3, "waiting": 5}


def test_each_refusal_in_a_row_doubles_the_silence(run: Run, clock: Clock) -> None:
    seconds = []

    for _ in range(8):
        pacing.pushed_back(run, AWAY, "Away.")
        pacing.pushed_back(run, AWAY, "Away.")  # it asked at the same moment
        told = pacing.silence(run.user_id)
        assert told is not None
        seconds.append(round(told.seconds))
        clock.now += told.seconds

    assert seconds == [5, 10, 20, 40, 80, 160, 300, 300]
    pacing.went_well(run.user_id)
    assert pacing.silence(run.user_id) is None


def test_points_start_at_the_pace_that_the_site_allows(
    alice: User, make: Make, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = make(points=6, at_once=20)
    monkeypatch.setenv("VRE_CAMPAIGN_QUESTIONS", str(2 * pacing.questions_of(campaign)))
    get_config.cache_clear()
    making.go_on(alice, campaign.pk)

    started = []
    for _ in range(4):
        turn(campaign)
        started.append(campaign.counts().get("running", 0))
        clock.now += 0.5

    assert started == [3, 4, 5, 6]
