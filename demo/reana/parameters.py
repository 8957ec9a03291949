"""The serial engine's commands: parameters into steps, as reana-commons does it."""

from __future__ import annotations

from collections.abc import Mapping
from string import Template
from typing import Any

from demo.reana.errors import Malformed
from demo.reana.values import Command


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
    """Return every command of a serial workflow with `${name}` and `$name` replaced."""
    steps = specification["workflow"]["specification"]["steps"]
    return tuple(
        Command(step=step.get("name", ""), text=_expand(line, parameters), image=image(step))
        for step in steps
        for line in step["commands"]
    )


def image(step: Mapping[str, Any]) -> str:
    """Return the container image that a step names."""
    return str(step.get("environment", ""))


def _expand(line: str, parameters: Mapping[str, Any]) -> str:
    try:
        return Template(line).substitute(parameters)
    except KeyError as exc:
        raise Malformed(f"No value for the parameter {exc.args[0]!r} in: {line}") from exc
    except ValueError as exc:
        raise Malformed(
            f"A dollar sign that starts no parameter must be doubled ($$) in: {line}"
        ) from exc
