"""What a session is started with."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from demo.jupyterhub import profiles
from demo.jupyterhub.component import ENVIRONMENTS
from demo.stack import REPOSITORY

OPTION = {"choices": {"2": {"launch": {"memory_gb": 2}}, "4": {"launch": {"memory_gb": 4}}}}
ENTRIES: list[dict[str, Any]] = [
    {"slug": "light", "name": "Light"},
    {
        "slug": "physics",
        "name": "Physics",
        "default": True,
        "minutes_idle": 30,
        "launch": {"environment": "science", "lifetime_hours": 8},
        "options": {"memory_gb": OPTION},
    },
]


def test_an_empty_wish_gets_the_default_environment_and_its_first_choices() -> None:
    launch = profiles.choose(ENTRIES, {})

    assert launch == profiles.Launch(
        title="Physics", environment="science", memory_gb=2, lifetime_hours=8, minutes_idle=30
    )


def test_a_choice_settles_what_it_stands_for() -> None:
    launch = profiles.choose(ENTRIES, {"profile": "physics", "memory_gb": "4"})

    assert launch.memory_gb == 4


def test_an_environment_is_called_by_its_slug_unless_it_says_otherwise() -> None:
    launch = profiles.choose(ENTRIES, {"profile": "light"})

    assert launch.environment == "light"
    assert launch.memory_gb is None


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        ({"profile": "heavy"}, "no environment 'heavy'. Choose one of: light, physics"),
        ({"profile": ["light"]}, "There is no environment"),
        ({"profile": "light", "gpu": "1"}, "'light' has no option 'gpu'. Its options: none"),
        ({"profile": "physics", "memory_gb": "64"}, "can't be '64'. Choose one of: 2, 4"),
        ({"profile": "physics", "memory_gb": {}}, "can't be"),
    ],
)
def test_a_wrong_wish_is_told_what_there_is(wish: dict[str, Any], said: str) -> None:
    with pytest.raises(profiles.ProfileError, match=said.replace("[", r"\[")):
        profiles.choose(ENTRIES, wish)


def test_an_unknown_launch_setting_is_named() -> None:
    entry = {"slug": "x", "name": "X", "launch": {"gpus": 2}}

    with pytest.raises(profiles.ProfileError, match="gpus"):
        profiles.choose([entry], {})


@pytest.mark.parametrize(
    "text", ["environments: []", "- a", "environments: [{slug: a}]", "a: [", ""]
)
def test_a_file_that_lists_nothing_usable_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(text)

    with pytest.raises(profiles.ProfileError, match=r"environments\.yaml"):
        profiles.read(path)


def test_the_longest_idle_time_is_unlimited_when_one_environment_is() -> None:
    assert profiles.longest_idle(ENTRIES) is None
    assert profiles.longest_idle([{"minutes_idle": 5}, {"minutes_idle": 60}]) == 60


def test_every_choice_of_the_demo_can_be_launched_in_an_environment_that_is_built() -> None:
    entries = profiles.read(REPOSITORY / "demo" / "environments.yaml")

    launches = [
        profiles.choose(entries, {"profile": entry["slug"], key: choice})
        for entry in entries
        for key, option in entry["options"].items()
        for choice in option["choices"]
    ]

    assert {launch.environment for launch in launches} == {"physics", "light"}
    assert {launch.environment for launch in launches} <= set(ENVIRONMENTS)
    assert profiles.choose(entries, {}).environment == "physics"


def test_the_versions_on_the_cards_are_the_locked_ones() -> None:
    entries = profiles.read(REPOSITORY / "demo" / "environments.yaml")

    for entry in entries:
        folder = REPOSITORY / "demo" / "jupyterhub" / entry["launch"]["environment"]
        locked = (folder / "requirements.txt").read_text()
        words = " ".join(entry["contents"]).replace(",", " ").split()
        for name, version in pairwise(words):
            if version[0].isdigit() and name != "Python":
                package = {"rucio": "rucio-clients"}.get(name, name)
                assert f"\n{package}=={version}" in f"\n{locked}", (package, version)


HOUR = 3600.0


@pytest.mark.parametrize(
    ("began", "seen", "reason"),
    [
        (0.0, 9.9 * HOUR, "its lifetime of 8 hours is over"),
        (3 * HOUR, 9.9 * HOUR, None),
        (3 * HOUR, 3 * HOUR, "nobody used it for 30 minutes"),
        (9.9 * HOUR, 1 * HOUR, None),
    ],
)
def test_a_session_ends_with_its_lifetime_or_unused(
    began: float, seen: float, reason: str | None
) -> None:
    launch = profiles.Launch("Light", "light", lifetime_hours=8, minutes_idle=30)

    assert launch.over(began=began, seen=seen, now=10 * HOUR) == reason


def test_a_session_without_limits_goes_on() -> None:
    launch = profiles.Launch("Light", "light")

    assert launch.over(began=0, seen=0, now=1e9) is None
