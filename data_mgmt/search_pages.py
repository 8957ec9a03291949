"""The search of the data page: the builder, what was found, facets, and how old it all is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from data_mgmt import words
from data_mgmt.index_rows import place_of
from data_mgmt.query import FIELDS, And, Compare, Node, Number, conjuncts
from data_mgmt.query.rows import OPERATORS, Row, rows_of, text_of
from data_mgmt.query.text import parse
from data_mgmt.services import finding, index_facets, index_keys, index_search
from data_mgmt.services.finding import Finding
from data_mgmt.services.index_facets import Facet, FacetValue
from data_mgmt.services.index_search import Count
from vre_portal.components.formats import number
from vre_portal.errors import InvalidRequest, PortalError

FIRST_ROWS = 100
STREAMED_ROWS = 2000
MOST_ROWS = 30
SUGGESTED = 60
EXAMPLES = ("type:dataset size>1GB", "dimuon created>=2026-01-01", "run in (1, 2) NOT quality=bad")


def built(query: QueryDict) -> str | None:
    """Return where a press of one of the builder's buttons leads; None where none was pressed."""
    if "f" not in query and "o" not in query:
        return None
    parts = zip(query.getlist("f"), query.getlist("o"), query.getlist("v"), strict=False)
    rows = [Row(*part) for part in parts][:MOST_ROWS]
    gone = query.get("remove", "")
    kept = [row for index, row in enumerate(rows) if str(index) != gone]
    after: dict[str, str] = {"q": _tidy(text_of(kept))}
    if "add" in query:
        after["add"] = "1"
    return f"{reverse('data_mgmt:browse')}?{urlencode(after)}"


def panel(user: User, text: str, *, blank: bool = False) -> dict[str, Any]:
    """Return the search's form: its text, and the rows of its conditions where it has some."""
    over = index_search.extent(user, And())
    try:
        rows = rows_of(finding.understood(user, text)[0]) if text else []
    except InvalidRequest:
        rows = None
    if rows is not None and len(rows) > MOST_ROWS:
        rows = None  # the form would lose what it can't hold
    names = {
        "=": _("is"), "!=": _("is not"), "~": _("is like"), "has": _("has in it"),
        ">=": _("at least"), "<=": _("at most"), ">": _("more than"), "<": _("less than"),
        "in": _("is one of"), "exists": _("is there"), "missing": _("is not there"),
    }  # fmt: skip
    shown = [*(rows or []), Row("", "=", "")] if blank or not rows else rows
    suggested = [key.name for key in index_keys.keys_of([*over.rows])[:SUGGESTED]]
    return {
        "q": text,
        "builder": None if rows is None else shown,
        "builder_open": blank or bool(rows),
        "operators": [(each, names[each]) for each in OPERATORS],
        "suggested": [*sorted(FIELDS), *(key for key in suggested if key not in FIELDS)],
        "examples": EXAMPLES,
    }


def results(user: User, text: str, query: Mapping[str, str]) -> tuple[dict[str, Any], int]:
    """Return what a search found as the page shows it, and the page's status."""
    try:
        after = place_of(query.get("after", ""))
        found = finding.find(user, text, limit=FIRST_ROWS, after=after)
        counted = index_search.count(found.over, found.node)
        facets = index_facets.facets(found.over, found.node)
    except PortalError as exc:
        if not (exc.retryable or isinstance(exc, InvalidRequest)):
            raise
        return {"problem": exc}, exc.status
    return {
        "searched": True,
        "indexed": True,
        "rows": [row.info for row in found.page.rows],
        "with_scope": True,
        **_pages(found, text, query),
        "total_text": _total(counted, found),
        "notes": _notes(found),
        "as_of": found.over.oldest,
        "live": found.live,
        "live_words": words.listed(found.live.scopes) if found.live else "",
        "live_silent": words.listed(found.live.silent) if found.live else "",
        "facets": [_facet(facet, found.node) for facet in facets.facets],
        "facets_note": _facets_note(facets.counted) if facets.is_cut else "",
        "exports": _exports(text),
    }, 200


