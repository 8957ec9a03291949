"""JSON and YAML as trees; YAML is never made into objects, and an alias is a line like others."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import Any

import yaml

from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Reader
from data_mgmt.previews.text import SHOWN, beginning, decoded, how_much, short_lines
from data_mgmt.previews.values import Node, Note, Preview, Said, Text, Tree, Unreadable, said, told

MAX_BYTES = {"json": 8 << 20, "yaml": 1 << 20}
MAX_NODES = 1500
MAX_DEPTH = 20
MAX_CHILDREN = 100
MAX_DOCUMENTS = 20
#: libyaml's binding where it was built; the same grammar in Python otherwise.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def preview(file: Reader, format_: str, _options: Options) -> Preview:
    """Return a document's tree, or the beginning of its text where it is large."""
    if file.size > MAX_BYTES[format_]:
        text, encoding, whole = beginning(file, SHOWN)
        note = Note(said("It is too large to be shown as a tree: this is how it begins."), "wait")
        shown = Text("Text", short_lines(text), "", how_much(file, whole=whole, shown=SHOWN))
        return Preview(format_, said("Text, %(encoding)s", encoding=encoding), (note, shown))
    text, _encoding = decoded(file.read_at(0, file.size))
    nodes = tuple(itertools.islice((_json if format_ == "json" else _yaml)(text), MAX_NODES + 1))
    note_ = said("The first %(n)s lines.", n=MAX_NODES) if len(nodes) > MAX_NODES else Said()
    tree = Tree("Contents", nodes[:MAX_NODES], note=note_)
    return Preview(format_, said("A document of %(n)s bytes", n=file.size), (tree,))


def _json(text: str) -> Iterator[Node]:
    try:
        held = json.loads(text)
    except ValueError as exc:
        place = (
            {"line": exc.lineno, "column": exc.colno}
            if isinstance(exc, json.JSONDecodeError)
            else {}
        )
        sentence = "It is no JSON: line %(line)s, column %(column)s." if place else "It is no JSON."
        raise Unreadable(said(sentence, **place)) from exc
    return _values("", held, 0)


def _values(name: str, value: Any, depth: int) -> Iterator[Node]:
    if isinstance(value, dict | list):
        inside = value.items() if isinstance(value, dict) else enumerate(value)
        yield Node(depth, name, "object" if isinstance(value, dict) else "list", f"{len(value)}")
        if depth >= MAX_DEPTH:
            return
        for key, each in itertools.islice(inside, MAX_CHILDREN):
            yield from _values(told(key, 80), each, depth + 1)
        if len(value) > MAX_CHILDREN:
            yield Node(depth + 1, "…", "", f"{len(value) - MAX_CHILDREN} more")
    else:
        kind = {bool: "true or false", str: "text", type(None): "nothing"}.get(
            type(value), "number"
        )
        yield Node(depth, name, kind, told(json.dumps(value) if kind != "text" else value))


def _yaml(text: str) -> Iterator[Node]:
    try:
        documents = list(itertools.islice(yaml.compose_all(text, Loader=Loader), MAX_DOCUMENTS))
    except yaml.MarkedYAMLError as exc:
        at = exc.problem_mark
        if at is None:
            raise Unreadable(said("It is no YAML.")) from exc
        where = {"line": at.line + 1, "column": at.column + 1}
        raise Unreadable(said("It is no YAML: line %(line)s, column %(column)s.", **where)) from exc
    except yaml.YAMLError as exc:
        raise Unreadable(said("It is no YAML.")) from exc
    for number, each in enumerate(documents):
        name = f"document {number + 1}" if len(documents) > 1 else ""
        if each is not None:
            yield from _composed(name, each, 0)


def _composed(name: str, node: Any, depth: int) -> Iterator[Node]:
    kind = str(node.tag).rpartition(":")[2]
    if isinstance(node, yaml.ScalarNode):
        yield Node(depth, name, told(kind, 40), told(node.value))
        return
    yield Node(depth, name, told(kind, 40), f"{len(node.value)}")
    if depth >= MAX_DEPTH:
        return
    for at, each in enumerate(node.value[:MAX_CHILDREN]):
        key, value = each if isinstance(node, yaml.MappingNode) else (None, each)
        called = str(at) if key is None else told(getattr(key, "value", ""), 80)
        yield from _composed(called, value, depth + 1)
    if len(node.value) > MAX_CHILDREN:
        yield Node(depth + 1, "…", "", f"{len(node.value) - MAX_CHILDREN} more")
