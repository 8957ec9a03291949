"""The user's account in Rucio, made with the service credential at the first sign-in."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q

from accounts.credentials import credential_for
from accounts.models import BackendAccount, Role, User
from data_mgmt.backends import get_backend
from data_mgmt.models_groups import group_accounts
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
    identities = [(each.issuer, each.subject) for each in user.identities.order_by("pk")]
    # First, with the service's own credential: it must not wait for a token of the user's.
    _shut_out(user, identities)
    row = BackendAccount.objects.get(user=user, service=SERVICE)
    if row.account:
        _mark(user, row.account)
    credential_for(user, SERVICE)
    account = backend.ensure_account(
        backend.service_credential(),
        user.handle,
        email=user.email,
        identities=identities,
        quota_bytes=get_config().rucio_quota_bytes,
        known_as=row.account,
        absorbed=row.absorbed,
    )
    if account != row.account:
        _mark(user, account)
    return account


def _mark(user: User, account: str) -> None:
    """Tell Rucio for which groups an account acts now, and whether it is a data manager's."""
    backend = get_backend()
    backend.set_marks(
        backend.service_credential(),
        account,
        groups=[*group_accounts(user)],
        is_data_manager=Role.DATA_MANAGER in user.roles,
    )


def make_group_accounts() -> list[tuple[str, bool]]:
    """Make the accounts of the site's groups that are not there; return each, and if it is new."""
    backend, config = get_backend(), get_config()
    service, quota = backend.service_credential(), config.rucio_group_quota_bytes
    return [
        (account, backend.ensure_group(service, account, quota_bytes=quota))
        for account in sorted(config.rucio_groups.values())
    ]


def _shut_out(user: User, identities: Sequence[tuple[str, str]]) -> None:
    """Close to unlinked identities what they opened: the user's account, and to the user others'.

    An identity that another person has unlinked would lead the user to the account of before.
    """
    backend = get_backend()
    concerned = Q(user=user)
    for issuer, subject in identities:
        concerned |= Q(given_up__contains=[[issuer, subject]])
    rows = BackendAccount.objects.filter(concerned, service=SERVICE).exclude(given_up=[])
    for row in rows.select_related("user"):
        pairs = {(issuer, subject) for issuer, subject in row.given_up}
        gone = pairs.difference(identities) if row.user_id == user.pk else pairs & {*identities}
        accounts = [row.account or row.user.handle, *row.absorbed]
        backend.shut_out(backend.service_credential(), sorted(gone), accounts=accounts)
