"""A signed verdict outlives the account of whoever ran: it counts, it holds, it names nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.core import serializers
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from accounts import deletion
from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, Kind, Run, SignedVerdict
from reproducibility.services.captures import publishing
from reproducibility.services.verdicts_history import standing
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish
from tests.unit.reproducibility.test_signing import verify_with_openssl
from vre_portal.errors import Conflict

LEFT = "The run is gone with whoever ran it"


@pytest.fixture
def finished(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run that has ended with a verdict."""
    workflow_backend.runs_by_itself = True
    return finish(run)


@pytest.fixture
def verdict(finished: Run) -> SignedVerdict:
    """Its signed verdict."""
    return SignedVerdict.objects.get(run=finished)


@pytest.fixture
def reader(bob: User) -> Client:
    """The browser of somebody who sees published analyses."""
    client = Client()
    sign_in(client, bob)
    return client


def leave(user: User) -> None:
    """Let somebody's account be deleted, as it is when the time of grace has passed."""
    user.delete_after = timezone.now() - timedelta(minutes=1)
    user.save()
    assert deletion.delete_due() == 1


def test_a_verdict_stays_when_whoever_ran_has_left(alice: User, verdict: SignedVerdict) -> None:
    leave(alice)

    stays = SignedVerdict.objects.get()
    assert stays.run is None
    assert (stays.pk, stays.statement, stays.signature, stays.kind) == (
        verdict.pk, verdict.statement, verdict.signature, Kind.REPRODUCTION,
    )  # fmt: skip
    assert not Run.objects.exists()


def test_what_stays_names_nobody(alice: User, verdict: SignedVerdict) -> None:
    persons = {str(alice.pk), alice.handle, alice.display_name, alice.email} - {""}

    leave(alice)

    kept = serializers.serialize("json", SignedVerdict.objects.all())
    assert not [person for person in persons if person in kept]


def test_it_still_counts(alice: User, verdict: SignedVerdict, analysis: Analysis) -> None:
    before = standing(analysis)

    leave(alice)

    assert standing(analysis) == before
    assert before.times == 1


def test_its_page_says_quietly_that_the_run_is_gone(
    alice: User, verdict: SignedVerdict, reader: Client
) -> None:
    here = f"/verdicts/{verdict.pk}"
    before = reader.get(here).content.decode()

    leave(alice)

    after = reader.get(here).content.decode()
    assert LEFT not in before
    assert LEFT in after
    assert "Open the run" not in after
    assert "results/fit.json" in after
    assert "The signature does not hold" not in after


@pytest.mark.parametrize(
    "path", ["/analyses/dimuon", "/api/v1/analyses/dimuon/verdicts", "/api/v1/verdicts/{}",
             "/api/v1/analyses/dimuon/verification", "/api/v1/analyses/dimuon/badge.svg"],
)  # fmt: skip
def test_pages_and_the_api_go_on_telling_it(
    alice: User, verdict: SignedVerdict, reader: Client, path: str
) -> None:
    leave(alice)

    answer = reader.get(path.format(verdict.pk))

    assert answer.status_code == 200
    assert "bit-identical" in answer.content.decode().lower().replace(" ", "-")


def test_openssl_still_says_that_the_signature_is_good(
    alice: User, verdict: SignedVerdict, reader: Client, tmp_path: Path
) -> None:
    leave(alice)

    for name in ("statement.json", "statement.sig"):
        (tmp_path / name).write_bytes(reader.get(f"/verdicts/{verdict.pk}/{name}").content)
    key = reader.get(f"/.well-known/vre-verdict-key.pem?kid={verdict.key_id}")
    (tmp_path / "key.pem").write_bytes(key.content)
    assert verify_with_openssl(tmp_path).returncode == 0
    assert json.loads((tmp_path / "statement.json").read_text())["verdict"] == str(verdict.pk)


def test_of_a_hidden_analysis_nobody_else_sees_it(
    alice: User, verdict: SignedVerdict, reader: Client
) -> None:
    Analysis.objects.update(published=False)

    leave(alice)

    assert reader.get(f"/verdicts/{verdict.pk}").status_code == 404


def test_a_proof_whose_author_left_still_reproduces_nothing(
    alice: User, analysis: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    proof = services.start_run(alice, analysis)
    Run.objects.filter(pk=proof.pk).update(kind=Kind.PROOF)
    finish(proof)

    leave(alice)

    assert SignedVerdict.objects.get().kind == Kind.PROOF
    assert standing(analysis).times == 0


def test_what_somebody_who_left_has_verified_is_not_deleted(
    alice: User, bob: User, verdict: SignedVerdict, analysis: Analysis
) -> None:
    Analysis.objects.filter(pk=analysis.pk).update(owner=bob, published=False)
    leave(alice)

    with pytest.raises(Conflict, match="their verdicts name it"):
        publishing.delete(bob, analysis.slug)

    assert SignedVerdict.objects.exists()


def test_verdicts_on_runs_of_the_owner_go_with_the_analysis(
    alice: User, verdict: SignedVerdict, analysis: Analysis
) -> None:
    Analysis.objects.filter(pk=analysis.pk).update(owner=alice, published=False)

    publishing.delete(alice, analysis.slug)

    assert not SignedVerdict.objects.exists()


@pytest.mark.parametrize(
    "change",
    [{"level": "different"}, {"run": None, "level": "different"}, {"kind": "proof"},
     {"run": None, "statement": "{}"}, {"run": None, "signed_at": timezone.now()}],
)  # fmt: skip
def test_a_row_may_lose_its_run_and_nothing_else(
    verdict: SignedVerdict, change: dict[str, object]
) -> None:
    rows = SignedVerdict.objects.filter(pk=verdict.pk)

    with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
        rows.update(**change)

    assert rows.values().get() == SignedVerdict.objects.values().get(run=verdict.run)


def test_a_verdict_that_lost_its_run_gets_no_other(
    bob: User, verdict: SignedVerdict, analysis: Analysis
) -> None:
    another = services.start_run(bob, analysis)
    SignedVerdict.objects.filter(pk=verdict.pk).update(run=None)

    for change in ({"run": another}, {"level": "different"}):
        with pytest.raises(DatabaseError, match="never changed"), transaction.atomic():
            SignedVerdict.objects.filter(pk=verdict.pk).update(**change)
