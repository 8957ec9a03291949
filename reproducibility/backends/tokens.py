"""Pasted tokens of the workflow service and of the repository, tried before they are kept."""

from __future__ import annotations

from django.utils import timezone

from accounts.credentials import Credential
from accounts.models import User
from accounts.stored_tokens import LENT
from reproducibility.backends import AUDIENCE, deposits, get_backend


def owner_of(user: User, token: str) -> str:
    """Return whom the service sees behind a token, before it is kept as the user's.

    Raises
    ------
    CredentialExpired
        The service does not accept it.
    """
    tried = Credential(user.pk, user.handle, AUDIENCE, token, timezone.now() + LENT)
    person = get_backend().whoami(tried)
    return person.name or person.email


def depositor(user: User, token: str) -> str:
    """Return whom the repository sees behind a token, before it is kept as the user's.

    Raises
    ------
    CredentialExpired
        The repository does not accept it.
    """
    tried = Credential(user.pk, user.handle, deposits.AUDIENCE, token, timezone.now() + LENT)
    return deposits.get_deposits().whoami(tried)
