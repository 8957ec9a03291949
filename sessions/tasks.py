"""What the clock does for sessions."""

from __future__ import annotations

import logging

from celery import shared_task

from sessions import services
from vre_portal.errors import PortalError

log = logging.getLogger(__name__)


@shared_task(name="sessions.reconcile")
def reconcile() -> None:
    """Bring the rows into line with the hub; while it does not answer, the last state stays."""
    try:
        services.reconcile()
    except PortalError as exc:
        log.warning("sessions not reconciled: %s", exc.message)
