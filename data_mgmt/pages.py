"""What the data pages show, worked out before any template sees it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from activity.models import Event
from data_mgmt import services, words
from data_mgmt.backends import Did
from data_mgmt.forms import SearchForm, SearchQuery
from data_mgmt.models import ReplicaRequest, RequestState
from vre_portal.budget import Budget
from vre_portal.components.formats import NOTHING, number, size
from vre_portal.errors import InvalidRequest, NotFound, PortalError, UpstreamTimeout

PERSONAL = "user."
FIRST_ROWS = 100
STREAMED_ROWS = 2000
SHOWN_KEPT = 8
TONES = {"ok": "ok", "warning": "wait", "error": "bad", "info": ""}


@dataclass(frozen=True, slots=True)
class Shown:
    """A page's values and its status."""

    context: dict[str, Any]
    status: int = 200


@dataclass(frozen=True, slots=True)
class Line:
    """A request in a list: its sentence, and its progress while there is some."""

    request: ReplicaRequest
    did: Did
    sentence: str
    state: str
    tone: str
    value: int | None = None
    total: int | None = None
    files_text: str = ""
    bytes_text: str = ""


def browse(user: User, query: Mapping[str, str]) -> Shown:
    """Return the scopes and, where a scope is chosen, what the search finds."""
    budget = Budget("rucio")
    known = services.scopes(user, budget)
    query = _understood(query, known.value)
    form = SearchForm(query or None, scopes=known.value)
    context: dict[str, Any] = {
        "form": form,
        "known": known,
        **_sorted_out(known.value, services.own_scope(user)),
        "scope": query.get("scope", ""),
    }
    if not query.get("scope"):
        return _everywhere(user, query, context, known.value, budget)
    if not form.is_valid() and query["scope"] not in known.value and not known.is_stale:
        raise NotFound(
            _("There is no scope %(scope)s. Choose one on the data page.")
            % {"scope": query["scope"]}
        )
    return _with_results(user, query, context, budget)


def _understood(query: Mapping[str, str], scopes: tuple[str, ...]) -> dict[str, str]:
    """Read the top bar's `q` as a name, and ``scope:name`` as both."""
    understood = {key: value for key, value in query.items() if key != "q"}
    text = (query.get("q") or query.get("name") or "").strip()
    scope, colon, name = text.partition(":")
    if colon and scope in scopes and not query.get("scope"):
        return {**understood, "scope": scope, "name": name}
    return {**understood, "name": text}


def _sorted_out(scopes: tuple[str, ...], own: str) -> dict[str, object]:
    """Return the scopes of collaborations apart from those of people."""
    return {
        "count": len(scopes),
        "own": own if own in scopes else "",
        "shared": [scope for scope in scopes if not scope.startswith(PERSONAL)],
        "personal": [scope for scope in scopes if scope.startswith(PERSONAL) and scope != own],
    }


def _everywhere(
    user: User,
    query: Mapping[str, str],
    context: dict[str, Any],
    scopes: tuple[str, ...],
    budget: Budget,
) -> Shown:
    if not query.get("name", "").strip():
        return Shown(context)
    asked = SearchQuery.of({**query, **_loose(query), "scope": "*"})
    found = services.search_everywhere(
        user, scopes, pattern=asked.pattern, type=asked.type, budget=budget
    )
    if not found.items and len(found.silent) == len(scopes):
        problem = UpstreamTimeout(_("Rucio is slow at the moment. Try again."), service="rucio")
        return Shown({**context, "problem": problem}, problem.status)
    return Shown(
        {
            **context,
            "searched": True,
            "rows": found.items,
            "with_scope": True,
            "silent": words.listed(found.silent),
            "cut": words.listed(found.cut),
        }
    )