def _pages(found: Finding, text: str, query: Mapping[str, str]) -> dict[str, Any]:
    place = found.page.next
    if place is None:
        return {"first": f"?{urlencode({'q': text})}" if query.get("after") else "", "next": ""}
    cursor = f"{place[0]}:{place[1]}"
    stream = urlencode({"q": text, "cursor": cursor})
    return {
        "first": f"?{urlencode({'q': text})}" if query.get("after") else "",
        "next": f"?{urlencode({'q': text, 'after': cursor})}",
        "stream": f"{reverse('api:data-dids')}?{stream}",
        "streamed_rows": STREAMED_ROWS,
    }


def _total(counted: Count, found: Finding) -> str:
    scopes = len(found.over.known) if found.live else len(found.over.scopes)
    what = ngettext("%(n)s found", "%(n)s found", counted.value) % {"n": number(counted.value)}
    if counted.is_cut:
        what = _("More than %(n)s found") % {"n": number(counted.value)}
    where = ngettext("in %(n)s scope", "in %(n)s scopes", scopes) % {"n": number(scopes)}
    return f"{what} {where}."


def _notes(found: Finding) -> list[str]:
    notes = []
    if found.unknown_keys:
        notes.append(
            _("No data there has the key %(keys)s, as far as the index knows.")
            % {"keys": words.listed(found.unknown_keys)}
        )
    if found.partly:
        notes.append(
            _("Not wholly read into the index yet: %(scopes)s. Rucio can't be asked for this live.")
            % {"scopes": words.listed(found.partly)}
        )
    waiting = sum(row.waiting for row in found.over.rows)
    if waiting:
        notes.append(
            ngettext(
                "The metadata of %(n)s more is being read.",
                "The metadata of %(n)s more are being read.",
                waiting,
            )
            % {"n": number(waiting)}
        )
    if found.waits_for_details:
        notes.append(_("When and by whom is not known of all files yet."))
    return notes


def _facets_note(counted: int) -> str:
    return _("Counted among the first %(n)s; there are more.") % {"n": number(counted)}


def _facet(facet: Facet, node: Node) -> dict[str, Any]:
    values = [_choice(value, node) for value in facet.values]
    return {"name": facet.field.name, "values": values, "is_key": facet.field.is_key}


def _choice(value: FacetValue, node: Node) -> dict[str, Any]:
    """Return a value as a link that adds its condition, or takes it away."""
    parts = conjuncts(node)
    there = [part for part in parts if _same(part, value.condition)]
    left: Sequence[Node] = [part for part in parts if part not in there]
    wanted = And(tuple(left)) if there else And((*left, value.condition))
    text = str(wanted) or ""
    return {
        "text": value.text,
        "count": value.count,
        "is_chosen": bool(there),
        "url": f"?{urlencode({'q': text})}" if text else reverse("data_mgmt:browse"),
    }


def _same(part: Node, condition: Compare) -> bool:
    if not isinstance(part, Compare) or (part.field, part.op) != (condition.field, condition.op):
        return False
    mine, other = part.value, condition.value
    if isinstance(mine, Number) and isinstance(other, Number):
        return mine.value == other.value
    return mine == other


def _exports(text: str) -> list[tuple[str, str]]:
    kinds = [("txt", _("DID list")), ("csv", _("CSV")), ("metalink", _("Metalink"))]
    url = reverse("data_mgmt:search-export")
    return [(f"{url}?{urlencode({'q': text, 'as': kind})}", word) for kind, word in kinds]


def as_line(address: str) -> str:
    """Return the text of a search that is kept as the query of an address."""
    query = QueryDict(address)
    return query.get("q") or as_text(query)


def as_text(query: Mapping[str, str]) -> str:
    """Return the text of a search that an address tells in parts."""
    rows = []
    if query.get("scope"):
        rows.append(Row("scope", "=", query["scope"]))
    if query.get("name"):
        rows.append(Row("name", "has", query["name"]))
    if query.get("type") not in {None, "", "all"}:
        rows.append(Row("type", "=", query["type"]))
    for part in filter(None, query.get("filter", "").split(",")):
        key, _equals, value = part.partition("=")
        name, _dot, op = key.rpartition(".")
        operators = {"gte": ">=", "lte": "<=", "gt": ">", "lt": "<", "ne": "!="}
        rows.append(Row(name or key, operators.get(op, "=") if name else "=", value))
    return _tidy(text_of(rows))


def _tidy(text: str) -> str:
    """Return a search as the portal writes it; what can't be read stays for its author to see."""
    try:
        return str(parse(text))
    except InvalidRequest:
        return text
