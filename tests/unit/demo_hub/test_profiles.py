"""What the hub makes of the site's environments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from demo.jupyterhub import profiles
from demo.jupyterhub.component import ENVIRONMENTS
from demo.stack import REPOSITORY
from sessions.definitions import Environment, Launch, read

DEMO = REPOSITORY / "demo" / "environments.yaml"
SITE = """
environments:
  - {slug: light, title: Light, local: light, minutes_idle: 30}
  - slug: gpu
    title: GPU
    local: gpu
    groups: [/escape/gpu]
    minutes_idle: 60
    options:
      gpu:
        title: Accelerator
        choices:
          none: {title: None}
          one: {title: One, accelerator: {name: NVIDIA, kind: nvidia.com/gpu}}
  - {slug: image, title: Image, image: "a/b@sha256:%s", minutes_idle: 5}
""" % ("0" * 64)
HOUR = 3600.0


@pytest.fixture
def site(tmp_path: Path) -> Path:
    path = tmp_path / "environments.yaml"
    path.write_text(SITE)
    return path


def refusal(path: Path, wish: dict[str, Any], *, groups: tuple[str, ...] = ()) -> tuple[int, str]:
    with pytest.raises(profiles.ProfileError) as refused:
        profiles.choose(path, wish, handle="ann-x1", groups=groups)
    return refused.value.status, str(refused.value)


def test_a_wish_becomes_a_launch_in_a_local_environment(site: Path) -> None:
    launch = profiles.choose(site, {"profile": "light"}, handle="ann-x1", groups=())

    assert (launch.local, launch.environment) == ("light", "light")


def test_what_there_is_not_is_a_wrong_request(site: Path) -> None:
    assert refusal(site, {"profile": "heavy"})[0] == 400
    assert refusal(site, {"profile": "light", "gpu": "one"})[0] == 400


def test_the_groups_that_the_hub_knows_open_an_environment(site: Path) -> None:
    status, said = refusal(site, {"profile": "gpu"})
    launch = profiles.choose(site, {"profile": "gpu"}, handle="ann-x1", groups={"/escape/gpu"})

    assert status == 403
    assert "GPU is for members of /escape/gpu" in said
    assert launch.local == "gpu"


@pytest.mark.parametrize(
    ("wish", "says"),
    [
        ({"profile": "gpu", "gpu": "one"}, "this hub has no accelerators"),
        ({"profile": "image"}, "this hub has no images"),
    ],
)
def test_what_the_hub_can_not_enforce_is_not_started(
    site: Path, wish: dict[str, Any], says: str
) -> None:
    status, said = refusal(site, wish, groups=("/escape/gpu",))

    assert status == 500
    assert says in said


def test_a_file_with_faults_is_the_sites_fault(site: Path) -> None:
    site.write_text("environments: [{slug: a}]")
    os.utime(site, ns=(1, 1))

    status, said = refusal(site, {})

    assert status == 500
    assert "environments.yaml, line 1, environments[0] 'a': needs `title`" in said
    assert refusal(site.with_name("gone.yaml"), {})[0] == 500


def test_the_culler_waits_an_hour_longer_than_the_longest_idle_time(site: Path) -> None:
    assert profiles.culling_seconds(read(site)) == 60 * 60 + 3600


def test_the_culler_of_a_site_without_idle_times_waits_half_a_day_and_an_hour(site: Path) -> None:
    site.write_text("environments: [{slug: a, title: A, local: a}]")

    assert profiles.culling_seconds(read(site)) == 13 * 3600


@pytest.mark.parametrize(
    ("lifetime", "longest", "hours", "ends"),
    [
        (8, 48, 47.9, False),
        (8, 48, 48.1, False),
        (8, 48, 48.3, True),
        (8, None, 8.1, False),
        (8, None, 8.3, True),
        (None, None, 1e6, False),
    ],
)
def test_the_hub_ends_only_what_no_extension_allows(
    lifetime: float | None, longest: float | None, hours: float, ends: bool
) -> None:
    launch = Launch("light", "Light", lifetime_hours=lifetime, max_lifetime_hours=longest)

    reason = profiles.overdue(launch, began=0.0, now=hours * HOUR)

    assert (reason is not None) == ends


@pytest.mark.parametrize(
    ("cpu", "turn", "given"),
    [(1, 0, [0]), (1, 5, [1]), (2, 3, [0, 3]), (0.5, 2, [2]), (9, 0, [0, 1, 2, 3])],
)
def test_sessions_are_spread_over_the_processors(cpu: float, turn: int, given: list[int]) -> None:
    assert profiles.processors(cpu, {0, 1, 2, 3}, turn=turn) == given


def every_launch(environment: Environment) -> list[Launch]:
    return [
        profiles.choose(
            DEMO,
            {"profile": environment.slug, option.key: choice.slug},
            handle="ann-x1",
            groups=environment.groups,
        )
        for option in environment.options
        for choice in option.choices
    ]


def test_every_choice_of_the_demo_can_be_launched_in_an_environment_that_is_built() -> None:
    launches = [
        each for environment in read(DEMO).environments for each in every_launch(environment)
    ]

    assert {launch.local for launch in launches} == {"physics", "light"}
    assert {launch.local for launch in launches} <= set(ENVIRONMENTS)
    assert profiles.choose(DEMO, {}, handle="ann-x1", groups=()).local == "physics"


def test_the_demo_offers_nothing_that_its_hub_does_not_enforce() -> None:
    enforced = {"cpu", "memory_gb", "lifetime_hours", "local"}

    for environment in read(DEMO).environments:
        choices = [choice for option in environment.options for choice in option.choices]
        for settings in (environment.settings, *(choice.settings for choice in choices)):
            assert set(settings.names) <= enforced


def test_the_versions_on_the_cards_are_the_locked_ones() -> None:
    for environment in read(DEMO).environments:
        folder = REPOSITORY / "demo" / "jupyterhub" / str(environment.settings.local)
        locked = f"\n{(folder / 'requirements.txt').read_text()}"
        told = [*environment.versions.items(), *(each.split() for each in environment.packages)]
        for name, *version in told:
            if name != "Python":
                package = {"rucio": "rucio-clients"}.get(name, name)
                assert f"\n{package}=={''.join(version)}" in locked, (package, version)
