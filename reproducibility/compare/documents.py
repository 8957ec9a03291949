"""JSON and YAML: by the paths in the document, whatever the order of keys."""

from __future__ import annotations

import json
from typing import Any

import yaml

from data_mgmt.previews.reading import Reader
from data_mgmt.previews.text import decoded
from reproducibility.compare import trees
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

LATER: tuple[str, ...] = ("encodings.utf_8", "datetime")
MAX_BYTES = {"json": 32 << 20, "yaml": 4 << 20}
MAX_DOCUMENTS = 1000
#: libyaml's binding where it was built; the same grammar in Python otherwise.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which paths of two documents differ."""
    read = read_json if tally.format == "json" else _yaml
    trees.compare("", *both(read, recorded, found), tally)


def read_json(file: Reader) -> Any:
    """Return a JSON document; a key that is there twice would hide one of its values."""
    try:
        return json.loads(_text(file, "json"), object_pairs_hook=_once)
    except json.JSONDecodeError as exc:
        raise Unreadable(f"line {exc.lineno}, column {exc.colno} is no JSON") from exc


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    held = dict(pairs)
    if len(held) != len(pairs):
        raise Unreadable("an object has the same key twice")
    return held


def _yaml(file: Reader) -> Any:
    documents = []
    try:
        for document in yaml.load_all(_text(file, "yaml"), Loader=Loader):
            documents.append(document)
            if len(documents) > MAX_DOCUMENTS:
                raise TooLarge
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1} is no YAML" if mark else ""
        raise Unreadable(place) from exc
    return documents[0] if len(documents) == 1 else documents


def _text(file: Reader, kind: str) -> str:
    if file.size > MAX_BYTES[kind]:
        raise TooLarge
    return decoded(file.read_at(0, file.size))[0]
