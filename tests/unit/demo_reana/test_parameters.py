"""Parameters come into a serial workflow's commands as REANA puts them there."""

from __future__ import annotations

from typing import Any

import pytest

from demo.reana.errors import Malformed
from demo.reana.parameters import effective_parameters, expand_commands


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
