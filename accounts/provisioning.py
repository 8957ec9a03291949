"""Accounts in the backends: made after the terms are accepted, shown, and repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AccountState, BackendAccount, User
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Done

KIND = "account.provision"
#: Makes or finds a person's account in one backend and returns its name there; idempotent.
Provision = Callable[[User], str]
_provisions: dict[str, Provision] = {}


def register(service: str, provision: Provision) -> None:
    """Say how accounts in a backend are made; each app does so for its backend at start."""
    _provisions[service] = provision


def services() -> list[str]:
    """Return the backends in which people get an account."""
    return list(_provisions)


@transaction.atomic
def ensure(user: User) -> None:
    """Start making every account that is absent or failed."""
    for service in _provisions:
        row, _made = BackendAccount.objects.get_or_create(user=user, service=service)
        if row.state in {AccountState.WAITING, AccountState.FAILED}:
            begin(row)


@transaction.atomic
def begin(row: BackendAccount) -> None:
    """Start making, or checking, one account."""
    locked = BackendAccount.objects.select_for_update().get(pk=row.pk)
    if locked.state == AccountState.WORKING:
        return
    changes: dict[str, Any] = {"state": AccountState.WORKING, "problem": ""}
    BackendAccount.objects.filter(pk=row.pk).update(attempt=F("attempt") + 1, **changes)
    row.refresh_from_db()
    operations.begin(
        KIND, subject=row.pk, user_id=row.user_id, key=f"{KIND}:{row.pk}:{row.attempt}"
    )
    tell(row)


def step(operation: Operation) -> operations.Outcome:
    """Make the account and record its name."""
    row = BackendAccount.objects.select_related("user").get(pk=operation.subject)
    try:
        account = _provisions[row.service](row.user)
    except PortalError as exc:
        _record(row, state=row.state, problem=exc.message)
        raise
    _record(row, state=AccountState.READY, problem="", account=account)
    return Done()


def give_up(operation: Operation, error: PortalError) -> None:
    """Record why the account could not be made."""
    row = BackendAccount.objects.get(pk=operation.subject)
    _record(row, state=AccountState.FAILED, problem=error.message)


def _record(row: BackendAccount, **changes: Any) -> None:
    BackendAccount.objects.filter(pk=row.pk).update(checked_at=timezone.now(), **changes)
    row.refresh_from_db()
    tell(row)


def tell(row: BackendAccount) -> None:
    """Tell the open checklist pages of the user."""
    publish(f"checklist:{row.user_id}", {"service": row.service, "state": row.state})


def present_state(user_id: object, key: str) -> Mapping[str, Any]:
    """Return the checklist as the websocket tells it."""
    if str(user_id) != key:
        raise NotFound("There is no such checklist.")
    rows = BackendAccount.objects.filter(user_id=key)
    return {"accounts": {row.service: row.state for row in rows}}
