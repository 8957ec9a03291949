"""YAML of strangers into plain values with the line of each, within bounds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from reproducibility.capture.values import Fault

#: What a specification may be: real ones have some kilobytes and some hundred nodes.
MAX_CHARACTERS = 1_000_000
MAX_NODES = 50_000
MAX_DEPTH = 60
#: What it may be once aliases stand for what they name, and what a node counts as beside its text;
#: nothing without aliases comes to as much.
MAX_WEIGHT = 2 * MAX_CHARACTERS
NODE_WEIGHT = MAX_CHARACTERS // MAX_NODES
#: How much of a name a sentence tells.
MAX_NAME = 80

Path: TypeAlias = tuple[str | int, ...]

_PROBLEMS = (
    ("mapping values are not allowed", "a colon followed by a space stands inside a value: put the "
     "value into quotes, or look at the indentation"),
    ("cannot start any token", "this character can't begin a value: indent with spaces instead of "
     "tabs, and put values that begin with @ or ` into quotes"),
    ("could not find expected ':'", "a colon is missing after the key here or on the line before"),
    ("did not find expected key", "the indentation is not that of the lines before, or a quote or "
     "comma is missing"),
    ("expected '-' indicator", "an entry of this list does not begin with a dash"),
    ("undefined alias", "*name stands here, but no &name before it: put text with a * into quotes"),
    ("unexpected end of stream", "a quote is not closed"),
    ("unknown escape character", "a backslash inside double quotes: use single quotes"),
    ("expected ',' or", "a bracket or brace is not closed, or a comma is missing"),
    ("control characters", "there is a control character here: remove it"),
    ("special characters", "there is a control character here: remove it"),
    ("not a single document", "there is a second document (after ---): keep one"),
    ("expected a single document", "there is a second document (after ---): keep one"),
)  # fmt: skip


def written(path: Path) -> str:
    """Return a path as people write it, such as workflow.specification.steps[0]."""
    told = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return told.lstrip(".")


def cut(name: str) -> str:
    """Return a name as a sentence tells it, cut where it is far longer than names are."""
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1]}…"


@dataclass(frozen=True, slots=True)
class Document:
    """A document as plain values, with the line (from 1) at which each part begins."""

    value: Any
    lines: dict[Path, int] = field(repr=False)
    repeated: tuple[Path, ...] = ()

    def line(self, path: Path) -> int | None:
        """Return the line of a part, or of what it stands in."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


class Unreadable(Exception):
    """The text is no document that can be read; `fault` says where and why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason)
        self.fault = fault


def load(text: str) -> Document:
    """Return a document of YAML as its values and their lines.

    Raises
    ------
    Unreadable
        It is no YAML, has tags or values that have no place in a specification, or is far larger
        than one, be it by aliases that multiply.
    """
    if len(text) > MAX_CHARACTERS:
        raise _unreadable(
            None, f"the file has more than {MAX_CHARACTERS:,} characters: move data out"
        )
    try:
        _check_bounds(text)
        loader = _LOADER(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return Document(None, {(): 1})
            _check_aliases(node)
            return Document(_constructed(loader, node), *_places(node))
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as exc:
        raise _unreadable(_line(exc, text), _reason(exc)) from exc
    except yaml.YAMLError as exc:
        raise _unreadable(None, "there is a control character in it: remove it") from exc


#: What PyYAML lets through where a date or a number is none, or a key can't be one.
_NO_VALUE = (ValueError, TypeError, OverflowError, AttributeError, KeyError, IndexError)


def _constructed(loader: yaml.SafeLoader, root: Node) -> Any:
    try:
        return loader.construct_document(root)
    except _NO_VALUE as exc:
        line = next(_no_values(root), None)
        reason = "this is no value that YAML knows, such as a date: put it into quotes"
        raise _unreadable(line, reason) from exc


def _no_values(root: Node) -> Iterator[int]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        waiting += [part for pair in _children(node) for part in pair if part is not None]
        if isinstance(node, ScalarNode):
            try:
                yaml.constructor.SafeConstructor().construct_object(node)
            except _NO_VALUE:
                yield node.start_mark.line + 1


#: libyaml where it was built in: ten times as fast.
_LOADER: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _check_bounds(text: str) -> None:
    """Refuse what is too deep or too much before anything recursive looks at it."""
    depth = 0
    for number, event in enumerate(yaml.parse(text, Loader=_LOADER)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH or number > MAX_NODES:
            line = event.start_mark.line + 1 if event.start_mark else None
            raise _unreadable(line, "there is far more in it than in any specification")


def _check_aliases(root: Node) -> None:
    """Refuse aliases that multiply, or that lead back to where they stand."""
    weights: dict[int, int] = {}

    def weight(node: Node) -> int:
        known = weights.get(id(node))
        if known == 0:
            raise _unreadable(node.start_mark.line + 1, "an alias (*) leads back into itself")
        if known is not None:
            return known
        weights[id(node)] = 0
        parts = (part for pair in _children(node) for part in pair if part is not None)
        text = len(node.value) if isinstance(node, ScalarNode) else 0
        weights[id(node)] = NODE_WEIGHT + text + sum(map(weight, parts))
        if weights[id(node)] > MAX_WEIGHT:
            line = node.start_mark.line + 1
            raise _unreadable(line, "its aliases (*) multiply to far more than any specification")
        return weights[id(node)]

    weight(root)


def _children(node: Node) -> Iterator[tuple[Node | None, Node]]:
    if isinstance(node, MappingNode):
        yield from node.value
    elif isinstance(node, SequenceNode):
        yield from ((None, each) for each in node.value)


def _places(root: Node) -> tuple[dict[Path, int], tuple[Path, ...]]:
    """Return the lines of all parts, and the keys that stand twice in one mapping."""
    lines: dict[Path, int] = {(): root.start_mark.line + 1}
    repeated: list[Path] = []
    waiting: list[tuple[Path, Node]] = [((), root)]
    while waiting:
        above, node = waiting.pop()
        for number, (key, child) in enumerate(_children(node)):
            if key is not None and not isinstance(key, ScalarNode):
                continue
            path = (*above, number if key is None else key.value)
            if path in lines:
                repeated.append(path)
            lines[path] = (key or child).start_mark.line + 1
            waiting.append((path, child))
    return lines, tuple(repeated)


def _line(exc: yaml.MarkedYAMLError, text: str) -> int | None:
    mark = exc.problem_mark or exc.context_mark
    if "end of stream" in (exc.problem or "") and exc.context_mark:
        mark = exc.context_mark  # where the quote was opened
    return min(mark.line, text.rstrip().count("\n")) + 1 if mark else None


def _reason(exc: yaml.MarkedYAMLError) -> str:
    said = f"{exc.context or ''} {exc.problem or ''}"
    if isinstance(exc, yaml.constructor.ConstructorError):
        return "a tag (!) or key is none that a specification can have: remove it, or quote it"
    for known, told in _PROBLEMS:
        if known in said:
            return told
    return "this can't be read as YAML: look at indentation, quotes and colons here"


def _unreadable(line: int | None, reason: str) -> Unreadable:
    return Unreadable(Fault(line, "", f"{reason[0].upper()}{reason[1:]}."))
