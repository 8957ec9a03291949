"""What others see of a published analysis while a new version of it is not proven."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, AnalysisVersion, Proof
from reproducibility.services import badges, signing
from reproducibility.services.captures import editing, publishing, saving, starting
from reproducibility.services.captures.editing import Edits
from reproducibility.services.side_by_side import find_side, versions_of
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.capturing.conftest import FILES, RESULT, prove, saved
from vre_portal.errors import NotFound


@pytest.fixture
def published(alice: User, proven: Analysis) -> Analysis:
    """A published analysis, whose only version is proven."""
    return publishing.publish(alice, proven.slug)


def another(user: User, analysis: Analysis) -> AnalysisVersion:
    """Save a new version, whose proof begins."""
    capture_id = analysis.latest.origin["capture"]
    fast = starting.find(user, capture_id).specification.replace(
        "python fit.py", "python fit.py -q"
    )
    editing.change(user, capture_id, Edits(specification=fast))
    return saving.save(user, capture_id).version


def test_others_go_on_seeing_the_proven_one(alice: User, bob: User, published: Analysis) -> None:
    first = published.newest
    second = another(alice, published)

    seen = services.find_analysis(bob, published.slug)

    assert second.number == 2
    assert seen.newest == first
    assert [change.version for change in publishing.history(bob, seen)] == [first]
    assert badges.badged(published.slug, number="2") is None
    assert badges.badged(published.slug, number="2", user=bob) is None
    assert versions_of(bob, find_side(bob, str(first.pk))) == []
    for missing in (
        lambda: services.find_version(bob, seen, "2"),
        lambda: find_side(bob, str(second.pk)),
    ):
        with pytest.raises(NotFound):
            missing()


@pytest.mark.parametrize("page", ["reproduce", "variation", "recorded/results/fit.json"])
def test_no_page_shows_others_an_unproven_version(
    page: str, alice: User, bob: User, client: Client, published: Analysis
) -> None:
    another(alice, published)
    address = f"/analyses/{published.slug}/{page}"
    sign_in(client, bob)

    assert client.get(f"{address}?version=1").status_code == 200
    assert client.get(f"{address}?version=2").status_code == 404


def test_its_owner_sees_all_versions(alice: User, published: Analysis) -> None:
    second = another(alice, published)

    mine = services.find_analysis(alice, published.slug)

    assert services.find_version(alice, mine, "2") == second
    assert [change.version.number for change in publishing.history(alice, mine)] == [2, 1]
    assert find_side(alice, str(second.pk)).version == second
    assert badges.badged(published.slug, number="2", user=alice) is not None


def test_a_version_that_is_proven_is_the_one_that_others_see(
    alice: User, bob: User, published: Analysis, workflow_backend: FakeWorkflows
) -> None:
    second = prove(another(alice, published), workflow_backend)

    seen = services.find_analysis(bob, published.slug)

    assert second.proof == Proof.PASSED
    assert seen.newest == second
    assert services.find_version(bob, seen, "2") == second


def test_a_version_whose_proof_fails_stays_its_owners(
    alice: User, bob: User, published: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({})
    second = prove(another(alice, published), workflow_backend)

    seen = services.find_analysis(bob, published.slug)

    assert second.proof == Proof.FAILED
    assert seen.newest.number == 1
    assert publishing.own(alice, published.slug).latest == second


def test_versions_of_before_the_publication_are_not_shown(
    alice: User, bob: User, proven: Analysis, workflow_backend: FakeWorkflows
) -> None:
    prove(another(alice, proven), workflow_backend)
    publishing.publish(alice, proven.slug)

    seen = services.find_analysis(bob, proven.slug)

    assert [change.version.number for change in publishing.history(bob, seen)] == [2]


def test_verdicts_on_hidden_versions_are_not_listed(
    alice: User, bob: User, published: Analysis, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.gives({"results/fit.json": RESULT})
    prove(saved(alice, {**FILES, "results/fit.json": RESULT}), workflow_backend)
    hidden = Analysis.objects.exclude(pk=published.pk).get()
    Analysis.objects.filter(pk=hidden.pk).update(published=True)

    assert signing.verdicts_of(alice, hidden).count() == 1
    assert signing.verdicts_of(bob, hidden).count() == 0


def test_an_analysis_that_is_withdrawn_shows_its_owner_the_version_saved_last(
    alice: User, published: Analysis
) -> None:
    second = another(alice, published)

    assert publishing.withdraw(alice, published.slug).newest == second


def test_pages_tell_the_owner_what_others_see(
    alice: User, bob: User, client: Client, published: Analysis
) -> None:
    another(alice, published)

    sign_in(client, alice)
    page = client.get(f"/analyses/{published.slug}").content.decode()
    history = client.get(f"/analyses/{published.slug}/versions").content.decode()
    sign_in(client, bob)
    theirs = client.get(f"/analyses/{published.slug}").content.decode()

    assert "Version 2 is saved, and only you see it" in page
    assert "Others go on with version 1" in page
    assert history.count("Only you see it") == 1
    assert "only you see it" not in theirs
