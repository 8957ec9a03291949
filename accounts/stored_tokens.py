"""Tokens that people paste once, for a service that takes no exchanged one: tried, kept, removed.

Kept sealed, and never shown again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit, provisioning
from accounts.models import StoredToken, User
from accounts.sealing import Unreadable, seal, unseal
from vre_portal.config import Config, get_config
from vre_portal.errors import CredentialExpired, InvalidRequest, NotFound, TokenWanted
from vre_portal.health import NAMES

#: Asks a service whom a token belongs to and returns that name; `CredentialExpired` for a bad one.
Check = Callable[[User, str], str]
#: When people paste their token for a service.
USED: Mapping[str, Callable[[Config], bool]] = {
    "reana": lambda config: config.reana_tokens == "stored",
    "deposits": lambda config: config.deposit_url is not None,
}
LONGEST = 4096
#: Nobody remembers a stored token for longer: it may be replaced or removed.
LENT = timedelta(hours=1)
_checks: dict[str, Check] = {}


def register(service: str, check: Check) -> None:
    """Say how a token for a service is tried before it is kept."""
    _checks[service] = check


def is_used_for(service: str) -> bool:
    """Whether people paste their token for a service, instead of the portal exchanging one."""
    used = USED.get(service)
    return used is not None and used(get_config())


def services() -> list[str]:
    """Return the services for which people paste a token here."""
    return [service for service in USED if is_used_for(service)]


def of(user: User) -> dict[str, StoredToken]:
    """Return what is kept for a person, by service."""
    return {row.service: row for row in StoredToken.objects.filter(user=user)}


def secret_for(user: User, service: str) -> str:
    """Return a person's token in clear.

    Raises
    ------
    TokenWanted
        None is kept, or its key is gone: the person has to paste one.
    """
    row = StoredToken.objects.filter(user=user, service=service).first()
    if row is None:
        raise wanted(service)
    try:
        return unseal(row.token, bound_to=_place(row))
    except Unreadable as exc:
        raise wanted(service) from exc


def wanted(service: str) -> TokenWanted:
    """Return the error of somebody whose token is missing."""
    name = NAMES[service]
    return TokenWanted(
        f"{name} needs a token of yours. Paste it on the page of your accounts and services.",
        service=service,
    )


def keep(user: User, service: str, token: str) -> StoredToken:
    """Try a token at its service, keep it in place of any other, and check the account with it.

    Raises
    ------
    InvalidRequest
        The service does not take it; what was kept before stays.
    NotFound
        No token is pasted for this service.
    UpstreamUnavailable, UpstreamTimeout
        The service does not answer, so nothing is kept.
    """
    check = _checks.get(service)
    if check is None or not is_used_for(service):
        raise NotFound("There is no token to be pasted for this service.")
    pasted = _readable(token, NAMES[service])
    try:
        account = check(user, pasted)
    except CredentialExpired as exc:
        raise InvalidRequest(
            f"{NAMES[service]} does not accept this token. Copy it anew from your profile there.",
            field="token",
            service=service,
        ) from exc
    return _kept(user, service, pasted, account)


@transaction.atomic
def remove(user: User, service: str) -> None:
    """Forget a person's token; the service itself still takes it until it is revoked there."""
    gone, _rows = StoredToken.objects.filter(user=user, service=service).delete()
    if not gone:
        raise NotFound("No token of yours is kept for this service.")
    audit.record("stored-token.removed", actor=user, about=("service", service))
    _check_account(user, service)


@transaction.atomic
def _kept(user: User, service: str, token: str, account: str) -> StoredToken:
    # The person's row is locked: two browsers that paste at once leave one token.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    row = StoredToken.objects.filter(user=user, service=service).first()
    row = row or StoredToken(user=user, service=service)
    row.token, row.account, row.kept_at = seal(token, bound_to=_place(row)), account, timezone.now()
    row.save()
    audit.record("stored-token.kept", actor=user, about=("service", service))
    _check_account(user, service)
    return row


def _check_account(user: User, service: str) -> None:
    row = user.backend_accounts.filter(service=service).first()
    if row is not None:
        provisioning.begin(row)


def _readable(token: str, name: str) -> str:
    pasted = token.strip()
    if not pasted:
        raise InvalidRequest(f"Paste the token that {name} shows on your profile.", field="token")
    if len(pasted) > LONGEST or not pasted.isascii() or not pasted.isprintable() or " " in pasted:
        raise InvalidRequest(
            "This is no token: it has one line, without spaces. Copy it anew.", field="token"
        )
    return pasted


def _place(row: StoredToken) -> str:
    # By row, not by person: it moves along when two accounts become one.
    return f"stored:{row.pk}"
