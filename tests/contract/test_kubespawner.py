"""The rendered `profile_list` in KubeSpawner itself: choices become the pod that they stand for."""

from __future__ import annotations

import json
import subprocess
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sessions.definitions import Launch, choose, kubespawner
from tests.signin import running_stack
from tests.unit.sessions.definitions.site import site

SCRIPT = Path(__file__).with_name("kubespawner_script.py")
KNOWN = [each for each in site().environments if kubespawner.runs_on_kubernetes(each)]
GIB = 1 << 30


def wishes() -> list[dict[str, str]]:
    """Return each choice of each environment, the others left open, and the values to type."""
    chosen = [
        {"profile": each.slug, option.key: choice.slug}
        for each in KNOWN
        for option in each.options
        for choice in option.choices
    ]
    typed = [
        {"profile": "physics", "memory--unlisted-choice": "7"},
        {"profile": "gpu", "stack--unlisted-choice": "registry.example/vre/other"},
    ]
    return [*({"profile": each.slug} for each in KNOWN), *chosen, *typed]


def asked(*options: dict[str, str]) -> dict[str, Any]:
    """Return what KubeSpawner makes of the rendered list and of each of these options."""
    python = running_stack().python("kubespawner")
    question = {"profile_list": kubespawner.profile_list(KNOWN), "user_options": options}
    done = subprocess.run(
        [str(python), str(SCRIPT)], input=json.dumps(question), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def answer() -> dict[str, Any]:
    return asked(*wishes(), *filled_in())


def launched(wish: dict[str, str]) -> Launch:
    """Return what the portal says that a wish becomes."""
    groups = ["/escape/gpu"]
    return choose(KNOWN, wish, handle="bob", groups=groups, today=date(2026, 11, 22))


def filled_in() -> list[dict[str, str]]:
    """Return what the portal asks the hub for when nothing is chosen."""
    return [dict(launched({"profile": each.slug}).user_options) for each in KNOWN]


def expected(launch: Launch) -> dict[str, Any]:
    """Return the attributes that a launch has to become."""
    gpu, hours = launch.accelerator, launch.longest_hours
    devices = {gpu.kind: str(gpu.count)} if gpu else {}
    memory = int(launch.memory_gb * GIB) if launch.memory_gb else None
    guaranteed = launch.memory_guarantee_gb
    return {
        "image": launch.image,
        "cpu_limit": launch.cpu,
        "cpu_guarantee": launch.cpu_guarantee or launch.cpu,
        "mem_limit": memory,
        "mem_guarantee": int(guaranteed * GIB) if guaranteed else memory,
        "extra_resource_limits": devices,
        "extra_resource_guarantees": devices,
        "node_selector": dict(gpu.node_selector) if gpu else {},
        "default_url": f"/{launch.default_url}",
        "extra_pod_config": {"activeDeadlineSeconds": int(hours * 3600)} if hours else {},
    }


@pytest.mark.parametrize(
    "number", range(len(wishes())), ids=lambda n: "-".join(wishes()[n].values())
)
def test_a_choice_becomes_the_pod_that_it_stands_for(answer: dict[str, Any], number: int) -> None:
    wish = wishes()[number]

    assert answer["spawned"][number] == expected(launched(wish))


def test_what_the_portal_fills_in_is_what_kubespawner_would(answer: dict[str, Any]) -> None:
    spawned = answer["spawned"]

    assert spawned[len(wishes()) :] == spawned[: len(KNOWN)]


def test_the_form_shows_every_environment_and_no_markup_of_theirs(answer: dict[str, Any]) -> None:
    form = answer["form"]

    for each in KNOWN:
        assert f'value="{each.slug}"' in form
        for option in each.options:
            assert f'name="profile-option-{each.slug}--{option.key}"' in form
    assert "Physics &lt;2026&gt;" in form
    assert "<2026>" not in form


def test_what_the_form_sends_is_what_the_portal_takes(answer: dict[str, Any]) -> None:
    launch = launched(answer["from_form"])

    assert (launch.environment, launch.memory_gb, launch.cpu) == ("physics", 2, 4)
