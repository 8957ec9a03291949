"""What a reana.yaml declares: files, folders, outputs, images; and one more file put into it."""

from __future__ import annotations

from dataclasses import dataclass
from posixpath import normpath
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reproducibility.specs.loading import Unreadable, load
from reproducibility.specs.tolerant import at, items, mapping, texts


@dataclass(frozen=True, slots=True)
class Declared:
    """What a specification names, paths as they are in the workspace."""

    input_files: tuple[str, ...] = ()
    input_folders: tuple[str, ...] = ()
    output_files: tuple[str, ...] = ()
    output_folders: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    parameters: tuple[tuple[str, Any], ...] = ()

    def is_output(self, path: str) -> bool:
        """Whether a path is one of the outputs, or in a folder of outputs."""
        return path in self.output_files or any(_within(path, f) for f in self.output_folders)

    def is_input(self, path: str) -> bool:
        """Whether a path is one of the inputs, or in a folder of inputs."""
        return path in self.input_files or any(_within(path, f) for f in self.input_folders)


def declared_in(specification: str) -> Declared:
    """Return what a specification declares; nothing where it can't be read."""
    try:
        value = load(specification).value
    except Unreadable:
        return Declared()
    steps = items(at(value, "workflow", "specification", "steps"))
    images = (str(mapping(step).get("environment") or "") for step in steps)
    return Declared(
        input_files=_paths(value, "inputs", "files"),
        input_folders=_paths(value, "inputs", "directories"),
        output_files=_paths(value, "outputs", "files"),
        output_folders=_paths(value, "outputs", "directories"),
        tests=_paths(value, "tests", "files"),
        images=tuple(dict.fromkeys(image for image in images if image)),
        parameters=tuple(mapping(at(value, "inputs", "parameters")).items()),
    )


def with_input(specification: str, path: str) -> str:
    """Return a specification that names one more input file; all else stays as it was written."""
    if declared_in(specification).is_input(path):
        return specification
    root = yaml.compose(specification, Loader=yaml.SafeLoader)
    lines = specification.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    inputs = _child(root, "inputs")
    files = _child(inputs, "files")
    if isinstance(files, SequenceNode) and files.value:
        _append(lines, files, path)
    elif isinstance(inputs, MappingNode) and not inputs.flow_style and files is None:
        column, line = inputs.start_mark.column, inputs.start_mark.line
        lines.insert(line, f"{' ' * column}files:\n{' ' * column}- {_quoted(path)}\n")
    else:
        return _rewritten(specification, path)
    return "".join(lines)


def without_output(specification: str, path: str) -> str:
    """Return a specification that no longer calls a file an output; its last one stays."""
    files = _child(_child(yaml.compose(specification, Loader=yaml.SafeLoader), "outputs"), "files")
    if not isinstance(files, SequenceNode) or files.flow_style or len(files.value) < 2:
        return specification
    lines = specification.splitlines(keepends=True)
    for entry in files.value:
        if isinstance(entry, ScalarNode) and normpath(entry.value) == path:
            del lines[entry.start_mark.line : entry.end_mark.line + 1]
            break
    return "".join(lines)


def _append(lines: list[str], files: SequenceNode, path: str) -> None:
    last = files.value[-1].end_mark
    if files.flow_style:
        line = lines[last.line]
        lines[last.line] = f"{line[: last.column]}, {_quoted(path)}{line[last.column :]}"
        return
    first = files.value[0].start_mark
    dash = lines[first.line][: first.column].rindex("-")
    lines.insert(files.value[-1].start_mark.line + 1, f"{' ' * dash}- {_quoted(path)}\n")


def _rewritten(specification: str, path: str) -> str:
    """Return it written anew, where its form leaves no place for one more line."""
    value = yaml.safe_load(specification)
    if not isinstance(value, dict):
        return specification
    inputs = dict(mapping(value.get("inputs")))
    value["inputs"] = {**inputs, "files": [*texts(inputs.get("files")), path]}
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True)


def _child(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, MappingNode):
        return None
    named = (v for k, v in node.value if isinstance(k, ScalarNode) and k.value == key)
    return next(named, None)


def _quoted(path: str) -> str:
    """Return a path as a YAML scalar."""
    return yaml.safe_dump(path, allow_unicode=True, width=10_000).splitlines()[0]


def _paths(value: object, *keys: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normpath(each) for each in texts(at(value, *keys))))


def _within(path: str, folder: str) -> bool:
    return folder == "." or path.startswith(f"{folder}/")
