"""Signed-in browsers: known one by one, so that each can be shown and ended from anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import gate, providers, satellites, services
from accounts.id_tokens import Proven
from accounts.models import Identity, PendingLink, User, WebSession
from vre_portal.config import get_config
from vre_portal.errors import SignInRequired
from vre_portal.live import close_sockets_of_session
from vre_portal.logs import client_address

SEEN = timedelta(minutes=1)


def begin(request: HttpRequest, identity: Identity, proven: Proven) -> WebSession:
    """Note that a browser has signed in; its session is saved and has its new key already."""
    return WebSession.objects.create(
        session_key=request.session.session_key or "",
        user=identity.user,
        identity=identity,
        sid=proven.sid,
        auth_time=proven.auth_time,
        acr=proven.acr,
        address=client_address.get() or None,
        user_agent=request.headers.get("User-Agent", "")[:300],
    )


def renew(session: WebSession, proven: Proven, *, key: str) -> None:
    """Note that the person at a browser has just proven again who they are, under a new key.

    Raises
    ------
    SignInRequired
        The browser was signed out meanwhile.
    """
    changes = {"sid": proven.sid, "auth_time": proven.auth_time, "acr": proven.acr}
    rows = WebSession.objects.filter(pk=session.pk)
    if not rows.update(session_key=key, **changes):
        raise SignInRequired("You were signed out meanwhile. Sign in again.")
    PendingLink.objects.filter(session_key=session.session_key).update(session_key=key)


def of_request(request: HttpRequest) -> WebSession | None:
    """Return the signed-in browser that asks."""
    key = request.session.session_key
    rows = WebSession.objects.select_related("identity")
    return rows.filter(session_key=key).first() if key else None


def seen(request: HttpRequest) -> None:
    """Note that a browser is there, at most once a minute.

    Raises
    ------
    SignInRequired
        It was signed out from elsewhere, was away, or signed in for longer than the site allows,
        or at a provider that the site no longer has.
    """
    session = of_request(request)
    if session is None:
        raise SignInRequired("You were signed out. Sign in again.")
    over = _why_over(session)
    if over:
        end([session])
        services.forget_removed_providers()
        raise SignInRequired(over)
    now = timezone.now()
    if session.last_seen_at < now - SEEN:
        address = client_address.get() or session.address
        WebSession.objects.filter(pk=session.pk).update(last_seen_at=now, address=address)


def _why_over(session: WebSession) -> str:
    """Return why a sign-in has ended by itself, empty while it holds."""
    now = timezone.now()
    if session.identity.provider not in providers.registry():
        return "The way by which you signed in was removed. Sign in through another."
    if session.last_seen_at < now - idle_limit() or session.started_at < now - whole_limit():
        return "Your sign-in has ended, because it was long ago. Sign in again."
    return ""


def idle_limit() -> timedelta:
    """Return how long a browser may be away."""
    return timedelta(hours=get_config().session_idle_hours)


def whole_limit() -> timedelta:
    """Return how long a sign-in lasts at most."""
    return timedelta(hours=get_config().session_hours)


def admit(user_id: Any, session_key: str) -> Sequence[str]:
    """Return the group of websockets of a browser, if its sign-in holds and its owner may act.

    Raises
    ------
    SignInRequired
        The browser was signed out, or was away or signed in for longer than the site allows, or
        at a provider that the site no longer has.
    Forbidden
        The person may not act: suspended, without membership, or before the terms.
    """
    user = User.objects.filter(pk=user_id).first()
    if user is None or (session_key and not Session.objects.filter(pk=session_key).exists()):
        raise SignInRequired("Sign in first.")
    refusal = gate.refusal(user)
    if refusal is not None:
        raise refusal
    if not session_key:
        return []
    session = WebSession.objects.select_related("identity").filter(session_key=session_key).first()
    over = _why_over(session) if session else "You were signed out. Sign in again."
    if session is None or over:
        raise SignInRequired(over)
    return [f"web-session:{session.pk}"]


@transaction.atomic
def end(sessions: Iterable[WebSession]) -> int:
    """Sign these browsers out: their sessions end and their websockets close; return how many.

    With somebody's last browser ends what the portal's own issuer gave for them.
    """
    rows = list(sessions)
    keys = [row.session_key for row in rows]
    owners = {row.user_id for row in rows}
    # One at a time a person: of two last browsers that end at once, one has to see that it was it.
    list(User.objects.select_for_update(no_key=True).filter(pk__in=owners).order_by("pk"))
    Session.objects.filter(session_key__in=keys).delete()
    WebSession.objects.filter(pk__in=[row.pk for row in rows]).delete()
    for row in rows:
        transaction.on_commit(partial(close_sockets_of_session, row.pk))
    for user in User.objects.filter(pk__in=owners, web_sessions=None):
        satellites.end_grants(user)
    return len(rows)


def forget_ended() -> int:
    """End the sign-ins that are too old or of a removed provider; return how many."""
    now = timezone.now()
    old = WebSession.objects.filter(started_at__lt=now - whole_limit())
    removed = WebSession.objects.exclude(identity__provider__in=list(providers.registry()))
    ended = end(old) + end(WebSession.objects.filter(last_seen_at__lt=now - idle_limit()))
    ended += end(removed)
    Session.objects.filter(expire_date__lt=now).delete()
    return ended
