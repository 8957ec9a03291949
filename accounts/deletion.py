"""Leaving: asked for by its owner, undone within the grace time, then done for good."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit, grants, people, sign_out, suspension
from accounts.models import Identity, User
from vre_portal import operations
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest

log = logging.getLogger(__name__)
#: How long beyond its time an account stays because something of it can't be ended elsewhere.
PATIENCE = timedelta(days=1)
#: Given a user who leaves: stop what goes on for them elsewhere; whether it has still to end.
_on_leaving: list[Callable[[User], bool]] = []


def on_leaving(stop: Callable[[User], bool]) -> None:
    """Register what an app stops when somebody leaves, beside what a suspension ends."""
    _on_leaving.append(stop)


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
    _stop_all(user)


@transaction.atomic
def keep(user: User) -> None:
    """End the grace time: the account stays. API tokens have to be made anew.

    Raises
    ------
    Conflict
        It was deleted in this moment.
    """
    # With the lock, either the clock finds the account kept, or this finds it gone.
    found = User.objects.select_for_update().filter(pk=user.pk).first()
    if found is None:
        raise Conflict("Your account is deleted already. Signing in makes a new one.")
    if found.delete_after is None:
        return
    found.delete_after = user.delete_after = None
    found.save(update_fields=["delete_after"])
    audit.record("account.kept", actor=user, about=("account", user.handle))


def delete_due() -> int:
    """Delete the accounts whose grace time is over; return how many.

    Those of suspended people wait until they are reinstated: whoever signed in after a deletion
    would be somebody new, and active. An account that was merged away goes with its survivor.
    """
    due = User.objects.filter(is_active=True, delete_after__lte=timezone.now())
    return sum(_deleted_if_due(key) for key in list(due.values_list("pk", flat=True)))


def _deleted_if_due(key: uuid.UUID) -> bool:
    try:
        return _delete_if_due(key)
    except Exception:
        # Whatever is the matter with one account, the others have a right to go.
        log.exception("account %s could not be deleted; it is tried again", key)
        return False


@transaction.atomic
def _delete_if_due(key: uuid.UUID) -> bool:
    now = timezone.now()
    due = User.objects.select_for_update().filter(is_active=True, delete_after__lte=now)
    user = due.filter(pk=key).first()
    if user is None:
        return False
    if is_ending(user) and user.delete_after and user.delete_after > now - PATIENCE:
        return False
    delete(user)
    return True


def is_ending(user: User) -> bool:
    """Have what runs for a person elsewhere ended; whether that still goes on."""
    return _stop_all(user) or operations.is_ending(user.pk)


def _stop_all(user: User) -> bool:
    suspension.end_elsewhere(user)
    stopping = [stop(user) for stop in _on_leaving]
    return any(stopping)


def delete(user: User) -> None:
    """Delete an account with all that the portal holds of it; the audit log keeps its name.

    The rows go in one transaction; then the providers hear that the tokens are given back.
    """
    identities = list(user.identities.all())
    names = {row.service: row.account for row in user.backend_accounts.all() if row.account}
    with transaction.atomic():
        for identity in identities:
            grants.give_back(identity)
        about = ("account", user.handle)
        named: list[Identity | None] = [*identities]
        for one in named or [None]:
            audit.record("account.deleted", identity=one, about=about, detail=names)
        people.absorbed_by(user).delete()
        user.delete()
    log.warning("account %s deleted; what remains in the backends: %s", user.handle, names)
