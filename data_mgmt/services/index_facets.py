"""Facets: how often the most used values occur in what a search finds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.db import connection

from data_mgmt.models_index import IndexedDid
from data_mgmt.query import SCOPE, TYPE, And, Compare, Field, Node, Number, Op, Text, Truth, Value
from data_mgmt.services.index_search import Extent, bounded
from data_mgmt.services.index_sql import expression

#: Of so many found DIDs the values are counted.
SAMPLED = 5000
MOST_FACETS = 6
SHOWN_VALUES = 8
FEW_VALUES = 4

_COUNT = """
WITH found AS MATERIALIZED ({found})
SELECT '', 'scope', to_jsonb(scope::text), count(*) FROM found GROUP BY 3
UNION ALL SELECT '', 'type', to_jsonb(type::text), count(*) FROM found GROUP BY 3
UNION ALL SELECT 'key', key, metadata -> key, count(*)
  FROM found CROSS JOIN unnest(%s::text[]) AS key WHERE metadata ? key GROUP BY 2, 3
"""


@dataclass(frozen=True, slots=True)
class FacetValue:
    """A value of a facet: how many DIDs have it, and the condition that chooses them."""

    text: str
    count: int
    condition: Compare


@dataclass(frozen=True, slots=True)
class Facet:
    """A field or a key with its most frequent values."""

    field: Field
    values: tuple[FacetValue, ...]


@dataclass(frozen=True, slots=True)
class Facets:
    """What was counted, of how many DIDs; where `is_cut`, there are more."""

    facets: tuple[Facet, ...]
    counted: int
    is_cut: bool


def facets(over: Extent, node: Node) -> Facets:
    """Return how often values occur: of everything where nothing is asked, else of a part."""
    if not over.scopes:
        return Facets((), 0, is_cut=False)
    keys = _keys(over)
    rows = IndexedDid.objects.of_scopes(over.scopes).filter(expression(node)).order_by()
    chosen = rows.values_list("scope", "type", "metadata")[: SAMPLED + 1]
    found, parameters = chosen.query.sql_with_params()
    with bounded(), connection.cursor() as cursor:
        cursor.execute(_COUNT.format(found=found), [*parameters, keys])
        told = cursor.fetchall()
    counted = sum(count for kind, name, _value, count in told if (kind, name) == ("", TYPE))
    names = [(False, SCOPE), (False, TYPE), *((True, key) for key in keys)]
    made = [_facet(is_key, name, told) for is_key, name in names]
    useful = [each for each in made if _divides(each) or _is_chosen(each, node)]
    return Facets(tuple(useful), min(counted, SAMPLED), counted > SAMPLED)


def _divides(facet: Facet) -> bool:
    """Whether it narrows: many values of one DID each are titles or notes."""
    values = facet.values
    return len(values) > 1 and (len(values) <= FEW_VALUES or values[0].count > 1)


def _keys(over: Extent) -> list[str]:
    """Return the keys that have few values, the most used first."""
    dids: dict[str, int] = {}
    frequent: dict[str, int] = {}
    for row in over.rows:
        for key in row.keys:
            name = key["name"]
            dids[name] = dids.get(name, 0) + key["dids"]
            frequent[name] = frequent.get(name, 0) + sum(n for _t, _k, n in key["values"])
    names = [name for name, count in dids.items() if 2 * frequent[name] >= count]
    return sorted(names, key=lambda name: (-dids[name], name))[:MOST_FACETS]


def _facet(is_key: bool, name: str, told: list[tuple[str, str, Any, int]]) -> Facet:
    field = Field(name, is_key)
    kind = "key" if is_key else ""
    counts = [(_value(value), count) for at, of, value, count in told if (at, of) == (kind, name)]
    values = sorted(
        (
            FacetValue(str(value.value) if isinstance(value, Text) else str(value), count,
                       Compare(field, Op.EQ, value))
            for value, count in counts
            if value is not None
        ),
        key=lambda each: (-each.count, each.text),
    )  # fmt: skip
    return Facet(field, tuple(values[:SHOWN_VALUES]))


def _value(told: Any) -> Value | None:
    value = json.loads(told) if isinstance(told, str) else told
    if isinstance(value, bool):
        return Truth(value)
    if isinstance(value, int | float):
        return Number(value, json.dumps(value))
    return Text(value) if isinstance(value, str) and 0 < len(value) <= 80 else None


def _is_chosen(facet: Facet, node: Node) -> bool:
    parts = node.parts if isinstance(node, And) else (node,)
    return any(value.condition in parts for value in facet.values)
