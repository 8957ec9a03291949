"""The user's account in Rucio, made with the service credential at the first sign-in."""

from __future__ import annotations

from accounts.credentials import credential_for
from accounts.models import BackendAccount, User
from data_mgmt.backends import get_backend
from data_mgmt.services.catalogue import SERVICE
from vre_portal.config import get_config


def provision(user: User) -> str:
    """Make or find the user's account in Rucio and return its name; idempotent.

    All identities of the user open it: Rucio takes the account from the token that is sent.

    Raises
    ------
    UpstreamRefused
        The user's provider gives no token for Rucio: an account that nothing opens is not made.
    """
    backend = get_backend()
    credential_for(user, SERVICE)
    row = BackendAccount.objects.get(user=user, service=SERVICE)
    mine = user.identities.all()
    # The one that opens it comes first: of several accounts it is hers that stays.
    identities = sorted(mine, key=lambda each: (each.pk != row.identity_id, each.pk))
    return backend.ensure_account(
        backend.service_credential(),
        user.handle,
        email=user.email,
        identities=[(each.issuer, each.subject) for each in identities],
        quota_bytes=get_config().rucio_quota_bytes,
        known_as=row.account,
        given_up=[(issuer, subject) for issuer, subject in row.given_up],
    )
