"""The user's account in Rucio, made with the service credential at the first sign-in."""

from __future__ import annotations

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import get_backend
from data_mgmt.services.catalogue import SERVICE
from vre_portal.config import get_config


def provision(user: User) -> str:
    """Make or find the user's account in Rucio and return its name; idempotent.

    Raises
    ------
    UpstreamRefused
        The user's provider gives no token for Rucio: an account that nothing opens is not made.
    """
    backend = get_backend()
    credential_for(user, SERVICE)
    return backend.ensure_account(
        backend.service_credential(),
        user.handle,
        email=user.email,
        identities=[(each.issuer, each.subject) for each in user.identities.all()],
        quota_bytes=get_config().rucio_quota_bytes,
    )
