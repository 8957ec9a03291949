"""Copies that end soon: their owners are told once for each end."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services.replicas import tell
from vre_portal.components.formats import relative
from vre_portal.config import get_config

AT_ONCE = 500
KEPT = (RequestState.OK, RequestState.REPLICATING, RequestState.STUCK)


def warn(now: datetime | None = None) -> int:
    """Tell of each end that is near, unless the copy was wanted for no longer; return how many.

    An end that its owner asked for by "delete later" is no news either: `change` notes it.
    """
    days, at = get_config().expiry_notice_days, now or timezone.now()
    if not days:
        return 0
    ending = ReplicaRequest.objects.filter(
        Q(lifetime_days=None) | Q(lifetime_days__gt=days),
        Q(warned_end=None) | ~Q(warned_end=F("expires_at")),
        expires_at__gt=at,
        expires_at__lte=at + timedelta(days=days),
        state__in=KEPT,
        cancel_requested_at=None,
    )
    found = list(ending.select_related("user")[:AT_ONCE])
    for request in found:
        _tell(request, at)
    return len(found)


@transaction.atomic
def _tell(request: ReplicaRequest, now: datetime) -> None:
    row = ReplicaRequest.objects.filter(pk=request.pk, expires_at=request.expires_at)
    if not row.update(warned_end=request.expires_at):
        return  # extended meanwhile
    when = relative(request.expires_at, now=now).replace("%", "%%") if request.expires_at else ""
    text = _("%%(did)s at %%(storage)s ends %(when)s: extend it to keep the copy") % {"when": when}
    tell(request, "ends-soon", text, level="warning")
