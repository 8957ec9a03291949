"""A person's account at the workflow service: made by the service itself at the first call."""

from __future__ import annotations

from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import AUDIENCE, get_backend


def provision(user: User) -> str:
    """Return the name under which the service knows the user."""
    person = get_backend().whoami(credential_for(user, AUDIENCE))
    return person.name or person.email or user.handle
