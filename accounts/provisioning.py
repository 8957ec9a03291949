"""Accounts in the backends: made after the terms are accepted, shown, and repaired."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import AccountState, BackendAccount, Identity, User
from vre_portal import operations
from vre_portal.errors import NotFound, PortalError, TokenWanted
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Again, Done

KIND = "account.provision"
#: Makes or finds a person's account in one backend and returns its name there; idempotent.
Provision = Callable[[User], str]
_provisions: dict[str, Provision] = {}
_joining: set[str] = set()
_following: set[str] = set()


def register(
    service: str, provision: Provision, *, joins: bool = False, follows_groups: bool = False
) -> None:
    """Say how accounts in a backend are made; each app does so for its backend at start.

    A backend that `joins` lets several identities open one account; one that `follows_groups` is
    told again when a person's groups or roles have changed.
    """
    _provisions[service] = provision
    if joins:
        _joining.add(service)
    if follows_groups:
        _following.add(service)


def joins(service: str) -> bool:
    """Whether any identity of a person opens their account in this backend."""
    return service in _joining


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


def recheck(user: User) -> None:
    """Let every backend learn which identities a person has now."""
    ensure(user)
    for row in BackendAccount.objects.filter(user=user):
        begin(row)


def regrouped(user: User) -> None:
    """Let the backends that follow groups learn which a person has now."""
    ready = BackendAccount.objects.filter(user=user, service__in=_following)
    for row in ready.filter(state=AccountState.READY):
        begin(row)


def recheck_unknown(user_id: str, service: str) -> None:
    """Check an account that its backend says it does not know."""
    row = BackendAccount.objects.filter(user_id=user_id, service=service).first()
    if row is not None:
        begin(row)


@transaction.atomic
def give_up(identity: Identity) -> None:
    """Note that an identity is no longer its person's: it must not open their accounts."""
    rows = BackendAccount.objects.select_for_update().filter(user=identity.user)
    for row in rows.filter(service__in=_joining):
        row.given_up = [*row.given_up, [identity.issuer, identity.subject]]
        row.save(update_fields=["given_up"])


@transaction.atomic
def absorb(*, survivor: User, absorbed: User) -> None:
    """Note which accounts a merge brings: their identities move to the survivor's, where they join.

    What may still open them and must not goes along.
    """
    for row in BackendAccount.objects.filter(user=absorbed, service__in=_joining):
        BackendAccount.objects.get_or_create(user=survivor, service=row.service)
        kept = BackendAccount.objects.select_for_update().get(user=survivor, service=row.service)
        names = [row.account or absorbed.handle, *row.absorbed]
        kept.absorbed = [*kept.absorbed, *names]
        kept.given_up = [*kept.given_up, *row.given_up]
        kept.save(update_fields=["absorbed", "given_up"])


def step(operation: Operation) -> operations.Outcome:
    """Make the account and record its name."""
    row = BackendAccount.objects.select_related("user").get(pk=operation.subject)
    before = _identities(row)
    try:
        account = _provisions[row.service](row.user)
    except TokenWanted as exc:
        # Whoever pastes one starts this anew; until then there is nothing to wait for.
        _record(row, state=AccountState.FAILED, problem=exc.message)
        return Done()
    except PortalError as exc:
        _record(row, state=row.state, problem=exc.message)
        raise
    with transaction.atomic():
        row = BackendAccount.objects.select_for_update(of=("self",)).get(pk=row.pk)
        if _identities(row) != before:
            return Again()  # one was linked or unlinked meanwhile, or groups have changed
        _record(row, state=AccountState.READY, problem="", account=account, given_up=[])
    return Done()


def _identities(row: BackendAccount) -> tuple[object, ...]:
    mine = Identity.objects.filter(user=row.user_id).order_by("pk")
    told = User.objects.values_list("groups", "roles").get(pk=row.user_id)
    return (*mine.values_list("pk", flat=True), row.given_up, *told)


def failed(operation: Operation, error: PortalError) -> None:
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
