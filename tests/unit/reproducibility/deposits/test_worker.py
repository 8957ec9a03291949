"""A deposit comes to its end whatever happens on the way, and nothing is made twice."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
import yaml

from accounts import stored_tokens
from accounts.models import AuditEvent, User
from activity.models import Event
from reproducibility.models import Analysis, Deposit, DepositState
from reproducibility.services.deposits import asking
from tests.fakes.invenio import PREFIX, FakeInvenio
from tests.unit.reproducibility.deposits.conftest import (
    finish,
    next_version,
    published,
    work,
)

pytestmark = pytest.mark.django_db


def test_a_draft_is_prepared_with_crate_citation_and_a_reserved_doi(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)

    assert (deposit.state, deposit.message) == (DepositState.READY, "")
    draft = repository.records[deposit.remote_id]
    assert not draft.published
    assert draft.doi == deposit.doi == f"{PREFIX}/zenodo.{draft.id}"
    crate, citation = (draft.files[name].content for name in sorted(draft.files, reverse=True))
    assert "ro-crate-metadata.json" in ZipFile(BytesIO(crate or b"")).namelist()
    assert yaml.safe_load(citation or b"")["doi"] == deposit.doi


def test_the_draft_says_who_made_it_under_which_licence_and_what_it_belongs_to(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)

    told = repository.records[deposit.remote_id].metadata
    assert told["title"] == "Dimuon spectrum"
    assert told["creators"][0]["person_or_org"] == {
        "type": "personal",
        "family_name": "Lovelace",
        "given_name": "Ada",
        "identifiers": [{"scheme": "orcid", "identifier": "0000-0002-1825-0097"}],
    }
    assert told["rights"] == [{"id": "apache-2.0"}]
    related = told["related_identifiers"]
    relations = {each["identifier"]: each["relation_type"]["id"] for each in related}
    landing, data = list(relations)
    assert landing.endswith("/analyses/dimuon")
    assert relations[landing] == "isdescribedby"
    assert data.endswith("/data/cms:dimuon")
    assert relations[data] == "isderivedfrom"


def test_nothing_is_published_before_it_is_confirmed(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)

    assert repository.published() == []


def test_a_confirmed_draft_is_published_with_its_doi(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    published(depositor, deposit)

    assert deposit.state == DepositState.PUBLISHED
    assert deposit.published_at is not None
    assert [record.doi for record in repository.published()] == [deposit.doi]
    assert AuditEvent.objects.filter(action="analysis.deposited").count() == 1
    assert Event.objects.filter(verb="analysis.deposited", user=depositor).count() == 1


def test_a_draft_whose_answer_was_lost_is_found_again(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.fail_on("^POST /api/records$", 504, done=True)

    finish(deposit)

    assert deposit.state == DepositState.READY
    assert len(repository.records) == 1
    assert repository.asked("^POST /api/records$") == 1


def test_a_file_whose_answer_was_lost_is_there_once(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.fail_on("/commit$", 504, done=True)

    finish(deposit)

    assert deposit.state == DepositState.READY
    assert len(repository.records[deposit.remote_id].files) == 2
    assert repository.asked("PUT .*/content$") == 2


def test_half_a_file_is_sent_again(deposit: Deposit, repository: FakeInvenio) -> None:
    repository.fail_on("PUT .*/content$", 503)

    finish(deposit)

    assert deposit.state == DepositState.READY
    assert all(file.committed for file in repository.records[deposit.remote_id].files.values())


def test_a_file_that_arrives_damaged_is_sent_again(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.damage = True
    work(deposit, 4)
    waiting = deposit.message
    repository.damage = False

    finish(deposit)

    assert "did not arrive whole" in waiting
    assert deposit.state == DepositState.READY
    sent = {each["key"]: each["md5"] for each in deposit.files}
    files = repository.records[deposit.remote_id].files
    assert {key: file.told(key)["checksum"] for key, file in files.items()} == {
        key: f"md5:{digest}" for key, digest in sent.items()
    }


def test_a_file_that_arrives_damaged_each_time_ends_it(
    deposit: Deposit, repository: FakeInvenio
) -> None:
    repository.damage = True

    finish(deposit)

    assert deposit.state == DepositState.FAILED
    assert "did not arrive whole" in deposit.message
    assert repository.asked("PUT .*/content$") == 5


def test_a_publication_whose_answer_was_lost_is_not_repeated(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    repository.fail_on("/actions/publish$", 504, done=True)

    finish(asking.confirm(depositor, deposit, confirmed=True))

    deposit.refresh_from_db()
    assert deposit.state == DepositState.PUBLISHED
    assert repository.asked("/actions/publish$") == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_repository_that_does_not_answer_now_is_asked_later(
    deposit: Deposit, repository: FakeInvenio, status: int
) -> None:
    repository.fail_on("", status, times=12, headers={"Retry-After": "30"})
    work(deposit, 12)
    waiting = deposit.message

    finish(deposit)

    assert "It goes on by itself." in waiting
    assert deposit.state == DepositState.READY
    assert deposit.message == ""


def test_a_token_that_is_not_taken_is_asked_for_and_the_deposit_waits(
    deposit: Deposit, depositor: User, repository: FakeInvenio
) -> None:
    repository.tokens = {"new-token": "alice"}
    work(deposit, 3)
    waiting = (deposit.state, deposit.message)
    notices = Event.objects.filter(verb="analysis.deposit-waits", user=depositor).count()
    stored_tokens.keep(depositor, "deposits", "new-token")

    finish(deposit)

    assert waiting[0] == DepositState.PREPARING
    assert waiting[1].startswith("Zenodo does not accept your token")
    assert notices == 1
    assert (deposit.state, deposit.waiting) == (DepositState.READY, False)


def test_what_the_repository_does_not_accept_is_told_by_field(
    depositor: User, dimuon: Analysis, repository: FakeInvenio
) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(licence="Beerware")
    deposit = finish(asking.begin(depositor, dimuon.slug))

    assert deposit.state == DepositState.FAILED
    assert deposit.faults == [
        {"field": "metadata.rights.0.id", "reason": "Invalid value beerware."}
    ]


def test_a_mended_description_goes_into_the_same_draft(
    depositor: User, dimuon: Analysis, repository: FakeInvenio
) -> None:
    Analysis.objects.filter(pk=dimuon.pk).update(licence="Beerware")
    deposit = finish(asking.begin(depositor, dimuon.slug))
    before = (deposit.remote_id, deposit.doi)
    Analysis.objects.filter(pk=dimuon.pk).update(licence="MIT")

    finish(asking.prepare_again(depositor, deposit))
    deposit.refresh_from_db()

    assert deposit.state == DepositState.READY
    assert (deposit.remote_id, deposit.doi) == before
    assert len(repository.records) == 1
    assert deposit.faults == []


def test_a_draft_that_was_deleted_there_is_told_and_made_anew(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    repository.records.clear()

    finish(asking.confirm(depositor, deposit, confirmed=True))
    deposit.refresh_from_db()
    told = (deposit.state, deposit.message, deposit.doi)
    finish(asking.prepare_again(depositor, deposit))
    deposit.refresh_from_db()

    assert told[0] == DepositState.FAILED
    assert "deleted there" in told[1]
    assert told[2] == ""
    assert deposit.state == DepositState.READY
    assert len(repository.drafts()) == 1


def test_a_draft_that_was_published_there_is_noted_as_published(
    depositor: User, deposit: Deposit, repository: FakeInvenio
) -> None:
    finish(deposit)
    repository.records[deposit.remote_id].published = True

    finish(asking.prepare_again(depositor, deposit))
    deposit.refresh_from_db()

    assert deposit.state == DepositState.PUBLISHED
    assert repository.asked("/actions/publish$") == 0


def test_the_next_version_is_a_version_of_the_same_record(
    depositor: User, deposit: Deposit, dimuon: Analysis, repository: FakeInvenio
) -> None:
    first = published(depositor, deposit)
    next_version(dimuon)

    second = asking.begin(depositor, dimuon.slug)
    published(depositor, second)

    assert second.state == DepositState.PUBLISHED
    assert second.doi != first.doi
    parents = {record.parent for record in repository.published()}
    assert len(repository.published()) == 2
    assert len(parents) == 1
    related = repository.records[second.remote_id].metadata["related_identifiers"]
    assert {
        "identifier": first.doi,
        "scheme": "doi",
        "relation_type": {"id": "isnewversionof"},
    } in related


def test_the_sites_community_is_asked_once(
    depositor: User, deposit: Deposit, repository: FakeInvenio, community: str
) -> None:
    finish(deposit)
    repository.fail_on(f"/communities/{community}$", 503)

    finish(asking.confirm(depositor, deposit, confirmed=True))
    deposit.refresh_from_db()

    record = repository.records[deposit.remote_id]
    assert deposit.state == DepositState.PUBLISHED
    assert record.communities == [repository.communities[community]]


def test_a_community_that_is_not_there_does_not_keep_it_from_its_doi(
    depositor: User, deposit: Deposit, repository: FakeInvenio, community: str
) -> None:
    repository.communities.clear()

    published(depositor, deposit)

    assert deposit.state == DepositState.PUBLISHED
    assert "could not be asked to include it" in deposit.message


def test_a_redirect_is_not_followed(deposit: Deposit, repository: FakeInvenio) -> None:
    repository.fail_on("", 302, headers={"Location": f"{repository.url}/elsewhere"})

    finish(deposit)

    assert deposit.state == DepositState.FAILED
    assert repository.asked("/elsewhere") == 0


def test_an_endless_answer_is_not_read(deposit: Deposit, repository: FakeInvenio) -> None:
    repository.fail_on("", 200, body={"id": "1", "x": "y" * (5 << 20)})

    finish(deposit)

    assert deposit.state == DepositState.FAILED


@pytest.mark.parametrize("body", [[], "text", {"id": "../users"}, {"id": None}, {}])
def test_an_answer_of_another_shape_ends_it(
    deposit: Deposit, repository: FakeInvenio, body: object
) -> None:
    repository.fail_on("^POST /api/records$", 201, body=body)

    finish(deposit)

    assert deposit.state == DepositState.FAILED
    assert deposit.remote_id == ""
