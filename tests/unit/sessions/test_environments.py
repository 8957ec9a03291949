"""The site's environments in the portal: read when they change, checked for whom they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from sessions import environments
from sessions.environments import EnvironmentsInvalid, named, user_options
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import ENVIRONMENTS
from vre_portal.errors import Forbidden, InvalidRequest, UpstreamUnavailable

WRONG = "environments:\n  - {slug: a, titel: A, local: a}\n  - {slug: b, local: b}\n"
OLD = """  - {slug: old, title: Old, local: old, status: deprecated, deprecated_until: 2020-01-01,
     use_instead: physics}
"""


def write(file: Path, text: str) -> None:
    """Write a file that is newer than any before it."""
    before = file.stat().st_mtime_ns
    file.write_text(text)
    os.utime(file, ns=(before + 1, before + 1))


def test_every_option_gets_its_choice(alice: User, hub: FakeHub) -> None:
    physics = named("physics")

    assert user_options(physics, {}, user=alice) == {"profile": "physics", "memory_gb": "2"}
    assert user_options(physics, {"memory_gb": "4"}, user=alice)["memory_gb"] == "4"


@pytest.mark.parametrize(
    ("slug", "wanted", "field"),
    [
        ("physics", {"memory_gb": "8"}, "options.memory_gb"),
        ("light", {"memory_gb": "2"}, "options.memory_gb"),
        ("light", {"profile": "gpu"}, "options.profile"),
    ],
)
def test_what_there_is_not_is_an_invalid_request(
    alice: User, hub: FakeHub, slug: str, wanted: dict[str, str], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        user_options(named(slug), wanted, user=alice)

    assert refused.value.field == field


def test_an_unknown_environment_names_those_that_there_are(hub: FakeHub) -> None:
    with pytest.raises(InvalidRequest, match="Choose one of: physics, light, gpu"):
        named("heavy")


def test_groups_open_an_environment(alice: User, hub: FakeHub) -> None:
    with pytest.raises(Forbidden):
        user_options(named("gpu"), {}, user=alice)
    assert [each.slug for each in environments.usable(alice)] == ["physics", "light"]

    alice.groups = ["/escape/gpu"]

    assert user_options(named("gpu"), {}, user=alice) == {"profile": "gpu"}


def test_what_is_over_can_not_be_launched(
    alice: User, hub: FakeHub, environments_file: Path
) -> None:
    write(environments_file, ENVIRONMENTS + OLD)

    with pytest.raises(InvalidRequest, match="Use 'physics' instead"):
        user_options(named("old"), {}, user=alice)
    assert "old" not in {each.slug for each in environments.usable(alice)}


def test_what_others_made_for_themselves_is_not_told(
    alice: User, hub: FakeHub, environments_file: Path
) -> None:
    made = f"  - {{slug: hers, title: Hers, local: hers, owner: {alice.handle}}}\n"
    other = "  - {slug: his, title: His, local: his, owner: bob}\n"
    write(environments_file, ENVIRONMENTS + made + other)

    told = {each.slug for each in environments.told_of(alice)}

    assert "hers" in told
    assert "his" not in told
    assert user_options(named("hers"), {}, user=alice) == {"profile": "hers"}
    with pytest.raises(Forbidden):
        user_options(named("his"), {}, user=alice)


def test_a_changed_file_is_read_again(hub: FakeHub, environments_file: Path) -> None:
    assert len(environments.all_environments()) == 3

    write(environments_file, "environments: [{slug: one, title: One, local: one}]")

    assert [item.slug for item in environments.all_environments()] == ["one"]


def test_a_file_that_is_gone_is_said_so(hub: FakeHub, environments_file: Path) -> None:
    environments_file.unlink()

    with pytest.raises(UpstreamUnavailable, match="Tell the operators"):
        environments.all_environments()
    assert environments.faults() == (f"{environments_file} can't be read",)


def test_all_faults_are_told_to_operators_and_the_first_to_all(
    hub: FakeHub, environments_file: Path
) -> None:
    write(environments_file, WRONG)

    with pytest.raises(EnvironmentsInvalid) as refused:
        environments.all_environments()

    assert len(refused.value.faults) == 3
    assert refused.value.faults == environments.faults()
    assert "environments.yaml, line 2, environments[0] 'a'" in refused.value.message
    assert "(and 2 more)" in refused.value.message


def test_a_good_file_has_no_faults(hub: FakeHub) -> None:
    assert environments.faults() == ()


def test_a_wrong_file_is_a_page_that_says_so(
    browser: Client, hub: FakeHub, environments_file: Path
) -> None:
    write(environments_file, WRONG)

    answer = browser.get("/sessions/new")

    assert answer.status_code == EnvironmentsInvalid.status
    assert "until the operators have corrected this" in answer.content.decode()
