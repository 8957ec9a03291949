"""Parameters come into a serial workflow's commands as REANA puts them there."""

from __future__ import annotations

from typing import Any

import pytest

from demo.reana.errors import Malformed, TooLarge
from demo.reana.options import Options
from demo.reana.parameters import chosen_commands, effective_parameters, expand_commands


def specification(*commands: str, **parameters: Any) -> dict[str, Any]:
    steps = [{"name": "one", "environment": "image", "commands": list(commands)}]
    return {
        "inputs": {"parameters": parameters},
        "workflow": {"type": "serial", "specification": {"steps": steps}},
    }


def expanded(command: str, **parameters: Any) -> str:
    return expand_commands(specification(command), parameters)[0].text


def test_both_spellings_of_a_parameter_are_replaced() -> None:
    text = expanded("run ${name} $name", name="value")

    assert text == "run value value"


def test_a_number_is_put_in_as_it_is_written() -> None:
    text = expanded("sleep ${pause}", pause=0.5)

    assert text == "sleep 0.5"


def test_a_doubled_dollar_sign_is_left_to_the_shell() -> None:
    text = expanded("echo $$HOME", name="value")

    assert text == "echo $HOME"


def test_a_parameter_without_a_value_is_named_in_the_refusal() -> None:
    with pytest.raises(Malformed, match="'missing'"):
        expanded("run ${missing}")


def test_a_lone_dollar_sign_is_refused_with_the_mend() -> None:
    with pytest.raises(Malformed, match=r"doubled \(\$\$\)"):
        expanded("echo $(date)")


@pytest.mark.parametrize("commands", [("$a" * 100_000,), ("$a",) * 100_000])
def test_commands_that_values_make_huge_are_refused(commands: tuple[str, ...]) -> None:
    with pytest.raises(TooLarge, match="10 MiB"):
        expand_commands(specification(*commands), {"a": "x" * 500_000})


def test_every_command_of_every_step_becomes_one_job_in_order() -> None:
    commands = expand_commands(specification("first", "second"), {})

    assert [(one.step, one.text, one.image) for one in commands] == [
        ("one", "first", "image"),
        ("one", "second", "image"),
    ]


def test_a_start_changes_only_the_parameters_that_it_names() -> None:
    parameters = effective_parameters(specification("x", a=1, b=2), {"b": 3})

    assert parameters == {"a": 1, "b": 3}


def test_a_start_with_an_undeclared_parameter_is_refused() -> None:
    with pytest.raises(Malformed, match="typo"):
        effective_parameters(specification("x", a=1), {"typo": 3})


def three_steps() -> dict[str, Any]:
    steps = [{"name": name, "commands": [f"{name} 1", f"{name} 2"]} for name in ("a", "b", "c")]
    return {"workflow": {"type": "serial", "specification": {"steps": steps}}}


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (Options(), "aabbcc"),
        (Options(first_step="b"), "bbcc"),
        (Options(target="b"), "aabb"),
        (Options(first_step="b", target="b"), "bb"),
    ],
)
def test_from_and_target_choose_whole_steps(options: Options, names: str) -> None:
    commands = chosen_commands(expand_commands(three_steps(), {}), options)

    assert "".join(one.step for one in commands) == names


def test_a_target_that_is_no_step_is_refused() -> None:
    with pytest.raises(Malformed, match="no step 'd'"):
        chosen_commands(expand_commands(three_steps(), {}), Options(target="d"))


def test_a_first_step_after_the_target_is_refused() -> None:
    with pytest.raises(Malformed, match="'c' comes after 'a'"):
        chosen_commands(expand_commands(three_steps(), {}), Options(first_step="c", target="a"))


@pytest.mark.parametrize("engine", ["snakemake", "cwl", "yadage"])
def test_the_steps_of_a_workflow_engine_are_not_known_before_it_runs(engine: str) -> None:
    assert expand_commands({"workflow": {"type": engine, "file": "workflow"}}, {}) == ()
