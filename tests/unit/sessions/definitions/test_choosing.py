"""What a person's choices add up to, and who may choose what."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from sessions.definitions import Accelerator, Launch, NotForYou, WrongChoice, choose
from tests.unit.sessions.definitions.site import GPU, IMAGE, OTHER, site

TODAY = date(2026, 11, 22)
GROUPS = ["/escape/gpu"]


def chosen(handle: str = "bob", groups: list[str] | None = None, **options: Any) -> Launch:
    return choose(site().environments, options, handle=handle, groups=groups or [], today=TODAY)


def test_an_empty_wish_gets_the_default_environment_and_its_defaults() -> None:
    launch = chosen()

    assert launch.user_options == {
        "profile": "physics", "cpu": "4", "memory": "4", "lifetime": "8",
    }  # fmt: skip
    assert (launch.cpu, launch.cpu_guarantee, launch.memory_gb) == (4, 0.5, 4)
    assert (launch.image, launch.local, launch.default_url) == (IMAGE, "physics", "lab")
    assert (launch.lifetime_hours, launch.longest_hours, launch.minutes_idle) == (8, 48, 60)


def test_a_choice_settles_what_it_stands_for() -> None:
    launch = chosen(profile="physics", cpu="1", memory="2")

    assert (launch.cpu, launch.cpu_guarantee) == (1, None)
    assert (launch.memory_gb, launch.memory_guarantee_gb) == (2, 1)


def test_what_the_environment_settles_holds_where_no_option_does() -> None:
    launch = chosen(groups=GROUPS, profile="gpu", accelerator="a100", stack="old")

    assert (launch.cpu, launch.cpu_guarantee, launch.memory_gb) == (2, 1, 16)
    assert launch.accelerator == Accelerator("NVIDIA A100", "nvidia.com/gpu", 2, {"gpu": "a100"})
    assert (launch.image, launch.local) == (OTHER, None)


def test_without_a_longest_lifetime_nothing_is_extended() -> None:
    assert chosen(groups=GROUPS, profile="gpu", lifetime="4").longest_hours == 4


def test_a_typed_value_is_taken_where_the_option_allows_it() -> None:
    gigabytes: dict[str, Any] = {"memory--unlisted-choice": "7"}
    stack: dict[str, Any] = {"stack--unlisted-choice": "registry.example/vre/x"}

    memory = chosen(**gigabytes)
    image = chosen(groups=GROUPS, profile="gpu", **stack)

    assert (memory.memory_gb, memory.user_options["memory--unlisted-choice"]) == (7, "7")
    assert "memory" not in memory.user_options
    assert image.image == "registry.example/vre/x"


@pytest.mark.parametrize(
    ("wish", "field", "says"),
    [
        (
            {"profile": "heavy"},
            "environment",
            "no environment 'heavy'. Choose one of: physics, gpu",
        ),
        ({"profile": ["gpu"]}, "environment", "There is no environment"),
        ({"gpu": "1"}, "options.gpu", "has no option 'gpu'. Its options: cpu, lifetime, memory"),
        ({"memory": "64"}, "options.memory", "can't be '64'. Choose one of: 2, 4"),
        ({"memory": {}}, "options.memory", "can't be"),
        ({"cpu--unlisted-choice": "9"}, "options.cpu--unlisted-choice", "has to be one of: 1, 4"),
        ({"memory--unlisted-choice": "100"}, "options.memory--unlisted-choice", "Up to 99."),
        ({"memory--unlisted-choice": "0"}, "options.memory--unlisted-choice", "can't be '0'"),
        ({"memory--unlisted-choice": "7\n"}, "options.memory--unlisted-choice", "can't be"),
        ({"memory--unlisted-choice": 7}, "options.memory--unlisted-choice", "can't be"),
    ],
)
def test_a_wrong_wish_is_told_what_there_is(wish: dict[str, Any], field: str, says: str) -> None:
    with pytest.raises(WrongChoice) as refused:
        chosen(**wish)

    assert says in refused.value.message
    assert refused.value.field == field


def test_groups_open_an_environment() -> None:
    assert chosen(groups=GROUPS, profile="gpu").image == GPU
    with pytest.raises(NotForYou, match="GPU is for members of /escape/gpu"):
        chosen(groups=["/escape"], profile="gpu")


def test_what_somebody_made_is_theirs() -> None:
    assert chosen(handle="ann-x1", profile="mine").local == "mine"
    with pytest.raises(NotForYou, match="the person who made it"):
        chosen(handle="bob", groups=GROUPS, profile="mine")


def test_a_deprecated_environment_can_be_used_until_its_last_day() -> None:
    old, last = site().environments[2], date(2026, 12, 31)
    wish = {"profile": "old"}

    assert choose(old, wish, handle="bob", groups=[], today=last).local == "old"
    with pytest.raises(WrongChoice, match="Use 'physics' instead"):
        choose(old, wish, handle="bob", groups=[], today=date(2027, 1, 1))


def test_without_a_default_the_first_that_one_may_use_is_taken() -> None:
    without = site().environments[1:]

    assert choose(without, {}, handle="bob", groups=[], today=TODAY).environment == "old"
    with pytest.raises(NotForYou, match="no environment that you may use"):
        choose(without, {}, handle="bob", groups=[], today=date(2027, 1, 1))


def test_a_launch_outlives_the_process_that_chose_it() -> None:
    launch = chosen(groups=GROUPS, profile="gpu", accelerator="a100")
    state = json.loads(json.dumps(launch.as_state())) | {"of_another_release": 1}

    assert Launch.from_state(state) == launch
