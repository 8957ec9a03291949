"""Whatever a repository does, its words are told, nothing is lost, and nothing is done twice."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import User
from activity.models import Event
from reproducibility.models import Analysis, Deposit, DepositState
from reproducibility.services.captures import publishing
from reproducibility.services.deposits import asking
from reproducibility.services.deposits.turns import (
    FIRST_SECONDS,
    LONGEST_SECONDS,
    MOST_TROUBLES,
)
from tests.fakes.invenio import CUT, FakeInvenio
from tests.unit.reproducibility.deposits.conftest import (
    finish,
    next_version,
    published,
    work,
)
from vre_portal.config import get_config
from vre_portal.models import Operation, OperationState

pytestmark = pytest.mark.django_db
FAULT = {"field": "metadata.creators.0.person_or_org.family_name", "messages": ["Is blank."]}


def seconds_to_wait(deposit: Deposit) -> float:
    """Return after how many seconds a worker takes it up again."""
    waiting = Operation.objects.get(subject=deposit.pk, state=OperationState.WAITING)
    return (waiting.due_at - timezone.now()).total_seconds()


def test_a_publication_that_is_refused_names_the_field_and_keeps_the_draft(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    before = (deposit.remote_id, deposit.doi)
    body = {"status": 400, "message": "A validation error occurred.", "errors": [FAULT]}
    repository.fail_on("/actions/publish$", 400, body=body)
    refused = finish(asking.confirm(depositor, deposit, confirmed=True))
    told = (refused.state, refused.faults, len(repository.published()))

    published(depositor, asking.prepare_again(depositor, deposit))
    deposit.refresh_from_db()

    assert told == (DepositState.FAILED, [{"field": FAULT["field"], "reason": "Is blank."}], 0)
    assert deposit.state == DepositState.PUBLISHED
    assert (deposit.remote_id, deposit.doi) == before
    assert len(repository.records) == 1


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_is_refused_at_the_publication_is_asked_for_once(
    depositor: User, deposit: Deposit, repository: FakeInvenio, status: int
) -> None:
    finish(deposit)
    repository.fail_on("", status, times=3)
    confirmed = asking.confirm(depositor, deposit, confirmed=True)
    work(confirmed, 3)
    waiting = (confirmed.state, confirmed.waiting, len(repository.published()))
    again_in = seconds_to_wait(confirmed)

    finish(confirmed)

    assert waiting == (DepositState.PUBLISHING, True, 0)
    assert again_in <= 60
    assert confirmed.state == DepositState.PUBLISHED
    assert repository.asked("/actions/publish$") == 1
    assert Event.objects.filter(verb="analysis.deposit-waits", user=depositor).count() == 1


@pytest.mark.parametrize("status", [429, 503])
def test_it_comes_back_when_the_repository_says(
    deposit: Deposit, repository: FakeInvenio, status: int
) -> None:
    repository.fail_on("", status, headers={"Retry-After": "30"})

    work(deposit)

    assert 25 < seconds_to_wait(deposit) <= 30


def test_without_a_word_it_comes_back_twice_as_late_each_time(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.fail_on("", CUT, times=50)

    waits = []
    for _ in range(10):
        work(deposit)
        waits.append(seconds_to_wait(deposit))

    assert FIRST_SECONDS / 2 < waits[0] <= FIRST_SECONDS
    assert FIRST_SECONDS < waits[1] <= 2 * FIRST_SECONDS
    assert LONGEST_SECONDS - 5 < waits[-1] <= LONGEST_SECONDS
    assert deposit.message == "Zenodo does not answer at the moment. It goes on by itself."


def test_after_about_a_day_it_ends_and_can_be_prepared_again(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    Deposit.objects.update(troubles=MOST_TROUBLES)
    repository.fail_on("", 503, times=1000)
    ended = finish(deposit).state
    repository.failures.clear()

    finish(asking.prepare_again(depositor, deposit))
    deposit.refresh_from_db()

    assert ended == DepositState.FAILED
    assert deposit.state == DepositState.READY
    assert len(repository.records) == 1


def test_the_draft_of_a_next_version_whose_answer_was_lost_is_there_once(
    depositor: User, deposit: Deposit, dimuon: Analysis, repository: FakeInvenio
) -> None:
    published(depositor, deposit)
    next_version(dimuon)
    repository.fail_on("/versions$", CUT, done=True)

    second = finish(asking.begin(depositor, dimuon.slug))

    assert second.state == DepositState.READY
    assert len(repository.drafts()) == 1


def test_a_connection_that_ends_in_the_midst_of_a_file_loses_nothing(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.fail_on("PUT .*/content$", CUT, times=2, done=True)

    finish(deposit)

    files = repository.records[deposit.remote_id].files
    assert deposit.state == DepositState.READY
    assert all(file.committed for file in files.values())
    assert len(files) == 2


def test_what_is_withdrawn_after_the_confirmation_is_not_published(
    depositor: User, dimuon: Analysis, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    confirmed = asking.confirm(depositor, deposit, confirmed=True)
    repository.fail_on("", 503, times=2)
    work(confirmed)
    publishing.withdraw(depositor, dimuon.slug)

    finish(confirmed)

    assert confirmed.state == DepositState.FAILED
    assert "Publish it first" in confirmed.message
    assert repository.published() == []


def test_what_went_out_before_it_was_withdrawn_is_noted_as_published(
    depositor: User, dimuon: Analysis, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    confirmed = asking.confirm(depositor, deposit, confirmed=True)
    repository.fail_on("/actions/publish$", CUT, done=True)
    work(confirmed)
    publishing.withdraw(depositor, dimuon.slug)

    finish(confirmed)

    assert confirmed.state == DepositState.PUBLISHED
    assert [record.doi for record in repository.published()] == [confirmed.doi]


def test_a_deposit_under_way_stops_where_the_site_uses_another_repository(
    deposit: Deposit, repository: FakeInvenio, monkeypatch: pytest.MonkeyPatch
) -> None:
    work(deposit)
    monkeypatch.setenv("VRE_DEPOSIT_URL", "https://other.test")
    get_config.cache_clear()
    asked = len(repository.log)

    finish(deposit)

    assert deposit.state == DepositState.FAILED
    assert "uses no more" in deposit.message
    assert len(repository.log) == asked


def test_a_published_record_keeps_its_doi_where_the_site_uses_another_repository(
    depositor: User, bob: User, dimuon: Analysis, deposit: Deposit, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(depositor, deposit)
    monkeypatch.setenv("VRE_DEPOSIT_URL", "https://other.test")
    get_config.cache_clear()

    told = asking.published(bob, dimuon)

    assert [(each.doi, each.page) for each in told] == [
        (deposit.doi, f"{deposit.service}/records/{deposit.remote_id}")
    ]
