"""Leaving: asked for by its owner, undone within the grace time, then done for good."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit, grants, sign_out, suspension
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

log = logging.getLogger(__name__)


@transaction.atomic
def ask(user: User, *, handle: str) -> None:
    """Begin the grace time: nothing of the account opens any more, and all is still there.

    Raises
    ------
    InvalidRequest
        The handle was not typed as it is.
    """
    if handle.strip() != user.handle:
        raise InvalidRequest(f"Type {user.handle} to confirm.", field="handle")
    user.delete_after = timezone.now() + timedelta(days=get_config().deletion_grace_days)
    user.save(update_fields=["delete_after"])
    detail = {"after": user.delete_after.isoformat()}
    audit.record(
        "account.deletion-asked", actor=user, about=("account", user.handle), detail=detail
    )
    sign_out.sign_out_everywhere(user, with_tokens=True)
    suspension.end_elsewhere(user)


@transaction.atomic
def keep(user: User) -> None:
    """End the grace time: the account stays. API tokens have to be made anew."""
    if user.delete_after is None:
        return
    user.delete_after = None
    user.save(update_fields=["delete_after"])
    audit.record("account.kept", actor=user, about=("account", user.handle))


def delete_due() -> int:
    """Delete the accounts whose grace time is over; return how many."""
    due = list(User.objects.filter(delete_after__lte=timezone.now()))
    for user in due:
        delete(user)
    return len(due)


def delete(user: User) -> None:
    """Delete an account with all that the portal holds of it; the audit log keeps its name.

    It may be called again after a crash: tokens are given back first, the rows go in one
    transaction at the end.
    """
    identities = list(user.identities.all())
    for identity in identities:
        grants.give_back(identity)
    names = {row.service: row.account for row in user.backend_accounts.all() if row.account}
    with transaction.atomic():
        about = ("account", user.handle)
        for identity in identities:
            audit.record("account.deleted", identity=identity, about=about, detail=names)
        User.objects.filter(merged_into=user).delete()
        user.delete()
    log.warning("account %s deleted; what remains in the backends: %s", user.handle, names)
