"""The serial engine's commands: parameters into steps, as reana-commons does it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from string import Template
from typing import Any

from demo.reana.errors import Malformed, TooLarge
from demo.reana.options import SERIAL, Options
from demo.reana.values import Command

#: What the values of parameters may put into the commands of a workflow, in all.
MOST_CHARACTERS = 10 << 20


class _Measured(Mapping[str, str]):
    """Parameters as texts, which are refused once too many characters of them were taken."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._left = MOST_CHARACTERS

    def __getitem__(self, name: str) -> str:
        text = str(self._parameters[name])
        self._left -= len(text)
        if self._left < 0:
            raise TooLarge("The values of parameters make the commands larger than 10 MiB.")
        return text

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __len__(self) -> int:
        return len(self._parameters)


def effective_parameters(
    specification: Mapping[str, Any], overrides: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the specification's parameters with a start's own put over them."""
    declared = dict((specification.get("inputs") or {}).get("parameters") or {})
    unknown = sorted(set(overrides) - set(declared))
    if unknown:
        raise Malformed(f"Input parameter(s) not in reana.yaml: {', '.join(unknown)}.")
    return declared | dict(overrides)


def expand_commands(
    specification: Mapping[str, Any], parameters: Mapping[str, Any]
) -> tuple[Command, ...]:
    """Return every command of a serial workflow with `${name}` and `$name` replaced.

    The other engines find their steps themselves: there are no commands before they run.

    Raises
    ------
    Malformed
        A parameter has no value, or a dollar sign starts none.
    TooLarge
        The values make the commands larger than any workflow's are.
    """
    if specification["workflow"]["type"] != SERIAL:
        return ()
    steps = specification["workflow"]["specification"]["steps"]
    values = _Measured(parameters)
    return tuple(
        Command(step=step.get("name", ""), text=_expand(line, values), image=image(step))
        for step in steps
        for line in step["commands"]
    )


def chosen_commands(commands: Sequence[Command], options: Options) -> tuple[Command, ...]:
    """Return the commands from the step `FROM` to the step `TARGET`, both with all of theirs.

    Raises
    ------
    Malformed
        There is no step of such a name.
    """
    names = [one.step for one in commands]
    for wanted in (options.first_step, options.target):
        if wanted and wanted not in names:
            raise Malformed(f"There is no step {wanted!r} in the workflow.")
    first = names.index(options.first_step) if options.first_step else 0
    last = len(names)
    if options.target:
        last -= names[::-1].index(options.target)
    if first >= last:
        raise Malformed(f"The step {options.first_step!r} comes after {options.target!r}.")
    return tuple(commands[first:last])


def image(step: Mapping[str, Any]) -> str:
    """Return the container image that a step names."""
    return str(step.get("environment", ""))


def _expand(line: str, parameters: Mapping[str, str]) -> str:
    try:
        return Template(line).substitute(parameters)
    except KeyError as exc:
        raise Malformed(f"No value for the parameter {exc.args[0]!r} in: {line}") from exc
    except ValueError as exc:
        raise Malformed(
            f"A dollar sign that starts no parameter must be doubled ($$) in: {line}"
        ) from exc
