"""Who may deposit what, when, and what is said of it."""

from __future__ import annotations

import pytest

from accounts import exporting, merging
from accounts.models import AuditEvent, User
from reproducibility.models import Analysis, Deposit, DepositState
from reproducibility.services.captures import publishing
from reproducibility.services.deposits import asking
from tests.fakes.invenio import FakeInvenio
from tests.unit.reproducibility.deposits.conftest import finish, next_version, published
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound, TokenWanted

pytestmark = pytest.mark.django_db


def test_only_its_owner_deposits_an_analysis(
    bob: User, dimuon: Analysis, repository: FakeInvenio
) -> None:
    with pytest.raises(Forbidden):
        asking.begin(bob, dimuon.slug)


def test_what_is_not_published_here_is_not_deposited(depositor: User, dimuon: Analysis) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(published=False)

    with pytest.raises(Conflict, match="Publish it first"):
        asking.begin(depositor, dimuon.slug)


def test_a_version_that_others_do_not_see_is_not_deposited(
    depositor: User, dimuon: Analysis
) -> None:
    dimuon.versions.create(number=2, specification="{}", content_sha256="2" * 64)

    with pytest.raises(Conflict, match="Publish it first"):
        asking.begin(depositor, dimuon.slug, "2")


def test_without_a_token_it_is_asked_for_and_nothing_begins(
    alice: User, dimuon: Analysis, repository: FakeInvenio
) -> None:
    with pytest.raises(TokenWanted, match="Zenodo needs a token of yours"):
        asking.begin(alice, dimuon.slug)

    assert not Deposit.objects.exists()


def test_a_site_without_a_repository_offers_nothing(alice: User, dimuon: Analysis) -> None:
    with pytest.raises(NotFound, match="nowhere"):
        asking.begin(alice, dimuon.slug)


def test_a_second_draft_is_not_begun_beside_the_first(
    depositor: User, dimuon: Analysis, deposit: Deposit
) -> None:
    next_version(dimuon)

    with pytest.raises(Conflict, match="A draft of version 1 is open"):
        asking.begin(depositor, dimuon.slug)


def test_a_version_that_is_published_is_not_deposited_again(
    depositor: User, dimuon: Analysis, deposit: Deposit
) -> None:
    published(depositor, deposit)

    with pytest.raises(Conflict, match="published already, as doi:"):
        asking.begin(depositor, dimuon.slug)


def test_a_publication_wants_a_confirmation(depositor: User, deposit: Deposit) -> None:
    finish(deposit)

    with pytest.raises(InvalidRequest) as refused:
        asking.confirm(depositor, deposit, confirmed=False)

    assert refused.value.field == "confirmed"


def test_a_draft_under_way_is_neither_published_nor_thrown_away(
    depositor: User, deposit: Deposit
) -> None:
    with pytest.raises(Conflict):
        asking.confirm(depositor, deposit, confirmed=True)
    with pytest.raises(Conflict):
        asking.discard(depositor, deposit)


def test_a_withdrawn_analysis_is_not_published_elsewhere(
    depositor: User, dimuon: Analysis, deposit: Deposit
) -> None:
    finish(deposit)
    Analysis.objects.filter(pk=dimuon.pk).update(published=False)

    with pytest.raises(Conflict, match="Publish it first"):
        asking.confirm(depositor, deposit, confirmed=True)


def test_a_draft_that_is_thrown_away_is_gone_at_the_repository_too(
    depositor: User, deposit: Deposit, dimuon: Analysis, repository: FakeInvenio
) -> None:
    finish(deposit)

    asking.discard(depositor, deposit)

    assert not Deposit.objects.exists()
    assert repository.records == {}
    assert asking.begin(depositor, dimuon.slug).state == DepositState.PREPARING


def test_a_deposit_at_a_repository_of_former_times_goes_on_there_only(
    depositor: User, deposit: Deposit, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish(deposit)
    monkeypatch.setenv("VRE_DEPOSIT_URL", "https://other.test")
    get_config.cache_clear()

    with pytest.raises(Conflict, match="uses no more"):
        asking.confirm(depositor, deposit, confirmed=True)


def test_what_somebody_does_stands_in_the_audit_log(depositor: User, deposit: Deposit) -> None:
    published(depositor, deposit)

    actions = AuditEvent.objects.filter(actor=depositor.pk).values_list("action", flat=True)
    assert {
        "stored-token.kept",
        "analysis.deposit-asked",
        "analysis.deposit-confirmed",
        "analysis.deposited",
    } <= set(actions)


def test_others_see_the_doi_of_what_is_published_and_nothing_of_drafts(
    depositor: User, bob: User, dimuon: Analysis, deposit: Deposit
) -> None:
    finish(deposit)
    before = asking.published(bob, dimuon)
    published(depositor, deposit)

    after = asking.published(bob, dimuon)

    assert before == []
    assert [each.doi for each in after] == [deposit.doi]
    with pytest.raises(NotFound):
        asking.find(bob, dimuon, deposit.pk)


def test_a_deposit_is_in_the_export_of_its_owner(depositor: User, deposit: Deposit) -> None:
    assert any(model is Deposit for model in exporting.ways())


def test_what_is_published_stays_when_its_person_leaves(
    depositor: User, dimuon: Analysis, deposit: Deposit, bob: User
) -> None:
    published(depositor, deposit)

    depositor.delete()

    assert [each.doi for each in asking.published(bob, dimuon)] == [deposit.doi]


def test_a_deposit_moves_along_when_two_accounts_become_one(
    depositor: User, bob: User, deposit: Deposit
) -> None:
    finish(deposit)

    merging.merge(survivor=bob, absorbed=depositor)

    deposit.refresh_from_db()
    assert deposit.user == bob


def test_an_analysis_with_a_deposit_is_not_deleted(
    depositor: User, dimuon: Analysis, deposit: Deposit
) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(published=False)

    with pytest.raises(Conflict, match="It is deposited"):
        publishing.delete(depositor, dimuon.slug)


def test_a_draft_that_was_published_there_is_not_thrown_away(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    repository.records[deposit.remote_id].published = True

    with pytest.raises(Conflict, match="published at Zenodo meanwhile"):
        asking.discard(depositor, deposit)
