"""From a list of packages to an environment that can be launched."""

from __future__ import annotations

import pytest

from accounts.models import User
from activity.models import Event
from sessions.models import BuildState
from sessions.services import builds
from tests.factories import make_user
from tests.fakes.builder import FakeBuilder
from tests.unit.sessions.builds.conftest import asked, made, turn
from tests.unit.sessions.conftest import work
from vre_portal.config import get_config
from vre_portal.errors import Conflict, Forbidden, InvalidRequest

REPOSITORY = "https://git.test/group/analysis"


def test_a_list_becomes_an_environment_with_its_packages(alice: User, builder: FakeBuilder) -> None:
    build = made(alice, "astropy\nnumpy==2.1")

    assert build.state == BuildState.READY
    assert [each["name"] for each in build.packages] == ["astropy", "numpy"]
    assert build.digest in builder.environments
    assert "Making an environment" in build.log
    assert Event.objects.filter(user=alice, verb="environment.ready").count() == 1


def test_the_same_list_is_ready_at_once_for_somebody_else(
    alice: User, bob: User, builder: FakeBuilder
) -> None:
    first = made(alice, "astropy\nnumpy")

    second = made(bob, "# my own\nnumpy\nastropy\n")

    assert second.state == BuildState.READY
    assert second.digest == first.digest
    assert "made before" in second.message
    assert builder.started == [first.digest]


def test_a_fault_is_told_before_anything_is_made(alice: User, builder: FakeBuilder) -> None:
    with pytest.raises(InvalidRequest, match="line 1: -e"):
        asked(alice, "-e .")

    assert not builds.visible_to(alice).exists()


