"""Scheduled verification: with the owner's token, one at a time, and told where it can't be."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AudienceToken, TokenGrant, User
from activity.models import Event
from reproducibility import services
from reproducibility.models import Analysis, Kind, Run, RunState, SignedVerdict
from reproducibility.services import catalogue_checks, owner_notices, verifying
from reproducibility.services.verdicts_history import Stale, standing
from reproducibility.tasks import verify_due
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish, work
from vre_portal.errors import Forbidden, InvalidRequest, UpstreamUnavailable

API = "/api/v1/analyses/dimuon/verification"


@pytest.fixture
def owned(analysis: Analysis, alice: User) -> Analysis:
    """The analysis, owned by Alice and due to be verified."""
    verifying.set_schedule(alice, _given_to(analysis, alice), 7)
    Analysis.objects.update(verify_at=timezone.now() - timedelta(minutes=1))
    analysis.refresh_from_db()
    return analysis


def _given_to(analysis: Analysis, user: User) -> Analysis:
    Analysis.objects.filter(pk=analysis.pk).update(owner=user)
    analysis.refresh_from_db()
    return analysis


def _recorded_files(analysis: Analysis, **checksums: str) -> None:
    """Note the files of the input with the checksums that they were recorded with."""
    (recorded,) = analysis.newest.inputs.all()
    recorded.files = [
        {"did": f"cms:{name}.root", "adler32": sum_} for name, sum_ in checksums.items()
    ]
    recorded.save()


def _sign_in_ends(user: User) -> None:
    AudienceToken.objects.all().delete()
    TokenGrant.objects.filter(identity__user=user).delete()


def test_what_is_due_is_run_with_its_owners_token(
    owned: Analysis, alice: User, workflow_backend: FakeWorkflows
) -> None:
    (due,) = verifying.due()
    run = verifying.verify(due)

    assert run
    workflow_backend.runs_by_itself = True
    finish(run)
    assert (run.kind, run.user, run.state) == (Kind.VERIFICATION, alice, RunState.FINISHED)
    assert SignedVerdict.objects.get(run=run).level == "bit-identical"


def test_the_next_one_is_a_period_later(owned: Analysis) -> None:
    now = timezone.now()

    verifying.verify(owned.pk, now)

    owned.refresh_from_db()
    assert owned.verify_at == now + timedelta(days=7)
    assert verifying.due() == []


def test_the_clock_starts_what_is_due(owned: Analysis) -> None:
    from vre_portal.celery import app

    app.conf.task_always_eager = True
    try:
        verify_due()
        verify_due()
    finally:
        app.conf.task_always_eager = False

    assert Run.objects.filter(kind=Kind.VERIFICATION).count() == 1


def test_never_two_at_once(owned: Analysis) -> None:
    first = verifying.verify(owned.pk)
    Analysis.objects.update(verify_at=timezone.now() - timedelta(minutes=1))

    second = verifying.verify(owned.pk)

    assert first
    assert second is None
    assert Run.objects.count() == 1


def test_a_worker_that_died_leaves_it_to_another(owned: Analysis) -> None:
    now = timezone.now()
    assert verifying._claimed(owned.pk, now)  # and then it dies

    assert verifying.verify(owned.pk, now) is None
    assert verifying.verify(owned.pk, now + verifying.CLAIM)


def test_what_is_due_later_is_not_started(owned: Analysis) -> None:
    Analysis.objects.update(verify_at=timezone.now() + timedelta(hours=1))

    assert verifying.due() == []
    assert verifying.verify(owned.pk) is None


def test_a_few_are_started_at_once(owned: Analysis, alice: User) -> None:
    for number in range(verifying.AT_ONCE + 3):
        Analysis.objects.create(
            slug=f"a-{number}", title="A", owner=alice, verify_days=1,
            verify_at=timezone.now(), current=owned.newest,
        )  # fmt: skip

    assert len(verifying.due()) == verifying.AT_ONCE


def test_first_ones_are_spread_over_the_period(analysis: Analysis, alice: User) -> None:
    now = timezone.now()
    parts = []
    for number in range(20):
        one = Analysis.objects.create(slug=f"a-{number}", title="A", owner=alice)
        verifying.set_schedule(alice, one, 10)
        assert one.verify_at
        parts.append((one.verify_at - now).days)

    assert min(parts) >= 0
    assert max(parts) <= 10
    assert len(set(parts)) > 3


def test_an_ended_sign_in_is_noted_and_told_once_a_period(owned: Analysis, alice: User) -> None:
    _sign_in_ends(alice)
    now = timezone.now()

    for hours in (0, 7, 14):
        assert verifying.verify(owned.pk, now + timedelta(hours=hours)) is None

    owned.refresh_from_db()
    assert owned.verify_note.startswith("version 1, sign-in ended: ")
    (event,) = Event.objects.filter(verb=owner_notices.WAITS)
    assert event.user == alice
    assert "sign in again" in event.text
    assert not Run.objects.exists()


def test_a_service_that_is_down_is_asked_again_later(
    owned: Analysis, data_backend: FakeDataBackend
) -> None:
    _recorded_files(owned, muons_1="00000000")
    now = timezone.now()

    with data_backend.down(UpstreamUnavailable("Rucio does not answer.", service="rucio")):
        verifying.verify(owned.pk, now)

    owned.refresh_from_db()
    assert owned.verify_note == "version 1, could not be done: Rucio does not answer."
    assert owned.verify_at == now + verifying.RETRY


def test_a_replaced_input_is_found_before_anything_runs(
    owned: Analysis, alice: User, data_backend: FakeDataBackend
) -> None:
    _recorded_files(owned, muons_1="00000000", muons_2="00000000")

    run = verifying.verify(owned.pk)

    owned.refresh_from_db()
    assert run is None
    assert standing(owned).stale_reason is Stale.INPUT
    assert "cms:muons_1.root has the checksum" in standing(owned).stale_detail
    assert Event.objects.filter(user=alice, verb=owner_notices.STALE).count() == 1


def test_inputs_that_are_as_recorded_are_run(
    owned: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    read = {entry["did"][4:].removesuffix(".root"): entry["adler32"] for entry in run.inputs}
    _recorded_files(owned, **{name: sum_.upper().lstrip("0") for name, sum_ in read.items()})

    assert verifying.verify(owned.pk) is not None


def test_a_run_that_read_another_file_makes_it_stale(
    analysis: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    _recorded_files(analysis, muons_1="00000000", muons_2="00000000")
    workflow_backend.runs_by_itself = True

    finish(run)

    analysis.refresh_from_db()
    assert standing(analysis).stale_reason is Stale.INPUT


def test_the_owner_hears_once_that_an_input_was_replaced(
    analysis: Analysis, alice: User, bob: User, workflow_backend: FakeWorkflows
) -> None:
    _recorded_files(_given_to(analysis, bob), muons_1="00000000", muons_2="00000000")
    workflow_backend.runs_by_itself = True

    for _ in range(2):
        finish(services.start_run(alice, analysis))
        workflow_backend.workflows.clear()

    (event,) = Event.objects.filter(verb=owner_notices.STALE)
    assert event.user == bob
    assert "cms:muons_1.root has the checksum" in event.text


def test_a_file_that_came_to_the_dataset_makes_it_stale(
    analysis: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    _recorded_files(analysis, muons_1=run.inputs[0]["adler32"])
    workflow_backend.runs_by_itself = True

    finish(run)

    analysis.refresh_from_db()
    assert "cms:muons_2.root is new" in standing(analysis).stale_detail


def test_a_good_run_takes_the_note_away(
    analysis: Analysis, run: Run, workflow_backend: FakeWorkflows
) -> None:
    Analysis.objects.update(verify_note="version 1, input replaced: cms:dimuon: a.root is gone.")
    workflow_backend.runs_by_itself = True

    finish(run)

    analysis.refresh_from_db()
    assert analysis.verify_note == ""


def test_a_verification_that_failed_is_noted(
    owned: Analysis, workflow_backend: FakeWorkflows
) -> None:
    run = verifying.verify(owned.pk)
    assert run
    work(run)
    workflow_backend.fail_step(0, "no such image")

    finish(run)

    owned.refresh_from_db()
    assert owned.verify_note.startswith("version 1, could not be done: Step select failed")


def test_only_the_owner_schedules(owned: Analysis, bob: User) -> None:
    with pytest.raises(Forbidden):
        verifying.set_schedule(bob, owned, 7)


@pytest.mark.parametrize("days", [0, -1, 366])
def test_a_period_is_from_a_day_to_a_year(owned: Analysis, alice: User, days: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        verifying.set_schedule(alice, owned, days)

    assert refused.value.field == "every_days"


def test_the_schedule_can_be_set_and_ended_by_the_api(browser: Client, owned: Analysis) -> None:
    told = patch(browser, {"every_days": 30})
    ended = patch(browser, {"every_days": None})

    assert told["every_days"] == 30
    assert told["next_at"]
    assert (ended["every_days"], ended["next_at"]) == (None, None)
    assert verifying.due() == []


def patch(client: Client, content: dict[str, Any], status: int = 200) -> dict[str, Any]:
    answer = client.patch(API, content, content_type="application/json")
    assert answer.status_code == status, answer.content
    told: dict[str, Any] = answer.json()
    return told


def test_others_read_the_standing_and_not_the_schedule(owned: Analysis, bob: User) -> None:
    client = Client()
    sign_in(client, bob)

    told = client.get(API).json()

    assert told["standing"]["times"] == 0
    assert (told["every_days"], told["next_at"], told["note"]) == (None, None, "")
    assert patch(client, {"every_days": 1}, 403)["code"] == "forbidden"


@pytest.mark.parametrize("content", [{}, {"every_days": 0}, {"every_days": "x"}])
def test_a_wrong_wish_is_refused(browser: Client, owned: Analysis, content: dict[str, Any]) -> None:
    answer = browser.patch(API, content, content_type="application/json")

    assert answer.status_code in {400, 422}


def test_the_page_sets_and_ends_it(browser: Client, owned: Analysis) -> None:
    where = "/analyses/dimuon/verification"
    browser.post(where, {"every_days": "14"})
    owned.refresh_from_db()
    set_to = owned.verify_days
    answer = browser.post(where, {"every_days": ""}, follow=True)

    owned.refresh_from_db()
    assert (set_to, owned.verify_days) == (14, None)
    assert "no longer verified by itself" in answer.content.decode()


def test_the_page_says_what_is_wrong_with_a_period(browser: Client, owned: Analysis) -> None:
    answer = browser.post("/analyses/dimuon/verification", {"every_days": "1000"}, follow=True)

    owned.refresh_from_db()
    assert owned.verify_days == 7
    assert "365" in answer.content.decode()


def test_an_analysis_without_an_owner_is_left_alone(owned: Analysis) -> None:
    Analysis.objects.update(owner=None)

    assert verifying.due() == []


def test_verifications_of_the_same_analysis_by_hand_count_too(owned: Analysis, alice: User) -> None:
    services.start_run(alice, owned, kind=Kind.VERIFICATION)

    assert verifying.verify(owned.pk) is None


@pytest.mark.parametrize("limit", ["MOST_FILES", "MOST_RECORDED"])
def test_of_more_files_than_are_listed_none_is_called_gone(
    owned: Analysis, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(catalogue_checks, limit, 2)
    _recorded_files(owned, muons_1="", muons_3="")

    assert verifying.verify(owned.pk) is not None
    assert standing(owned).stale_reason is Stale.NO
