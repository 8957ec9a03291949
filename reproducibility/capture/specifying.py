"""A reana.yaml, written to be read: serial, one step, with the parameters that the entry takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from reproducibility.capture.values import Parameter

#: The version of REANA for which the specification is written; it needs no more.
VERSION = "0.9.4"


@dataclass(frozen=True, slots=True)
class Plan:
    """What a specification is to say; paths are relative to the workspace."""

    step: str
    commands: tuple[str, ...]
    image: str
    files: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()


def write(plan: Plan) -> str:
    """Return a plan as reana.yaml: serial, with a comment only where a value needs one."""
    return "\n".join([f"version: {VERSION}", *_inputs(plan), *_workflow(plan), *_ends(plan), ""])


def _inputs(plan: Plan) -> Iterator[str]:
    if not (plan.files or plan.directories or plan.parameters):
        return
    yield "inputs:"
    yield from _listed("files", plan.files)
    if plan.directories:
        yield "  # from the data lake, or of many files"
    yield from _listed("directories", plan.directories)
    if plan.parameters:
        yield "  parameters:"
        for parameter in plan.parameters:
            yield from _parameter(parameter)


def _workflow(plan: Plan) -> Iterator[str]:
    yield from ("workflow:", "  type: serial", "  specification:", "    steps:")
    step = {"name": plan.step, "environment": plan.image, "commands": list(plan.commands)}
    lines = list(_indented(step, 8))
    first = lines[0].removeprefix(" " * 8)
    yield f"      - {first}"
    yield from lines[1:]


def _ends(plan: Plan) -> Iterator[str]:
    if plan.outputs:
        yield "outputs:"
        yield from _listed("files", plan.outputs)
    if plan.tests:
        yield "tests:"
        yield from _listed("files", plan.tests)


def _listed(key: str, paths: Sequence[str]) -> Iterator[str]:
    if paths:
        yield from _indented({key: list(paths)}, 2)


def _parameter(parameter: Parameter) -> Iterator[str]:
    name, value = parameter.name, parameter.default
    if isinstance(value, list | dict):  # on one line, as code writes it
        flow = _dumped(value, flow=True).strip("\n")
        lines = [f"    {_dumped({name: 0}).partition(':')[0]}: {flow}"]
    else:
        lines = list(_indented({name: value}, 4))
    comment = "".join(each for each in " ".join(parameter.comment.split()) if each.isprintable())
    # Behind a value on several lines a comment would be part of it.
    if comment and len(lines) == 1:
        lines = [f"{lines[0]}  # {comment}"]
    yield from lines


def _indented(value: object, spaces: int) -> Iterator[str]:
    yield from (f"{' ' * spaces}{line}" for line in _dumped(value).rstrip("\n").split("\n"))


def _dumped(value: object, *, flow: bool = False) -> str:
    return str(
        yaml.dump(
            value, Dumper=_Indented, sort_keys=False, allow_unicode=True, width=1_000_000,
            default_flow_style=flow,
        )
    )  # fmt: skip


_BREAKS = frozenset("\x85\u2028\u2029")


class _Indented(yaml.SafeDumper):
    """Lists stand below their key, indented, as people write them."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_str(self, data: str) -> yaml.ScalarNode:
        # Unicode's own line breaks are only safe where they are escaped.
        style = '"' if set(data) & _BREAKS else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Indented.add_representer(str, _Indented.represent_str)
