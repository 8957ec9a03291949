"""Search in the index: the first rows at once whatever is asked, counts and facets within bounds.

The database can't guess how often a key has a value. So the order of names is walked first, for a
while: what is frequent is found there at once. What is not is rare, and found by its indexes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did, DidInfo, DidType
from data_mgmt.models_index import IndexedDid, IndexedScope, Wanted
from data_mgmt.query import (
    ACCOUNT,
    CREATED,
    OPEN,
    SCOPE,
    Compare,
    Node,
    OneOf,
    Op,
    Word,
    conjuncts,
    leaves,
)
from data_mgmt.services import catalogue
from data_mgmt.services.index_sql import behind, expression
from vre_portal.errors import UpstreamTimeout

#: Rows that are walked in the order of names before the indexes are asked.
WALKED = 2000
#: So many found ones are put in order; more are walked again.
SORTED = 5000
COUNTED = 10_000
MOST_MILLISECONDS = 5000
VISIBLE_SECONDS = 60
_ROW = ("scope", "name", "type", "bytes", "files", "account", "is_open", "metadata")

Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """A DID of the index with its metadata."""

    info: DidInfo
    metadata: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Page:
    """A part of what was found, in the order of scope and name, and where it goes on."""

    rows: tuple[Row, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Extent:
    """The scopes that a search is over, as far as a person sees them, and what is known of each."""

    scopes: tuple[str, ...]
    rows: tuple[IndexedScope, ...]
    is_narrowed: bool

    @property
    def known(self) -> tuple[str, ...]:
        """The scopes that were read to their end at least once."""
        return tuple(row.scope for row in self.rows if row.is_whole)

    @property
    def unread(self) -> tuple[str, ...]:
        """The scopes that were not."""
        known = {*self.known}
        return tuple(scope for scope in self.scopes if scope not in known)

    @property
    def oldest(self) -> datetime | None:
        """Of when the index is: the scope that was not read for the longest time."""
        return min((row.refreshed_at for row in self.rows if row.refreshed_at), default=None)


@dataclass(frozen=True, slots=True)
class Count:
    """How many there are; where `is_cut`, there are more."""

    value: int
    is_cut: bool


def visible_scopes(user: User) -> tuple[str, ...]:
    """Return the scopes that Rucio gives to the person's own credential, kept for a minute."""
    key = f"index-scopes:{user.pk}"
    kept: tuple[str, ...] | None = cache.get(key)
    if kept is None:
        kept = tuple(catalogue.scopes(user).value)
        cache.set(key, kept, VISIBLE_SECONDS)
    return kept


def extent(user: User, node: Node) -> Extent:
    """Return over which scopes a search is: those that it names, else all that one may see."""
    visible = visible_scopes(user)
    named = _named_scopes(node)
    scopes = tuple(scope for scope in visible if named is None or scope in named)
    rows = IndexedScope.objects.filter(pk__in=scopes).order_by("pk")
    return Extent(scopes, tuple(rows), named is not None)


def _named_scopes(node: Node) -> set[str] | None:
    found: set[str] | None = None
    for part in conjuncts(node):
        names: set[str] | None = None
        if isinstance(part, Compare) and part.op is Op.EQ and _is_scope(part):
            names = {str(part.value.value)}
        if isinstance(part, OneOf) and _is_scope(part):
            names = {str(value.value) for value in part.values}
        if names is not None:
            found = names if found is None else found & names
    return found


def _is_scope(part: Compare | OneOf) -> bool:
    return part.field.name == SCOPE and not part.field.is_key


def search(over: Extent, node: Node, *, limit: int, after: Place | None = None) -> Page:
    """Return the first `limit` DIDs that fit, behind a place.

    Raises
    ------
    UpstreamTimeout
        The database looked for too long.
    """
    if not over.scopes:
        return Page((), None)
    wanted = limit + 1
    with bounded():
        found = _walk(over, node, wanted, after, WALKED)
        if found is None:
            found = _by_index(over, node, wanted, after)
        if found is None:
            found = _scope_by_scope(over, node, wanted, after)
    rows = found
    more = rows[limit - 1].info.did if len(rows) > limit else None
    return Page(tuple(rows[:limit]), (more.scope, more.name) if more else None)


def _all(over: Extent, after: Place | None) -> Any:
    rows = IndexedDid.objects.of_scopes(over.scopes)
    return rows.filter(behind(after)) if after else rows


