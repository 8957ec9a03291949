"""What a request's page and the list of requests show, worked out before any template sees it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from activity.models import Event
from data_mgmt import pages, request_words, services
from data_mgmt.backends import Did
from data_mgmt.did_shapes import ShownTab
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.request_forms import FilterForm, LifetimeForm
from data_mgmt.services.file_states import FILTERS, MOST_FILES
from vre_portal.components.formats import number, size
from vre_portal.errors import InvalidRequest, PortalError

HOW, FILES = "how", "files"
#: A longer list of files is not read again at each change.
LIVE_FILES = 1000


@dataclass(frozen=True, slots=True)
class FileRow:
    """A file of a request in its table."""

    did: Did
    storage: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to cut the table of files."""

    title: str
    url: str
    current: bool


def request_page(
    user: User, request: ReplicaRequest, happened: Iterable[Event], query: dict[str, str]
) -> dict[str, Any]:
    """Return a request's page: how it is, or its files."""
    shown = pages.request_page(request, happened)
    tab = FILES if query.get("tab") == FILES else HOW
    context = {
        **shown,
        "tab": tab,
        "tabs": _tabs(request, tab),
        "why": services.why_waits(user, request) if tab == HOW else "",
        "pace": request_words.pace_sentence(services.pace_of(request)),
        "ends": request.expires_at if request.can_cancel else None,
        "ends_soon": request_words.ends_soon(request),
        "gone_bytes": request_words.what_goes(request),
        "can_boost": request.state == RequestState.STUCK and not request.is_cancelling,
        "can_hurry": request.state == RequestState.REPLICATING and not request.is_cancelling,
        "known_at": services.known_at(request),
        "can_change": request.can_cancel,
        "can_end_later": request.can_cancel and bool(request.rule_id),
        "lifetime": LifetimeForm(),
        "refresh_url": _refresh_url(request, tab, query),
    }
    return context | (_files(user, request, query) if tab == FILES else {})


def _tabs(request: ReplicaRequest, tab: str) -> list[ShownTab]:
    return [
        ShownTab(HOW, _("How it is"), None, tab == HOW),
        ShownTab(FILES, _("Files"), request.files_total or None, tab == FILES),
    ]


def _refresh_url(request: ReplicaRequest, tab: str, query: dict[str, str]) -> str:
    if tab == FILES and request.files_total > LIVE_FILES:
        return ""
    kept = {key: query[key] for key in ("tab", "state", "after") if query.get(key)}
    address = reverse("data_mgmt:request-state", kwargs={"pk": request.pk})
    return f"{address}?{urlencode(kept)}" if kept else address


def _files(user: User, request: ReplicaRequest, query: dict[str, str]) -> dict[str, Any]:
    state, after = query.get("state") or "all", query.get("after", "")
    titles = {
        "all": _("All"),
        "stuck": _("Stuck"),
        "replicating": _("Replicating"),
        "ok": _("Arrived"),
    }
    choices = [
        Choice(titles[key], f"?{urlencode({'tab': FILES, 'state': key})}", key == state)
        for key in FILTERS
    ]
    try:
        found = services.file_states(user, request, state=state, limit=MOST_FILES, after=after)
    except PortalError as exc:
        return {"choices": choices, "problem": exc.message, "state": state}
    rows = [FileRow(row.did, row.storage, str(row.state), row.reason) for row in found.items]
    here = {"tab": FILES, "state": state}
    return {
        "choices": choices,
        "state": state,
        "files": rows,
        "too_many": found.is_cut,
        "first": f"?{urlencode(here)}" if after else "",
        "next": f"?{urlencode({**here, 'after': found.next})}" if found.next else "",
    }


def listing(
    rows: Sequence[ReplicaRequest], query: dict[str, str], problem: InvalidRequest | None
) -> dict[str, Any]:
    """Return the list of requests with its filters."""
    kept = {key: query[key] for key in ("state", "storage", "scope", "name") if query.get(key)}
    address = reverse("data_mgmt:requests")
    return {
        "requests": [pages.request_line(row) for row in rows],
        "filters": FilterForm(query if kept else None),
        "filtered": bool(kept),
        "problem": problem,
        "lifetime": LifetimeForm(),
        "first": f"{address}?{urlencode(kept)}" if query.get("cursor") else "",
        "topics": " ".join(f"replica-request:{row.pk}" for row in rows if row.is_active),
    }


def bulk(
    requests: Sequence[ReplicaRequest], action: str, form: LifetimeForm | None
) -> dict[str, Any]:
    """Return the question before several requests are changed at once."""
    files = sum(request.files_total for request in requests)
    total = sum(request.bytes_total for request in requests)
    return {
        "requests": [pages.request_line(request) for request in requests],
        "action": action,
        "form": form,
        "files": number(files),
        "bytes": size(total),
        "count": len(requests),
    }
