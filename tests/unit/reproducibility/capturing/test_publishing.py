"""What the owner of an analysis does with it, and what others can not."""

from __future__ import annotations

import pytest

from accounts.models import User
from reproducibility import services
from reproducibility.capture.values import Author
from reproducibility.models import Analysis
from reproducibility.services.captures import editing, publishing, saving
from reproducibility.services.captures.editing import Edits
from tests.unit.reproducibility.capturing.conftest import FILES, saved
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound


def test_an_unproven_analysis_is_not_published(alice: User) -> None:
    version = saved(alice, FILES)

    with pytest.raises(Conflict, match="under way"):
        publishing.publish(alice, version.analysis.slug)

    assert not Analysis.objects.get().published


def test_a_proven_analysis_is_published_and_withdrawn(
    alice: User, bob: User, proven: Analysis
) -> None:
    publishing.publish(alice, proven.slug)
    assert services.find_analysis(bob, proven.slug) == proven

    publishing.withdraw(alice, proven.slug)

    with pytest.raises(NotFound):
        services.find_analysis(bob, proven.slug)


def test_only_its_owner_changes_an_analysis(alice: User, bob: User, proven: Analysis) -> None:
    publishing.publish(alice, proven.slug)

    for act in (publishing.publish, publishing.withdraw, publishing.delete):
        with pytest.raises(Forbidden):
            act(bob, proven.slug)


def test_the_description_changes_and_the_versions_stay(alice: User, proven: Analysis) -> None:
    before = proven.newest.content_sha256

    changed = publishing.describe(
        alice, proven.slug, title="Masses", authors=(Author("Ada", "0000-0002-1825-0097"),)
    )

    assert changed.title == "Masses"
    assert changed.slug == proven.slug
    assert changed.newest.content_sha256 == before
    with pytest.raises(InvalidRequest) as refused:
        publishing.describe(alice, proven.slug, authors=(Author("Ada", "1"),))
    assert refused.value.field == "authors"


def test_an_unpublished_analysis_is_deleted_with_its_runs(alice: User, proven: Analysis) -> None:
    publishing.delete(alice, proven.slug)

    assert not Analysis.objects.exists()


def test_a_published_or_running_analysis_is_not_deleted(alice: User, proven: Analysis) -> None:
    publishing.publish(alice, proven.slug)
    with pytest.raises(Conflict, match="Withdraw it first"):
        publishing.delete(alice, proven.slug)

    publishing.withdraw(alice, proven.slug)
    services.start_run(alice, proven)
    with pytest.raises(Conflict, match="A run of it goes on"):
        publishing.delete(alice, proven.slug)


def test_what_others_have_run_stays(alice: User, bob: User, proven: Analysis) -> None:
    publishing.publish(alice, proven.slug)
    run = services.start_run(bob, proven)
    type(run).objects.filter(pk=run.pk).update(state="finished")
    publishing.withdraw(alice, proven.slug)

    with pytest.raises(Conflict, match="Others have run it"):
        publishing.delete(alice, proven.slug)


def test_the_history_shows_what_each_version_changed(alice: User, proven: Analysis) -> None:
    capture_id = proven.newest.origin["capture"]
    text = FILES["reana.yaml"].decode().replace("python fit.py", "python fit.py --fast")
    editing.change(alice, capture_id, Edits(specification=text, roles={"README.md": ""}))
    saving.save(alice, capture_id)

    second, first = publishing.history(alice, proven)

    signs = {line.sign: line.text.strip() for line in second.lines if line.sign in "+-"}
    assert signs == {"-": "- python fit.py", "+": "- python fit.py --fast"}
    assert [(line.sign, line.text) for line in second.files] == [("-", "README.md")]
    assert (first.lines, first.files) == ((), ())
