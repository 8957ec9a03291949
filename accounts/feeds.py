"""Feeds of institutions: SeamlessAccess's JSON and a plain CSV, read whole, every fault named."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

from django.db import transaction

from accounts.institutions import row_of
from accounts.models import Institution

#: Columns of the CSV; several names, abbreviations or domains are parted by "|".
COLUMNS = ("entity_id", "name", "other_names", "abbreviations", "domains", "country", "error_url")
FIELDS = ("provider", "hint", "name", "names", "abbreviations", "domains", "country", "error_url",
          "folded")  # fmt: skip
LONGEST = {"entity_id": 400, "name": 300, "error_url": 400, "country": 2}
LONGEST_EACH = {"abbreviations": 60, "domains": 200}


class FeedError(ValueError):
    """A feed can't be read; the text names every fault by its line or entry, and the field."""


@dataclass(slots=True)
class Loaded:
    """What a feed changed."""

    added: int = 0
    changed: int = 0
    removed: int = 0
    same: int = 0
    faults: list[str] = field(default_factory=list)


def load(path: Path, *, provider: str, hint_prefix: str = "", dry_run: bool = False) -> Loaded:
    """Make the institutions of a provider those of a feed; nothing is left half done.

    Entries with faults are left out and named. `hint_prefix` goes before the entity id in the hint
    ("saml:" at INDIGO IAM).

    Raises
    ------
    FeedError
        The file is no feed at all, or no entry of it can be used.
    """
    done = Loaded()
    rows: dict[str, Institution] = {}
    for place, entry in _entries(path):
        fault = _fault(entry)
        if fault or entry["entity_id"] in rows:
            done.faults.append(f"{place}, {fault or 'entity_id: it is there twice'}")
            continue
        entry |= {"provider": provider, "hint": hint_prefix + entry["entity_id"]}
        rows[entry["entity_id"]] = row_of(entry)
    if not rows:
        raise FeedError("\n".join([f"{path.name} holds no institution", *done.faults[:20]]))
    with transaction.atomic():
        _write(rows, provider, done)
        transaction.set_rollback(dry_run)
    return done


def _write(rows: Mapping[str, Institution], provider: str, done: Loaded) -> None:
    known = {row.entity_id: row for row in Institution.objects.filter(entity_id__in=rows)}
    added, changed = [], []
    for entity_id, row in rows.items():
        old = known.get(entity_id)
        if old is None:
            added.append(row)
        elif any(getattr(old, name) != getattr(row, name) for name in FIELDS):
            row.pk = old.pk
            changed.append(row)
    gone = Institution.objects.filter(provider=provider).exclude(entity_id__in=rows)
    done.removed, _by_model = gone.delete()
    Institution.objects.bulk_create(added, batch_size=500)
    Institution.objects.bulk_update(changed, FIELDS, batch_size=500)
    done.added, done.changed = len(added), len(changed)
    done.same = len(rows) - len(added) - len(changed)


def _entries(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as exc:
        raise FeedError(f"{path.name} can't be read: {exc}") from exc
    return _from_csv(path, text) if path.suffix == ".csv" else _from_json(path, text)


def _from_csv(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    lines = csv.DictReader(StringIO(text, newline=""))
    missing = {"entity_id", "name"} - set(lines.fieldnames or ())
    if missing:
        raise FeedError(f"{path.name}, line 1: no column {', '.join(sorted(missing))}")
    for line in _lines(path, lines):
        told = {name: (line.get(name) or "").strip() for name in COLUMNS}
        others = _split(told.pop("other_names"))
        entry: dict[str, Any] = {
            **told,
            "names": {str(number): name for number, name in enumerate(others)},
            "abbreviations": [one.upper() for one in _split(told["abbreviations"])],
            "domains": [one.lower() for one in _split(told["domains"])],
        }
        yield f"{path.name}, line {lines.line_num}", entry


def _lines(path: Path, lines: csv.DictReader[str]) -> Iterator[dict[str, str]]:
    try:
        yield from lines
    except csv.Error as exc:
        raise FeedError(f"{path.name}, line {lines.line_num}: {exc}") from exc


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split("|") if part.strip()]


def _from_json(path: Path, text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        told = json.loads(text)
    except ValueError as exc:
        raise FeedError(f"{path.name} is no JSON: {exc}") from exc
    if not isinstance(told, list):
        raise FeedError(f"{path.name}: a list of entries is needed")
    for number, one in enumerate(told, 1):
        yield f"{path.name}, entry {number}", _of_thiss(one if isinstance(one, dict) else {})


def _of_thiss(one: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry of a discovery feed as thiss.js reads it."""
    names = one.get("title_langs")
    keywords, scopes = str(one.get("keywords") or ""), str(one.get("scope") or "")
    domain = str(one.get("domain") or "")
    return {
        "entity_id": one.get("entityID") or one.get("entity_id") or "",
        "name": one.get("title") or "",
        "names": names if isinstance(names, dict) else {},
        "abbreviations": [word.upper() for word in keywords.replace(",", " ").split()][:50],
        "domains": sorted({part.lower() for part in [*scopes.split(","), domain] if part.strip()}),
        "country": _country(domain),
        "error_url": one.get("error_url") or "",
    }


def _country(domain: str) -> str:
    top = domain.rpartition(".")[2]
    return top.upper() if len(top) == 2 else ""


def _fault(entry: Mapping[str, Any]) -> str:
    for name in ("entity_id", "name"):
        if not isinstance(entry[name], str) or not entry[name].strip():
            return f"{name}: it is missing"
    for name, limit in LONGEST.items():
        if not isinstance(entry[name], str) or len(entry[name]) > limit:
            return f"{name}: a text of at most {limit} characters"
    if r"\u0000" in json.dumps(entry):
        return "a NUL character"
    if entry["error_url"] and not entry["error_url"].startswith("https://"):
        return "error_url: an https address"
    return _fault_in_lists(entry)


def _fault_in_lists(entry: Mapping[str, Any]) -> str:
    for name, limit in LONGEST_EACH.items():
        if any(len(one) > limit for one in entry[name]):
            return f"{name}: each of at most {limit} characters"
    if not all(isinstance(one, str) for one in entry["names"].values()):
        return "names: texts by language"
    return ""
