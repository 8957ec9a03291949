"""How a request goes on, in sentences: its speed, its end, what its end takes away."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.models import ReplicaRequest
from data_mgmt.services import Pace
from vre_portal.components.formats import duration, number, relative, size

#: An end that is nearer is worth a warning, unless the copy was wanted for a short time only.
SOON = timedelta(days=3)
LAST_PART = 4


def pace_sentence(pace: Pace | None) -> str:
    """Return speed and time left."""
    if pace is None:
        return ""
    span = duration(pace.span)
    if not pace.files and not pace.bytes:
        return _("Nothing has arrived in the last %(span)s.") % {"span": span}
    speed = ngettext(
        "%(speed)s/s over the last %(span)s, %(n)s file in that time.",
        "%(speed)s/s over the last %(span)s, %(n)s files in that time.",
        pace.files,
    ) % {"speed": size(round(pace.bytes_per_second)), "span": span, "n": number(pace.files)}
    if not pace.left:
        return speed
    return speed + " " + _("About %(left)s left.") % {"left": duration(pace.left)}


def ends_soon(request: ReplicaRequest, now: datetime | None = None) -> str:
    """Return a warning when a request ends within days; empty when it does not."""
    at = now or timezone.now()
    end = request.expires_at
    if not request.can_cancel or end is None or end - at > _soon(request):
        return ""
    if end <= at:
        return _("Its time is over: Rucio removes the copy at its next round.")
    return _("It ends %(when)s; then its copies may be removed. Extend it to keep them.") % {
        "when": relative(end, now=at)
    }


def _soon(request: ReplicaRequest) -> timedelta:
    if request.lifetime_days is None:
        return SOON
    return min(SOON, timedelta(days=request.lifetime_days) / LAST_PART)


def what_goes(request: ReplicaRequest) -> str:
    """Return what is deleted when a request ends."""
    done = request.files_done or 0
    if not done:
        return _("Nothing has arrived yet, so nothing is deleted.")
    files = ngettext("%(n)s file", "%(n)s files", done) % {"n": number(done)}
    return _(
        "Up to %(size)s in %(files)s at %(storage)s are deleted, except what somebody else holds"
        " there; the data stays wherever else it is."
    ) % {"size": size(request.bytes_done), "files": files, "storage": request.storage}