@pytest.mark.parametrize(
    "address",
    [
        "http://git.test/x", "git@git.test:x", "ssh://git.test/x", "file:///etc", "https://",
        "https://name:secret@git.test/x", "https://git.test/x?token=1", "https://git.test/a b",
        "https://git.test:99999/x", "https://[::1", "javascript:alert(1)",
    ],
)  # fmt: skip
def test_only_public_https_repositories_are_taken(
    alice: User, builder: FakeBuilder, address: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        builds.make(alice, title="Mine", repository=address)

    assert caught.value.field == "repository"


@pytest.mark.parametrize("ref", ["--upload-pack=id", "a..b", "a b", "a" * 201])
def test_only_names_of_branches_tags_and_commits_are_taken(
    alice: User, builder: FakeBuilder, ref: str
) -> None:
    with pytest.raises(InvalidRequest) as caught:
        builds.make(alice, title="Mine", repository=REPOSITORY, ref=ref)

    assert caught.value.field == "ref"


def test_a_ref_beside_a_list_says_nothing(alice: User, builder: FakeBuilder) -> None:
    build = builds.make(alice, title="Mine", text="astropy", ref="main")

    assert (build.repository, build.ref) == ("", "")


def test_a_repository_is_made_at_its_commit(alice: User, builder: FakeBuilder) -> None:
    builder.repositories[REPOSITORY] = {
        "binder/environment.yml": "dependencies: [astropy]", "binder/postBuild": "x",
    }  # fmt: skip

    build = builds.make(alice, title="Mine", repository=REPOSITORY, ref="main")
    work()
    build.refresh_from_db()

    assert build.state == BuildState.READY
    assert (build.file_name, build.commit) == ("binder/environment.yml", "c" * 40)
    assert "not used here: postBuild" in build.log


def test_a_repository_without_packages_says_what_was_looked_for(
    alice: User, builder: FakeBuilder
) -> None:
    builder.repositories[REPOSITORY] = {"README.txt": "hello"}

    build = builds.make(alice, title="Mine", repository=REPOSITORY)
    work()
    build.refresh_from_db()

    assert build.state == BuildState.FAILED
    assert "no requirements.txt" in build.message


def test_a_failure_is_told_in_words_and_tried_again(alice: User, builder: FakeBuilder) -> None:
    builder.by_itself = False
    build = asked(alice)
    turn()
    turn()
    builder.break_down(builder.started[0], "The package index does not answer.")
    work()
    build.refresh_from_db()
    failed, message = build.state, build.message

    builder.by_itself = True
    builds.retry(build)
    work()
    build.refresh_from_db()

    assert failed == BuildState.FAILED
    assert message == "The package index does not answer."
    assert build.state == BuildState.READY


def test_a_cancelled_one_ends_its_work(alice: User, builder: FakeBuilder) -> None:
    builder.by_itself = False
    build = asked(alice)
    turn()
    turn()

    build.refresh_from_db()
    builds.cancel(build)
    work()
    build.refresh_from_db()

    assert build.state == BuildState.CANCELLED
    assert builder.cancelled == [build.digest]
    assert builder.jobs == {}


def test_work_that_somebody_else_waits_for_goes_on_when_one_cancels(
    alice: User, bob: User, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_BUILD_WORKERS", "2")
    get_config.cache_clear()
    builder.by_itself = False
    mine, theirs = asked(alice), asked(bob)
    for _ in range(3):
        turn()

    mine.refresh_from_db()
    builds.cancel(mine)
    builder.by_itself = True
    work()
    theirs.refresh_from_db()

    assert builder.cancelled == []
    assert theirs.state == BuildState.READY
    assert len(builder.started) == 1


def test_work_that_ended_without_a_word_begins_again_with_one_result(
    alice: User, builder: FakeBuilder
) -> None:
    builder.by_itself = False
    build = asked(alice)
    turn()
    turn()
    builder.die(builder.started[0])

    builder.by_itself = True
    work()
    build.refresh_from_db()

    assert build.state == BuildState.READY
    assert builder.started == [build.digest] * 2
    assert Event.objects.filter(user=alice, verb="environment.ready").count() == 1


def test_others_wait_and_are_told_how_many_are_before_them(
    alice: User, bob: User, builder: FakeBuilder
) -> None:
    builder.by_itself = False
    first, second, third = asked(alice), asked(alice, "scipy"), asked(bob, "pandas")
    turn()
    turn()
    for build in (first, second, third):
        build.refresh_from_db()

    assert [build.state for build in (first, second, third)] == ["building", "queued", "queued"]
    assert second.message.startswith("1 is made before")
    assert third.message.startswith("2 are made before")


def test_one_person_has_one_at_a_time_and_holds_nobody_up(
    alice: User, bob: User, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRE_BUILD_WORKERS", "2")
    get_config.cache_clear()
    builder.by_itself = False
    first, second, theirs = asked(alice), asked(alice, "scipy"), asked(bob, "pandas")
    turn()
    for build in (first, second, theirs):
        build.refresh_from_db()

    assert [build.state for build in (first, second, theirs)] == ["building", "queued", "building"]


def test_suspended_people_hold_nobody_up(alice: User, bob: User, builder: FakeBuilder) -> None:
    builder.by_itself = False
    asked(alice)
    turn()
    alice.is_active = False
    alice.save()
    builder.by_itself = True
    theirs = asked(bob, "scipy")
    for _ in range(4):
        turn()
    theirs.refresh_from_db()

    assert theirs.state == BuildState.READY


def test_a_person_keeps_at_most_50(
    alice: User, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        asked(alice, title=f"Number {number}")

    with pytest.raises(Conflict, match="You have 50"):
        asked(alice)


def test_a_site_without_a_builder_makes_none(
    alice: User, hub: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sessions.backends.building import get_builder

    monkeypatch.setenv("VRE_ENVIRONMENT_BUILDER", "")
    get_config.cache_clear()
    get_builder.cache_clear()
    try:
        with pytest.raises(Forbidden, match="can't be made at this site"):
            asked(make_user("carol"))
    finally:
        get_builder.cache_clear()
