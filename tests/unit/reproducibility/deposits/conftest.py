"""A repository on real HTTP, Alice's published analysis with its token, and the worker's turns."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import stored_tokens
from accounts.models import User
from reproducibility.models import Analysis, Deposit
from reproducibility.services.deposits import asking
from tests.fakes.invenio import FakeInvenio, serving
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.models import Operation, OperationState

TOKEN = "token-of-alice"
MOST_TURNS = 40


@pytest.fixture
def repository(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeInvenio]:
    """The repository that the site deposits in."""
    with serving() as fake:
        monkeypatch.setenv("VRE_DEPOSIT_URL", fake.url)
        monkeypatch.setenv("VRE_DEPOSIT_NAME", "Zenodo")
        get_config.cache_clear()
        yield fake
    monkeypatch.undo()
    get_config.cache_clear()


@pytest.fixture
def community(repository: FakeInvenio, monkeypatch: pytest.MonkeyPatch) -> str:
    """The community whose curators the site asks."""
    monkeypatch.setenv("VRE_DEPOSIT_COMMUNITY", "escape")
    get_config.cache_clear()
    return "escape"


@pytest.fixture
def dimuon(alice: User, analysis: Analysis) -> Analysis:
    """The published analysis, which is Alice's."""
    authors = [{"name": "Ada Lovelace", "orcid": "0000-0002-1825-0097"}]
    Analysis.objects.filter(pk=analysis.pk).update(owner=alice, authors=authors)
    analysis.refresh_from_db()
    return analysis


@pytest.fixture
def depositor(alice: User, repository: FakeInvenio) -> User:
    """Alice, who has pasted her token."""
    stored_tokens.keep(alice, "deposits", TOKEN)
    return alice


@pytest.fixture
def deposit(depositor: User, dimuon: Analysis) -> Deposit:
    """A deposit that no worker has touched."""
    return asking.begin(depositor, dimuon.slug)


def finish(deposit: Deposit) -> Deposit:
    """Give the worker turns until it has ended, whatever the clock says."""
    for _ in range(MOST_TURNS):
        if not work(deposit):
            break
    deposit.refresh_from_db()
    return deposit


def work(deposit: Deposit, turns: int = 1) -> bool:
    """Give the worker so many turns; whether there is more to do."""
    for _ in range(turns):
        waiting = Operation.objects.filter(subject=deposit.pk, state=OperationState.WAITING).first()
        if waiting is None:
            return False
        past = timezone.now() - timedelta(seconds=1)
        Operation.objects.filter(pk=waiting.pk).update(due_at=past, lease=None, lease_until=None)
        operations.advance(waiting.pk)
    deposit.refresh_from_db()
    return True


def published(user: User, deposit: Deposit) -> Deposit:
    """Bring a deposit to its end: prepared, confirmed, published."""
    finish(deposit)
    finish(asking.confirm(user, deposit, confirmed=True))
    deposit.refresh_from_db()
    return deposit


def next_version(analysis: Analysis) -> Analysis:
    """Give an analysis one more version that everybody sees."""
    before = analysis.newest
    after = analysis.versions.create(
        number=before.number + 1,
        specification=before.specification,
        content_sha256="1" * 64,
        public=True,
    )
    analysis.current = after
    analysis.save()
    return analysis
