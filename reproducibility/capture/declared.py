"""A reana.yaml that was found: it is kept byte for byte, and decides what each file is."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from reproducibility.capture.kinds import is_code, is_document, is_hidden, may_be_secret
from reproducibility.capture.values import FoundFile, Parameter, Role
from reproducibility.specs.loading import Unreadable, load
from reproducibility.specs.tolerant import at, items, mapping, texts

NAMES = ("reana.yaml", "reana.yml")


@dataclass(frozen=True, slots=True)
class Declared:
    """What a specification says, as far as it can be read; `text` is what was found."""

    text: str
    files: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()
    outputs: frozenset[str] = frozenset()
    tests: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    commands: tuple[str, ...] = ()
    workflow: Mapping[str, Any] = field(default_factory=dict)

    def role(self, file: FoundFile) -> Role:
        """Return what the specification makes of a file."""
        if self._in(file.path, self.outputs):
            return Role.OUTPUT
        if file.path in self.files or self._in(file.path, self.directories):
            return Role.CODE if is_code(file.path) and not file.did else Role.INPUT
        if file.path in self.tests or file.path == self.workflow.get("file"):
            return Role.CODE
        hidden = is_hidden(file.path) or may_be_secret(file.path)
        return Role.CODE if is_document(file.path) and not hidden else Role.LEFT_OUT

    @staticmethod
    def _in(path: str, declared: Collection[str]) -> bool:
        return any(each in {path, "."} or path.startswith(f"{each}/") for each in declared)


def found_in(files: Mapping[str, FoundFile]) -> FoundFile | None:
    """Return the reana.yaml at the root that can be kept as text, None where there is none."""
    for name in NAMES:
        file = files.get(name)
        if file is not None and file.content is not None and _is_text(file.content):
            return file
    return None


def read(text: str) -> Declared:
    """Return what a specification says; one that can't be read says nothing."""
    try:
        told = load(text).value
    except Unreadable:
        return Declared(text)
    steps = [mapping(step) for step in items(at(told, "workflow", "specification", "steps"))]
    parameters = mapping(at(told, "inputs", "parameters"))
    return Declared(
        text,
        files=_paths(at(told, "inputs", "files")),
        directories=_paths(at(told, "inputs", "directories")),
        outputs=_paths(at(told, "outputs", "files")) | _paths(at(told, "outputs", "directories")),
        tests=tuple(posixpath.normpath(path) for path in texts(at(told, "tests", "files"))),
        images=tuple(dict.fromkeys(str(step["environment"]) for step in steps
                                   if isinstance(step.get("environment"), str))),
        parameters=tuple(Parameter(str(name), value) for name, value in parameters.items()),
        commands=tuple(line for step in steps for line in texts(step.get("commands"))),
        workflow=mapping(at(told, "workflow")),
    )  # fmt: skip


def _paths(told: object) -> frozenset[str]:
    return frozenset(posixpath.normpath(path) for path in texts(told))


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in content
