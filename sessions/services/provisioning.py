"""The person's account at the hub."""

from __future__ import annotations

from accounts.models import User
from sessions.backends import get_backend, service_credential
from sessions.services import hub_groups


def provision(user: User) -> str:
    """Make the hub know the user, by the portal's own credential, and return the name there."""
    get_backend().ensure_user(service_credential(), user.handle)
    hub_groups.sync(user, anew=True)
    return user.handle
