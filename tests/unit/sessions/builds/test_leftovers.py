"""Work that has ended: nothing of it is done again, and nothing of it is left behind."""

from __future__ import annotations

import pytest

from accounts.models import User
from sessions.models import Build, BuildState
from sessions.services import builds
from tests.fakes.builder import FakeBuilder
from tests.unit.sessions.builds.conftest import asked, made, turn
from tests.unit.sessions.conftest import work
from vre_portal.config import get_config

REPOSITORY = "https://git.test/group/analysis"


def of_repository(user: User, builder: FakeBuilder, text: str) -> Build:
    """Ask for what a repository lists, and return how far it gets."""
    builder.repositories[REPOSITORY] = {"requirements.txt": text}
    build = builds.make(user, title="Mine", repository=REPOSITORY)
    work()
    build.refresh_from_db()
    return build


@pytest.mark.parametrize("text", ["", "\n"])
def test_an_empty_list_of_a_repository_is_told_and_not_fetched_again(
    alice: User, builder: FakeBuilder, text: str
) -> None:
    build = of_repository(alice, builder, text)

    assert build.state == BuildState.FAILED
    assert build.message == "requirements.txt lists no package."


def test_a_list_that_is_no_text_is_told(alice: User, builder: FakeBuilder) -> None:
    build = of_repository(alice, builder, "numpy\x00")

    assert (build.state, build.message) == (
        BuildState.FAILED, "requirements.txt is not a text file.",
    )  # fmt: skip


def test_the_log_stays_when_a_repository_was_made_and_its_work_goes(
    alice: User, builder: FakeBuilder
) -> None:
    build = of_repository(alice, builder, "astropy")

    assert build.state == BuildState.READY
    assert build.log.startswith(f"Fetching {REPOSITORY}")
    assert builder.jobs == {}


def test_a_list_that_could_not_be_made_keeps_its_log_and_nothing_else(
    alice: User, builder: FakeBuilder
) -> None:
    builder.by_itself = False
    build = asked(alice)
    turn()
    turn()
    builder.break_down(builder.started[0], "The package index does not answer.")
    work()
    build.refresh_from_db()

    assert build.state == BuildState.FAILED
    assert "Making an environment" in build.log
    assert builder.jobs == {}


def test_a_repository_that_could_not_be_fetched_leaves_nothing(
    alice: User, builder: FakeBuilder
) -> None:
    build = builds.make(alice, title="Mine", repository="https://git.test/absent")
    work()
    build.refresh_from_db()

    assert (build.state, builder.jobs) == (BuildState.FAILED, {})


def test_who_waits_for_the_same_work_sees_its_end_too(
    alice: User, bob: User, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_BUILD_WORKERS", "2")
    get_config.cache_clear()
    builder.by_itself = False
    mine, theirs = asked(alice), asked(bob)
    for _ in range(3):
        turn()
    builder.break_down(builder.started[0], "It was too much.")
    work()
    for build in (mine, theirs):
        build.refresh_from_db()

    assert [build.message for build in (mine, theirs)] == ["It was too much."] * 2
    assert len(builder.started) == 1
    assert builder.jobs == {}


def test_what_was_made_before_leaves_no_work_either(
    alice: User, bob: User, builder: FakeBuilder
) -> None:
    made(alice)
    made(bob)

    assert builder.jobs == {}
