"""Operational options: each engine has its own, and a wrong one is told."""

from __future__ import annotations

from typing import Any

import pytest

from demo.reana.errors import Malformed, NotOffered
from demo.reana.options import ENGINES, TAKEN, Options, options_of, parse_options


def test_the_options_of_yadage_are_paths_of_the_workspace() -> None:
    options = parse_options(
        "yadage", {"toplevel": "flow/", "initdir": ".", "initfiles": ["a.yaml", "/b.yaml"]}
    )

    assert options == Options(toplevel="flow", parameter_files=("a.yaml", "b.yaml"))


@pytest.mark.parametrize("name", ["TARGET", "--target"])
def test_both_spellings_of_a_target_are_taken(name: str) -> None:
    assert parse_options("cwl", {name: "fit"}).target == "fit"


@pytest.mark.parametrize("engine", ENGINES)
def test_every_option_is_taken_by_its_engine_alone(engine: str) -> None:
    others = {name for one in ENGINES for name in TAKEN[one]} - set(TAKEN[engine])

    for name in others:
        with pytest.raises(Malformed, match=f"{name!r} is not supported for {engine}"):
            parse_options(engine, {name: "x"})


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_takes_the_options_of_the_runner(engine: str) -> None:
    options = parse_options(engine, {"accept_substitution": "physics", "network": "on"})

    assert options == Options(accept_substitution="physics", network=True)


@pytest.mark.parametrize(
    "given",
    [
        {"initdir": "../other"},
        {"initfiles": ["../../settings.json"]},
        {"initfiles": {"not": "a list"}},
        {"toplevel": 3},
    ],
)
def test_a_path_that_leaves_the_workspace_or_is_none_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        parse_options("yadage", given)


def test_a_top_folder_elsewhere_is_not_offered() -> None:
    with pytest.raises(NotOffered, match="no network"):
        parse_options("yadage", {"toplevel": "github:somebody/something"})


def test_options_of_a_specification_that_are_no_object_are_refused() -> None:
    with pytest.raises(Malformed, match="options"):
        options_of({"inputs": {"options": ["network"]}})
