"""What sessions use: asked every few seconds while somebody looks, now and then otherwise."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import F, Q
from django.utils import timezone

from accounts.credentials import Credential
from accounts.models import User
from sessions.backends import AUDIENCE
from sessions.backends.running import Place, Usage, Volume, get_running
from sessions.models import Session, SessionState
from sessions.services.entering import entered
from sessions.services.meters import kernels, meters
from sessions.services.reading import event_of, get
from vre_portal.errors import PortalError
from vre_portal.health import is_down
from vre_portal.live import publish_all

log = logging.getLogger(__name__)
TOPIC = "session-usage"
#: A page says every half minute that it still looks.
WATCHED_SECONDS = 75
#: So often one is asked at whom nobody looks: for the lists, and how full the home is.
SELDOM = timedelta(minutes=5)
#: So many are asked in one round, so many of them at once.
MOST, AT_ONCE = 40, 8
#: A round whose worker died holds the next ones back for so long: longer than any takes.
ROUND, ROUND_SECONDS = "sessions-asked", 150


def looked_at(keys: Iterable[str]) -> None:
    """Take note that pages show what these sessions use."""
    cache.set_many({f"{TOPIC}:{key}": 1 for key in keys}, WATCHED_SECONDS)


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return what a session used when it was last asked, as the websocket tells it."""
    session = get(User.objects.get(pk=str(user_id)), key)
    usage = usage_of(session)
    return _told(usage) if usage else {"meters": []}


def sample() -> None:
    """Ask those that are looked at, and those that were not asked for long; one round at a time."""
    if is_down(AUDIENCE) or not cache.add(ROUND, 1, ROUND_SECONDS):
        return
    try:
        rows = _due()
        with ThreadPoolExecutor(AT_ONCE) as threads:
            _keep(list(zip(rows, threads.map(_ask, rows), strict=True)))
    finally:
        cache.delete(ROUND)


def _due() -> list[Session]:
    running = Session.objects.filter(state=SessionState.READY)
    seldom = timezone.now() - SELDOM
    keys = {f"{TOPIC}:{pk}": pk for pk in running.values_list("pk", flat=True)}
    watched = {keys[found] for found in cache.get_many(keys)}
    due = Q(pk__in=watched) | Q(usage_at=None) | Q(usage_at__lt=seldom)
    longest_ago = F("usage_at").asc(nulls_first=True)
    return list(running.filter(due).select_related("user").order_by(longest_ago)[:MOST])


def _ask(row: Session) -> Usage | None:
    """Return what one uses, None where it does not tell: in a thread, which has no database."""
    try:
        credential, place = entered(row)
        told = get_running().usage(credential, place)
    except PortalError as exc:
        log.info("%s does not tell what it uses: %s", row.server, exc.message)
        return None
    if told.keep_alive != row.keep_alive:
        _correct(row, credential, place)
    return told


def _correct(row: Session, credential: Credential, place: Place) -> None:
    """Tell a session again whether it is kept alive: it was not there when that was said."""
    try:
        get_running().keep_alive(credential, place, on=row.keep_alive)
    except PortalError as exc:
        log.info("%s does not hear that it is kept alive: %s", row.server, exc.message)


def _keep(answers: Sequence[tuple[Session, Usage | None]]) -> None:
    now = timezone.now()
    for row, told in answers:
        changes: dict[str, Any] = {"usage_at": now}
        if told is not None:
            changes["usage"] = _state(told)
        Session.objects.filter(pk=row.pk, state=SessionState.READY).update(**changes)
    publish_all([(f"{TOPIC}:{row.pk}", _told(told)) for row, told in answers if told])
    # A page without figures gets them, or hears for once that there are none.
    news = [row for row, told in answers if row.usage_at is None or (told and not row.usage)]
    publish_all([(f"session:{row.pk}", event_of(row)) for row in news])


def _told(usage: Usage) -> dict[str, Any]:
    """Return what open pages are told: figures with their words, ready to be shown."""
    shown = [{**asdict(one), "tone": one.tone} for one in meters(usage)]
    return {"meters": shown, "kernels": kernels(usage), "at": usage.at.isoformat()}


def _state(told: Usage) -> dict[str, Any]:
    return {**asdict(told), "projects": [asdict(one) for one in told.projects],
            "at": told.at.isoformat()}  # fmt: skip


def usage_of(session: Session) -> Usage | None:
    """Return what a session used when it was last asked; None before that."""
    kept = session.usage
    if not kept:
        return None
    home, projects = Volume(**kept["home"]), tuple(Volume(**one) for one in kept["projects"])
    rest = {key: kept[key] for key in kept.keys() - {"home", "projects", "at"}}
    return Usage(**rest, home=home, projects=projects, at=datetime.fromisoformat(kept["at"]))
