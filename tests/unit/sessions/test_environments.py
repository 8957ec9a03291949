"""The file of environments: faults name the entry and the field, choices are checked."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from sessions import environments
from sessions.environments import EnvironmentsInvalid, parse, user_options
from tests.fakes.hub import FakeHub
from tests.unit.sessions.conftest import ENVIRONMENTS
from vre_portal.errors import Forbidden, InvalidRequest, UpstreamUnavailable

SITE = yaml.safe_load(ENVIRONMENTS)
DEMO = Path(__file__).parents[3] / "demo" / "environments.yaml"


def test_a_file_becomes_environments_in_its_order() -> None:
    found = parse(SITE)

    assert [environment.slug for environment in found] == ["physics", "light", "gpu"]
    assert found[0].contents == ("uproot", "astropy")
    assert found[0].options[0].default == "2"
    assert found[0].default


def test_the_demos_file_is_valid() -> None:
    found = parse(yaml.safe_load(DEMO.read_text()))

    assert {"physics", "light"} <= {environment.slug for environment in found}
    assert any(environment.default for environment in found)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": None}, "environment 1 'physics', name: has to be a text"),
        ({"contents": "uproot"}, "environment 1 'physics', contents: has to be a list of texts"),
        ({"default": "yes"}, "environment 1 'physics', default: has to be true or false"),
        ({"minutes_idle": 0}, "environment 1 'physics', minutes_idle: has to be a whole number"),
        ({"memory": 2}, "environment 1 'physics': there is no field 'memory'"),
        ({"options": [1]}, "environment 1 'physics', options: has to be a mapping"),
        ({"options": {"m": {"name": "M", "choices": {}}}}, "options 'm', choices: give at least"),
        (
            {"options": {"m": {"name": "M", "choices": {"a": {"nam": "A"}}}}},
            "options 'm', choices 'a': there is no field 'nam'",
        ),
        (
            {
                "options": {
                    "m": {
                        "name": "M",
                        "choices": {
                            "a": {"name": "A", "default": True},
                            "b": {"name": "B", "default": True},
                        },
                    }
                }
            },
            "only one may be the default",
        ),
    ],
)
def test_a_fault_names_the_entry_and_the_field(change: dict[str, object], says: str) -> None:
    entry = {"slug": "physics", "name": "Physics", **change}

    with pytest.raises(EnvironmentsInvalid) as fault:
        parse({"environments": [entry]})

    assert says in fault.value.message


@pytest.mark.parametrize("document", [None, [], {"environments": []}, {"environments": ["x"]}])
def test_a_file_without_environments_is_a_fault(document: object) -> None:
    with pytest.raises(EnvironmentsInvalid):
        parse(document)


def test_a_slug_stands_once() -> None:
    entry = {"slug": "a", "name": "A"}

    with pytest.raises(EnvironmentsInvalid, match="each slug once"):
        parse({"environments": [entry, entry]})


def test_every_option_gets_its_choice() -> None:
    physics = parse(SITE)[0]

    assert user_options(physics, {}, groups=[]) == {"profile": "physics", "memory_gb": "2"}
    assert user_options(physics, {"memory_gb": "4"}, groups=[])["memory_gb"] == "4"


def test_a_choice_that_is_not_there_names_those_that_are() -> None:
    with pytest.raises(InvalidRequest, match="Choose one of: 2, 4"):
        user_options(parse(SITE)[0], {"memory_gb": "8"}, groups=[])


def test_the_profile_can_not_be_smuggled_in_as_an_option() -> None:
    with pytest.raises(InvalidRequest):
        user_options(parse(SITE)[1], {"profile": "gpu"}, groups=[])


def test_groups_open_an_environment() -> None:
    gpu = parse(SITE)[2]

    assert user_options(gpu, {}, groups=["/escape/gpu"]) == {"profile": "gpu"}
    with pytest.raises(Forbidden):
        user_options(gpu, {}, groups=["/escape"])


def test_a_changed_file_is_read_again(hub: FakeHub, environments_file: Path) -> None:
    assert len(environments.all_environments()) == 3

    environments_file.write_text("environments: [{slug: one, name: One}]")
    os.utime(environments_file, ns=(1, 1))

    assert [item.slug for item in environments.all_environments()] == ["one"]


def test_a_file_that_is_gone_is_said_so(hub: FakeHub, environments_file: Path) -> None:
    environments_file.unlink()

    with pytest.raises(UpstreamUnavailable, match="Tell the operators"):
        environments.all_environments()


def test_a_file_that_is_no_yaml_is_said_so(hub: FakeHub, environments_file: Path) -> None:
    environments_file.write_text("environments: [")
    os.utime(environments_file, ns=(2, 2))

    with pytest.raises(EnvironmentsInvalid, match="not YAML"):
        environments.all_environments()
