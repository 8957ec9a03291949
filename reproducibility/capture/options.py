"""What the entry can be told: a notebook's tagged cell, a script's options, with their defaults."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reproducibility.capture.folding import called
from reproducibility.capture.notebooks import Notebook
from reproducibility.capture.syntax import statements
from reproducibility.capture.values import Parameter

#: papermill's tag for the cell that it replaces.
TAG = "parameters"
#: What has a meaning to the shell inside double quotes; REANA puts a value there as it is.
_SHELL = re.compile(r"[\"$`\\\x00-\x1f]")


@dataclass(frozen=True, slots=True)
class Argument:
    """A parameter, the words of the command that hand it over, and its name in the code."""

    parameter: Parameter
    words: str
    name: str


@dataclass(frozen=True, slots=True)
class Told:
    """What an entry can be told, and notes on what can't be."""

    arguments: tuple[Argument, ...] = ()
    notes: tuple[str, ...] = ()


def of_notebook(path: str, notebook: Notebook) -> Told:
    """Return the parameters of the cell that is tagged for papermill."""
    found: dict[str, Argument] = {}
    notes: list[str] = []
    tagged = [cell for cell in notebook.code if TAG in cell.tags]
    for cell in tagged:
        for name, value, comment in _assigned(cell.python):
            try:
                parameter = Parameter(name, ast.literal_eval(value), comment)
            except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
                notes.append(
                    f"{name} in {path} is no constant, so it is not offered as a parameter."
                )
                continue
            if can_be_handed_over(parameter.default):
                found[name] = Argument(parameter, _papermill(parameter), name)
            else:
                notes.append(_not_offered(name, path))
    if not tagged:
        notes.append(
            f"{path} has no cell with the tag “parameters”, so it runs without parameters."
        )
    return Told(tuple(found.values()), tuple(notes))


def of_script(path: str, module: ast.Module) -> Told:
    """Return the options that a script defines with argparse, by their constant defaults."""
    arguments: dict[str, Argument] = {}
    notes: list[str] = []
    for node in ast.walk(module):
        if not (isinstance(node, ast.Call) and called(node)[0] == "add_argument"):
            continue
        argument, note = _option(path, node)
        if argument is not None:
            arguments.setdefault(argument.name, argument)
        if note:
            notes.append(note)
    # Positional ones first, as they have no name to be told by.
    ordered = sorted(arguments.values(), key=lambda each: each.words.startswith("-"))
    return Told(tuple(ordered), tuple(notes))


def can_be_handed_over(value: object) -> bool:
    """Whether a value survives REANA's text, the shell and YAML unchanged."""
    if isinstance(value, bool | int):
        return value.bit_length() < 64
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, str):
        return len(value) <= 2_000 and not _SHELL.search(value)
    if isinstance(value, list | dict):
        return _as_python_writes(value)
    return value is None


def _as_python_writes(value: list[Any] | dict[Any, Any]) -> bool:
    """Whether what REANA writes for a list or mapping is what YAML reads back."""
    told = str(value)
    return len(told) <= 2_000 and not _SHELL.search(told) and _plain(value)


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _plain(each) for key, each in value.items())
    if isinstance(value, list):
        return all(map(_plain, value))
    return value is not None and can_be_handed_over(value)


def _assigned(text: str) -> Iterator[tuple[str, ast.expr, str]]:
    lines = text.splitlines()
    for node in statements(text).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        if isinstance(node, ast.AnnAssign):
            target = node.target
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        if value is not None and isinstance(target, ast.Name):
            yield target.id, value, _comment(lines, node)


def _comment(lines: list[str], node: ast.stmt) -> str:
    """Return the comment behind a statement, without papermill's own note of the type."""
    if node.end_lineno is None or node.end_lineno > len(lines):
        return ""
    rest = lines[node.end_lineno - 1].encode()[node.end_col_offset or 0 :].decode(errors="replace")
    text = rest.strip()
    return re.sub(r"^#\s*(?:type:\s*\S+\s*)?", "", text)[:200] if text.startswith("#") else ""


def _papermill(parameter: Parameter) -> str:
    """Return papermill's words: `-p` guesses the type, `-r` takes a text, `-y` takes YAML."""
    name, value = parameter.name, parameter.default
    if isinstance(value, str):
        return f'-r {name} "${{{name}}}"'
    if isinstance(value, list | dict):
        return f'-y "{name}: ${{{name}}}"'
    return f"-p {name} ${{{name}}}"


def _option(path: str, call: ast.Call) -> tuple[Argument | None, str]:
    flags = [each.value for each in call.args if isinstance(each, ast.Constant)]
    names = [flag for flag in flags if isinstance(flag, str) and flag.strip("-")]
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if not names or "action" in given:
        told = f"{names[-1]} of {path} is a switch: write it into the command if it is wanted."
        return None, told if names else ""
    positional = not names[0].startswith("-")
    longest = next((name for name in names if name.startswith("--")), names[0])
    name = _constant(given.get("dest")) or longest.lstrip("-").replace("-", "_")
    if "nargs" in given or not str(name).isidentifier():
        return None, f"{longest} of {path} takes several values: write them into the command."
    needed = positional or _constant(given.get("required")) is True
    default = _default(given)
    if default is None and not needed:
        return None, ""
    note = (
        f"{path} needs {longest}: give its value in inputs.parameters." if default is None else ""
    )
    help_text = _constant(given.get("help"))
    parameter = Parameter(
        str(name),
        "" if default is None else default,
        help_text if isinstance(help_text, str) else "",
    )
    if not can_be_handed_over(parameter.default) or isinstance(parameter.default, list | dict):
        return None, _not_offered(longest, path)
    value = f'"${{{name}}}"'
    return Argument(parameter, value if positional else f"{longest}={value}", str(name)), note


def _default(given: dict[str | None, ast.expr]) -> Any:
    """Return an option's default in the type that argparse will make of it."""
    written = given.get("default")
    if isinstance(written, ast.Call) and written.args:  # default=Path("data")
        written = written.args[0]
    value, kind = _constant(written), given.get("type")
    if isinstance(kind, ast.Name) and kind.id == "float" and type(value) is int:
        return float(value)
    return value


def _constant(node: ast.expr | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, RecursionError, MemoryError, SyntaxError):
        return None


def _not_offered(name: str, path: str) -> str:
    return (
        f"{name} in {path} has a default that can't be handed over by a command, "
        "so it is not offered as a parameter."
    )
