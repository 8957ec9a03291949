"""Signed-in browsers: known one by one, so that each can be shown and ended from anywhere."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Identity, WebSession
from vre_portal.live import close_sockets_of_session
from vre_portal.logs import client_address


def begin(request: HttpRequest, identity: Identity, *, sid: str, auth_time: datetime) -> WebSession:
    """Note that a browser has signed in; its session is saved and has its new key already."""
    return WebSession.objects.create(
        session_key=request.session.session_key or "",
        user=identity.user,
        identity=identity,
        sid=sid,
        auth_time=auth_time,
        address=client_address.get() or None,
        user_agent=request.headers.get("User-Agent", "")[:300],
    )


def renew(request: HttpRequest, session: WebSession, *, sid: str, auth_time: datetime) -> None:
    """Note that the person at a browser has just proven again who they are, under a new key."""
    session.session_key = request.session.session_key or ""
    session.sid, session.auth_time = sid, auth_time
    session.save(update_fields=["session_key", "sid", "auth_time"])


def of_request(request: HttpRequest) -> WebSession | None:
    """Return the signed-in browser that asks."""
    key = request.session.session_key
    rows = WebSession.objects.select_related("identity")
    return rows.filter(session_key=key).first() if key else None


@transaction.atomic
def end(sessions: Iterable[WebSession]) -> int:
    """Sign these browsers out: their sessions end and their websockets close; return how many."""
    rows = list(sessions)
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    WebSession.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        transaction.on_commit(partial(close_sockets_of_session, row.pk))
    return len(rows)
