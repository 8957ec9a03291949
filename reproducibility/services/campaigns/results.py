"""What a campaign reads of each run: values at declared places of its outputs (JSON and CSV)."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from django.utils.translation import gettext as _

from accounts.credentials import Credential
from reproducibility.backends import get_backend
from reproducibility.models import Point, Run
from vre_portal.errors import InvalidRequest, NotFound, PortalError

MOST_RESULTS = 50
MOST_BYTES = 4 << 20
LONGEST = 200
#: File names' ends, and what reads them.
FORMATS = (".json", ".csv")

#: Stands for what is not there, which JSON's null is not.
_NOTHING = object()

Key = str | int
Value = bool | int | float | str | None


class NoResult(Exception):
    """There is no value at a place; the text says why."""


@dataclass(frozen=True, slots=True)
class Declared:
    """A column of the table of results: its name, the file, and the place in it.

    A place is written ``parameters.mass.value`` or ``fits[0].chi2``; in a CSV ``pairs[3]`` is
    the fourth value of a column, and ``pairs[-1]`` its last.
    """

    name: str
    path: str
    where: str

    def as_json(self) -> dict[str, str]:
        """Return what the campaign keeps."""
        return {"name": self.name, "path": self.path, "where": self.where}


def checked(declared: Sequence[Declared], parameters: Sequence[str]) -> tuple[Declared, ...]:
    """Return declared results that can be read; raises `InvalidRequest`."""
    if len(declared) > MOST_RESULTS:
        words = _("At most %s results are collected.") % MOST_RESULTS
        raise InvalidRequest(words, field="results")
    taken = set(parameters)
    for each in declared:
        _check(each, taken)
        taken.add(each.name)
    return tuple(declared)


def _check(each: Declared, taken: set[str]) -> None:
    if not each.name or len(each.name) > LONGEST:
        raise InvalidRequest(_("Give each result a name."), field="results")
    if each.name in taken:
        words = _("%s stands twice: give each result a name of its own.") % each.name
        raise InvalidRequest(words, field="results")
    if PurePosixPath(each.path).suffix.lower() not in FORMATS or ".." in each.path.split("/"):
        words = _("%s: results are read from .json and .csv files of a run.") % each.path
        raise InvalidRequest(words, field="results")
    try:
        keys_of(each.where)
    except NoResult as exc:
        raise InvalidRequest(f"{each.name}: {exc}", field="results") from exc


def keys_of(where: str) -> tuple[Key, ...]:
    """Return the names and indices of a place.

    >>> keys_of("fits[0].chi2")
    ('fits', 0, 'chi2')
    """
    keys: list[Key] = []
    for part in where.split("."):
        name, *indices = part.split("[")
        if name:
            keys.append(name)
        for index in indices:
            digits = index.removesuffix("]")
            if digits == index or not digits.removeprefix("-").isdecimal() or len(digits) > 9:
                raise NoResult(_("%s is no place: write it like fits[0].chi2.") % where)
            keys.append(int(digits))
        if not name and not indices:
            raise NoResult(_("%s is no place: write it like fits[0].chi2.") % (where or "''"))
    return tuple(keys)


def value_at(path: str, content: bytes, where: str) -> Value:
    """Return a single value of a file's content; raises `NoResult`."""
    try:
        found: Any = _loaded(path, content)
    except (ValueError, RecursionError, csv.Error) as exc:
        raise NoResult(_("%s can't be read.") % path) from exc
    for key in keys_of(where):
        fits = isinstance(found, list if isinstance(key, int) else dict)
        try:
            found = found[key] if fits else _NOTHING
        except LookupError:
            found = _NOTHING
        if found is _NOTHING:
            raise NoResult(_("There is no %(where)s in %(path)s.") % {"where": where, "path": path})
    if not isinstance(found, Value):
        raise NoResult(_("%s is no single value.") % where)
    if isinstance(found, float) and not math.isfinite(found):
        raise NoResult(_("%s is no finite number.") % where)
    return found[:LONGEST] if isinstance(found, str) else found


def _loaded(path: str, content: bytes) -> object:
    text = content.decode("utf-8-sig")
    if path.lower().endswith(".json"):
        return json.loads(text)
    rows = csv.DictReader(text.splitlines())
    columns: dict[str, list[Value]] = {name: [] for name in rows.fieldnames or ()}
    for row in rows:
        for name, column in columns.items():
            column.append(_number(row.get(name) or ""))
    return columns


def _number(text: str) -> Value:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


Gathered = Mapping[str, Mapping[str, Value]]


def gather(run: Run, credential: Credential) -> Gathered:
    """Read the declared results of a finished run: by name a value, or why there is none."""
    point = Point.objects.select_related("campaign").filter(run=run).first()
    contents: dict[str, bytes | str] = {}
    found: dict[str, Mapping[str, Value]] = {}
    for each in point.campaign.results if point else ():
        if each["path"] not in contents:
            contents[each["path"]] = _content(run, each["path"], credential)
        found[each["name"]] = _result(each, contents[each["path"]])
    return found


def write_down(run: Run, found: Gathered) -> None:
    """Keep what was gathered with the run's point, if it is still that one's."""
    Point.objects.filter(run=run).update(results=found)


def _result(each: Mapping[str, str], content: bytes | str) -> Mapping[str, Value]:
    if isinstance(content, str):
        return {"problem": content}
    try:
        return {"value": value_at(each["path"], content, each["where"])}
    except NoResult as exc:
        return {"problem": str(exc)}


def _content(run: Run, path: str, credential: Credential) -> bytes | str:
    """Return a file of the run, or why there is none."""
    try:
        content = b""
        for piece in get_backend().download(credential, run.workflow_id, path):
            content += piece
            if len(content) > MOST_BYTES:
                return _("%s is too large to read results from.") % path
    except NotFound:
        return _("The run gave no %s.") % path
    except PortalError as exc:
        if exc.retryable or exc.waits:
            raise
        return exc.message
    return content
