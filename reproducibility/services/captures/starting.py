"""Captures of one person: begin, find, list, discard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from reproducibility.models import Analysis, Capture, CaptureState
from reproducibility.models_captures import CaptureQuerySet
from reproducibility.services.analyses import find_analysis, is_uuid
from reproducibility.services.captures.sources import kind_of
from vre_portal import operations
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound

KIND, ABOUT = "capture.read", "capture"
#: Captures that one person may have on their way to an analysis.
MOST_OPEN = 50


def start(
    user: User, kind: str, wish: Mapping[str, str], *, analysis: Analysis | None = None
) -> Capture:
    """Begin to capture what a wish names, as a new analysis or a new version of one's own.

    Raises
    ------
    InvalidRequest
        Something is missing or can't be used; `field` names it.
    Conflict
        There are too many captures that were neither saved nor discarded.
    """
    source = kind_of(kind)
    open_ones = visible_to(user).exclude(state=CaptureState.SAVED)
    if open_ones.count() >= MOST_OPEN:
        raise Conflict(_("You have %s captures that are not saved. Discard some.") % MOST_OPEN)
    origin = source.check(user, wish)
    with transaction.atomic():
        capture = Capture.objects.create(
            user=user, kind=kind, origin=origin, analysis=analysis, message=_("Waiting to be read.")
        )
        operations.begin(KIND, subject=capture.pk, user_id=user.pk, is_new=True)
        audit.record("capture.started", actor=user, about=(ABOUT, capture.pk), detail=_told(origin))
    return capture


def _told(origin: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value)[:200] for name, value in origin.items()}


def visible_to(user: User) -> CaptureQuerySet:
    """Return a person's captures."""
    return Capture.objects.visible_to(user)


def find(user: User, capture_id: UUID | str) -> Capture:
    """Return one of a person's captures."""
    mine = visible_to(user).select_related("analysis", "analysis__current")
    found = mine.filter(pk=capture_id).first() if is_uuid(capture_id) else None
    if found is None:
        raise NotFound(_("There is no such capture, or it is not yours."))
    return found


def locked(user: User, capture_id: UUID | str) -> Capture:
    """Return one of a person's captures to be changed, in the caller's transaction."""
    find(user, capture_id)
    return Capture.objects.select_for_update().get(pk=capture_id)


def drafts(user: User) -> list[Capture]:
    """Return what is not saved yet, newest first."""
    rows = visible_to(user).exclude(state=CaptureState.SAVED)
    return list(rows.only("title", "state", "message", "kind", "created_at")[:MOST_OPEN])


def discard(user: User, capture_id: UUID | str) -> None:
    """Throw a capture away; analyses that were saved from it stay."""
    with transaction.atomic():
        capture = locked(user, capture_id)
        kind, origin = capture.kind, capture.origin
        audit.record("capture.discarded", actor=user, about=(ABOUT, capture.pk))
        capture.delete()
    kind_of(kind).forget(origin)


def own_analysis(user: User, key: str, *, field: str = "analysis") -> Analysis:
    """Return an analysis of somebody's own.

    Raises
    ------
    InvalidRequest
        There is none; `field` says where it was named.
    Forbidden
        It is somebody else's.
    """
    try:
        found = find_analysis(user, key)
    except NotFound as exc:
        raise InvalidRequest(exc.message, field=field) from exc
    if found.owner_id != user.pk:
        raise Forbidden(_("Only the owner of an analysis can add a version or change it."))
    return found


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return a capture as the websocket tells it first."""
    found = find(User.objects.get(pk=str(user_id)), key)
    return {"state": found.state, "message": found.message}
