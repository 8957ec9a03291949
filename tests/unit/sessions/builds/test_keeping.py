"""What was made is launched, shared, told to the hub, and taken away."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from sessions import definitions, environments, services
from sessions import made as offers
from sessions.models import BuildState, Session
from sessions.services import builds
from tests.fakes.builder import FakeBuilder
from tests.unit.sessions.builds.conftest import GROUP, made
from tests.unit.sessions.conftest import work
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

pytestmark = pytest.mark.usefixtures("builder")


def told(built: Path) -> dict[str, definitions.Environment]:
    files = (built / "definitions").glob("*.yaml")
    return {file.stem: definitions.read(file).environments[0] for file in files}


def test_it_stands_among_its_owners_environments_and_no_others(alice: User, bob: User) -> None:
    build = made(alice)

    assert build.slug in [each.slug for each in environments.usable(alice)]
    assert build.slug not in [each.slug for each in environments.told_of(bob)]


def test_the_hub_is_told_the_same_as_the_portal(alice: User, built: Path) -> None:
    build = made(alice)

    found = told(built)[build.slug]

    assert found == environments.named(build.slug)
    assert (found.owner, found.groups) == (alice.handle, ())
    assert found.settings.local == f"built-{build.digest}"
    assert [option.key for option in found.options] == ["memory_gb"]


def test_a_session_is_launched_in_it(alice: User) -> None:
    build = made(alice)

    session = services.launch(alice, environment=build.slug)

    assert session.environment_name == "Mine"
    assert session.options["profile"] == build.slug


def test_nobody_else_launches_it_by_its_slug(alice: User, bob: User) -> None:
    build = made(alice)

    with pytest.raises(Forbidden):
        services.launch(bob, environment=build.slug)


def test_a_group_launches_what_is_shared_with_it_and_changes_nothing(
    member: User, colleague: User, built: Path
) -> None:
    build = made(member)

    builds.share(build, [GROUP])

    assert told(built)[build.slug].groups == (GROUP,)
    assert build.slug in [each.slug for each in environments.usable(colleague)]
    assert builds.get(colleague, build.pk) == build
    with pytest.raises(Forbidden):
        builds.get_own(colleague, build.pk)


def test_it_is_shared_with_groups_of_ones_own_only(alice: User) -> None:
    with pytest.raises(InvalidRequest, match="not a member"):
        builds.share(made(alice), ["/escape/others"])


def test_a_share_is_taken_back_at_the_hub_too(member: User, colleague: User, built: Path) -> None:
    build = made(member)
    builds.share(build, [GROUP])

    builds.share(build, [])

    assert told(built)[build.slug].groups == ()
    with pytest.raises(NotFound):
        builds.get(colleague, build.pk)


def test_a_new_title_reaches_the_hub(alice: User, built: Path) -> None:
    build = made(alice)

    builds.change_texts(build, title="  Better \n name ")

    assert told(built)[build.slug].title == "Better name"


def test_it_is_not_removed_while_a_session_runs_in_it(alice: User, built: Path) -> None:
    build = made(alice)
    session = services.launch(alice, environment=build.slug)

    with pytest.raises(Conflict, match="A session runs in Mine"):
        builds.remove(build)
    services.stop(session)
    work()
    builds.remove(build)

    assert told(built) == {}
    assert build.slug not in [each.slug for each in environments.usable(alice)]


def test_its_files_stay_while_somebody_else_has_the_same(
    alice: User, bob: User, builder: FakeBuilder
) -> None:
    mine, theirs = made(alice), made(bob)

    builds.remove(mine)
    builds.tidy()
    kept = set(builder.environments)
    builds.remove(theirs)
    builds.tidy()

    assert kept == {mine.digest}
    assert builder.environments == {}


def test_what_nobody_used_for_long_goes_and_can_be_made_again(
    alice: User, builder: FakeBuilder, built: Path
) -> None:
    build = made(alice)

    builds.tidy(timezone.now() + timedelta(days=59))
    kept = dict(builder.environments)
    builds.tidy(timezone.now() + timedelta(days=61))
    build.refresh_from_db()

    assert list(kept) == [build.digest]
    assert builder.environments == {}
    assert told(built) == {}
    assert build.state == BuildState.CANCELLED
    assert "Nobody used it for 60 days" in build.message
    builds.retry(build)
    work()
    build.refresh_from_db()
    assert build.state == BuildState.READY


def test_a_session_of_late_keeps_it(alice: User, builder: FakeBuilder) -> None:
    build = made(alice)
    session = services.launch(alice, environment=build.slug)
    services.stop(session)
    work()
    later = timezone.now() + timedelta(days=61)
    Session.objects.filter(pk=session.pk).update(created_at=later - timedelta(days=2))

    builds.tidy(later)

    assert list(builder.environments) == [build.digest]


def test_a_changed_base_is_told_and_its_files_are_not_offered(
    alice: User, builder: FakeBuilder, built: Path
) -> None:
    build = made(alice)
    builder.environments.clear()  # as the local builder does not count what is on another base

    builds.tidy()
    build.refresh_from_db()

    assert build.state == BuildState.FAILED
    assert "Make it again" in build.message
    assert told(built) == {}


def test_a_slug_that_is_nobodys_is_no_environment(alice: User) -> None:
    assert offers.named("own-000000000000") is None
    with pytest.raises(InvalidRequest, match="There is no environment"):
        services.launch(alice, environment="own-000000000000")