def _with_results(
    user: User, query: Mapping[str, str], context: dict[str, Any], budget: Budget
) -> Shown:
    try:
        asked = SearchQuery.of({**query, **_loose(query)})
        found = services.search(
            user,
            asked.scope,
            pattern=asked.pattern,
            type=asked.type,
            filters=asked.filters,
            limit=FIRST_ROWS,
            after=query.get("after") or None,
            budget=budget,
        )
    except (InvalidRequest, PortalError) as exc:
        if isinstance(exc, NotFound) or not (exc.retryable or isinstance(exc, InvalidRequest)):
            raise
        return Shown({**context, "problem": exc}, exc.status)
    kept = {key: query[key] for key in ("scope", "name", "type", "filter") if query.get(key)}
    context |= {
        "searched": True,
        "rows": found.items,
        "first": f"?{urlencode(kept)}" if query.get("after") else "",
        "next": f"?{urlencode({**kept, 'after': found.next})}" if found.next else "",
    }
    if found.next and not asked.filters:
        streamed = {**kept, **_loose(query), "after": found.next}
        context["stream"] = f"{reverse('api:data-dids')}?{urlencode(streamed)}"
        context["streamed_rows"] = STREAMED_ROWS
    return Shown(context)


def _loose(query: Mapping[str, str]) -> dict[str, str]:
    """Take a name without a star as a part of one, which is what people mean."""
    name = query.get("name", "").strip()
    return {"name": name if "*" in name or not name else f"*{name}*"}


def kept(user: User, query: QueryDict) -> dict[str, Any]:
    """Return what stands beside the search: what the user keeps at hand, and the basket."""
    count = services.basket.contents(user).count()
    asked = query.urlencode()
    if query.get("scope") or query.get("name") or query.get("q"):
        return {"basket_count": count, "asked": asked}
    return {
        "basket_count": count,
        "favourites": services.favourites(user, limit=SHOWN_KEPT),
        "recent": services.recent(user, limit=SHOWN_KEPT),
        "searches": services.searches(user)[:SHOWN_KEPT],
    }


def request_line(request: ReplicaRequest) -> Line:
    """Return a request as a list shows it."""
    moving = request.state in {RequestState.REPLICATING, RequestState.STUCK}
    return Line(
        request=request,
        did=request.did,
        sentence=words.request_sentence(request),
        state=str(request.state),
        tone="wait" if request.state == RequestState.STUCK else "run",
        value=request.files_done if moving else None,
        total=request.files_total if moving else None,
        files_text=f"{number(request.files_done)} / {number(request.files_total)}",
        bytes_text=f"{size(request.bytes_done)} / {size(request.bytes_total)}",
    )


def request_page(request: ReplicaRequest, happened: Iterable[Event]) -> dict[str, Any]:
    """Return a request's page."""
    ends = request.state == RequestState.OK
    days = request.lifetime_days
    facts: list[tuple[str, object]] = [
        (_("Data"), str(request.did)),
        (_("Storage"), request.storage),
        (_("Files"), number(request.files_total)),
        (_("Size"), size(request.bytes_total)),
        (_("Kept for"), _("%(n)d days") % {"n": days} if days else _("until you let it go")),
        (_("Activity"), request.activity or NOTHING),
        (_("Comment"), request.comment or NOTHING),
        (_("Rule"), request.rule_id or NOTHING),
    ]
    if request.account:
        told = {"who": request.user.display_name or request.user.handle, "group": request.account}
        facts.append((_("As"), _("group %(group)s, by %(who)s") % told))
    return {
        "wish": request,
        "shown": request_line(request),
        "events": events(happened),
        "facts": facts,
        "cancel_word": _("Let the copy go") if ends else _("Cancel the request"),
        "cancel_question": _("Let the copy go?") if ends else _("Cancel this request?"),
        "session_url": session_url(request.did),
    }


def session_url(*dids: Did) -> str:
    """Return where DIDs are opened in a session."""
    return f"/sessions/new?{urlencode([('dataset', str(did)) for did in dids])}"


def events(rows: Iterable[Event]) -> list[dict[str, object]]:
    """Return activity as a timeline shows it."""
    return [{"text": row.text, "time": row.at, "tone": TONES.get(row.level, "")} for row in rows]
