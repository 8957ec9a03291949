"""The hub knows a person's groups as the portal does: it shuts environments and folders by them."""

from __future__ import annotations

import logging
from hashlib import sha256

from django.core.cache import cache

from accounts.models import User
from sessions.backends import get_backend, service_credential
from vre_portal.errors import Forbidden, InvalidRequest, UpstreamRefused

log = logging.getLogger(__name__)
#: So long the hub is believed to have what it was told; one that forgot its users says so.
BELIEVED_SECONDS = 24 * 3600


def sync(user: User, *, anew: bool = False) -> None:
    """Tell the hub a person's groups, unless it was told the same lately.

    Raises
    ------
    NotFound
        The hub does not know the person yet.
    """
    groups = sorted(user.groups)
    key = f"hub-groups:{user.pk}"
    told = sha256(repr((user.handle, groups)).encode()).hexdigest()
    if not anew and cache.get(key) == told:
        return
    try:
        get_backend().set_groups(service_credential(), user.handle, groups)
    except (Forbidden, InvalidRequest, UpstreamRefused) as exc:
        # What is for groups only is then refused by the hub itself; all else goes on.
        log.warning("the hub did not take the groups of %s: %s", user.handle, exc.message)
        return
    cache.set(key, told, BELIEVED_SECONDS)
