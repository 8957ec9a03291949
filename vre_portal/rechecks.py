"""What an adapter says when its backend does not know somebody who should be known there."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.core.cache import cache

from vre_portal.errors import PortalError, UpstreamUnavailable
from vre_portal.health import NAMES

#: How often one account is checked at most, and for how long others are told of a check.
EVERY_SECONDS, TOLD_SECONDS = 60, 10

Recheck = Callable[[object, str], None]
_rechecks: list[Recheck] = []


def on_unknown(recheck: Recheck) -> None:
    """Register how a person's account in a backend is checked again; any thread may call it."""
    _rechecks.append(recheck)


def unknown(user_id: object, service: str, refused: PortalError) -> PortalError:
    """Have the account checked, at most once a minute; return what to raise meanwhile.

    When the check did not help, that is what was `refused`.
    """
    key, now = f"unknown:{service}:{user_id}", time.time()
    if cache.add(key, now, EVERY_SECONDS):
        for recheck in _rechecks:
            recheck(user_id, service)
    elif now - cache.get(key, now) > TOLD_SECONDS:
        return refused
    name = NAMES.get(service, service)
    repaired = UpstreamUnavailable(
        f"Your account in {name} is being repaired. Try again in a moment.", service=service
    )
    repaired.__cause__ = refused
    return repaired