def _walk(
    over: Extent, node: Node, wanted: int, after: Place | None, most: int | None
) -> list[Row] | None:
    """Read on in the order of names; None when too little was found on the way."""
    found: list[Row] = []
    for rows in _stretches(over, after):
        ahead = rows.order_by("scope", "name")
        fitting = IndexedDid.objects.filter(expression(node)).order_by("scope", "name")
        if most is None:
            fitting = ahead.filter(expression(node))
        chosen = fitting.values_list(*_ROW)[: wanted - len(found)]
        found += map(_row, chosen if most is None else _among(ahead[:most], chosen))
        if len(found) == wanted:
            return found
    return None if most else found


def _stretches(over: Extent, after: Place | None) -> Iterator[Any]:
    """Yield what lies ahead so that each part is one stretch of the index of names."""
    if after is None:
        yield IndexedDid.objects.of_scopes(over.scopes)
        return
    scope, name = after
    if scope in over.scopes:
        yield IndexedDid.objects.filter(scope=scope, name__gt=name)
    later = tuple(each for each in over.scopes if each > scope)
    if later:
        yield IndexedDid.objects.of_scopes(later)


def _among(window: Any, chosen: Any) -> list[Any]:
    """Ask a question of some rows only: they take the place of the table."""
    first, before = window.query.sql_with_params()
    then, behind_it = chosen.query.sql_with_params()
    with connection.cursor() as cursor:
        sql = f"WITH data_mgmt_indexeddid AS MATERIALIZED ({first}) {then}"
        cursor.execute(sql, [*before, *behind_it])
        return [*cursor.fetchall()]


def _by_index(over: Extent, node: Node, wanted: int, after: Place | None) -> list[Row] | None:
    """Find what is rare by the indexes and put it in order; None when it is not rare."""
    rows = _all(over, after).filter(expression(node)).order_by()
    found, parameters = rows.values_list(*_ROW)[: SORTED + 1].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found AS MATERIALIZED ({found})"  # noqa: S608 - Django's own, with parameters
            " SELECT *, (SELECT count(*) FROM found) FROM found ORDER BY scope, name LIMIT %s",
            [*parameters, wanted],
        )
        told = cursor.fetchall()
    if told and told[0][-1] > SORTED:
        return None
    return [_row(each[:-1]) for each in told]


def _scope_by_scope(over: Extent, node: Node, wanted: int, after: Place | None) -> list[Row]:
    """Find what is frequent, but not where the names begin: often all of it is in some scopes."""
    found: list[Row] = []
    for scope in over.scopes:
        if after and scope < after[0]:
            continue
        one = Extent((scope,), (), is_narrowed=True)
        place = after if after and scope == after[0] else None
        left = wanted - len(found)
        part = _by_index(one, node, left, place) if len(over.scopes) > 1 else None
        found += part if part is not None else _walk(one, node, left, place, None) or []
        if len(found) == wanted:
            break
    return found


def count(over: Extent, node: Node) -> Count:
    """Return how many DIDs fit, up to a bound."""
    rows = _all(over, None).filter(expression(node)).order_by()
    if not over.scopes:
        return Count(0, False)
    with bounded():
        found = rows.values_list("id")[: COUNTED + 1].count()
    return Count(min(found, COUNTED), found > COUNTED)


def waits_for_details(over: Extent, node: Node) -> bool:
    """Whether a search asks for what is not known of all files yet."""
    late = {CREATED, ACCOUNT, OPEN}
    asked = {
        leaf.field.name
        for leaf in leaves(node)
        if not isinstance(leaf, Word) and not leaf.field.is_key
    }
    waiting = IndexedDid.objects.of_scopes(over.scopes).filter(wanted__gt=Wanted.NOTHING)
    return bool(asked & late) and waiting.exists()


def pages(over: Extent, node: Node, *, rows: int, after: Place | None = None) -> Iterator[Page]:
    """Yield all that is found, a page at a time, each by a question of its own."""
    while True:
        page = search(over, node, limit=rows, after=after)
        yield page
        if page.next is None:
            return
        after = page.next


@contextmanager
def bounded() -> Iterator[None]:
    """Let the database look for so long and no longer."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [str(MOST_MILLISECONDS)]
            )
            yield
    except OperationalError as exc:
        if getattr(exc.__cause__, "sqlstate", "") != "57014":
            raise
        raise UpstreamTimeout(
            _("This search takes too long. Name a scope, or add a condition.")
        ) from exc


def _row(values: Sequence[Any]) -> Row:
    scope, name, type_, size, files, account, is_open, metadata = values
    kept = metadata if isinstance(metadata, dict) else _decoded(metadata)
    info = DidInfo(Did(scope, name), DidType(type_), size, files, account, bool(is_open))
    return Row(info, kept)


def _decoded(text: Any) -> dict[str, Any]:
    """Read JSON that did not pass through a field of a model."""
    return json.loads(text) if text else {}
