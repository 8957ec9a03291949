"""Pages in the order of names, out of a list that Rucio gives in no order and without an offset."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote

from data_mgmt.backends.values import Did, DidInfo, DidType

#: Given an upper bound of names and a number of rows: some rows up to the bound, in any order.
Fetch = Callable[[str | None, int | None], Iterable[DidInfo]]
CHUNK = 1000
ROUNDS = 6


def smallest(fetch: Fetch, count: int) -> list[DidInfo]:
    """Return the `count` rows with the smallest names without reading the whole list.

    Any full chunk proves that at least `count` names lie at or below its `count`-th one, so that
    name bounds the next, smaller question; a chunk that is not full is the whole answer. Lists
    are mostly stored in the order of names, so the second question ends it. A hostile order
    (names falling with time) is read as a stream after `ROUNDS`, holding `count` rows.
    """
    chunk = max(CHUNK, 2 * count)
    upper: str | None = None
    for _ in range(ROUNDS):
        found = sorted(fetch(upper, chunk), key=_name)
        if len(found) < chunk:
            return found[:count]
        upper = found[count - 1].did.name
    return heapq.nsmallest(count, fetch(upper, None), key=_name)


def name_bounds(pattern: str, after: str | None, upper: str | None) -> dict[str, str]:
    """Return the filter on names: a pattern, above one name, up to another."""
    bounds = {"name": "" if pattern == "*" else pattern, "name.gt": after, "name.lte": upper}
    return {key: bound for key, bound in bounds.items() if bound}


def matching(dids: Iterable[Did], pattern: str, after: str | None) -> list[Did]:
    """Return DIDs by name that match a pattern and come after a name.

    Rucio's filters on free metadata take no bounds on names beside them.
    """
    # Only the star is special in Rucio.
    literal = pattern.replace("[", "[[]").replace("?", "[?]")
    found = (did for did in dids if fnmatchcase(did.name, literal))
    return sorted(did for did in found if after is None or did.name > after)


def path_of(scope: str) -> str:
    """Return the path of a scope's search."""
    return f"/dids/{quote(scope, safe='')}/dids/search"


def parameters(type_: DidType | None, group: Mapping[str, Any]) -> dict[str, str]:
    """Return the query of a search: all of a group must hold."""
    kind = type_.value if type_ else "all"
    return {"type": kind, "long": "1", "filters": json.dumps([group])}


def _name(row: DidInfo) -> str:
    return row.did.name
