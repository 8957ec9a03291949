"""Two accounts of one person become one: everything moves in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet

from accounts import api_tokens, audit, provisioning, satellites, services, web_sessions
from accounts.models import (
    Acceptance,
    AudienceToken,
    BackendAccount,
    PendingLink,
    StoredToken,
    User,
    WebSession,
)
from vre_portal.errors import Conflict
from vre_portal.live import close_sockets_of
from vre_portal.models import Operation, OperationState

#: What the survivor has already, or what does not outlive the account.
LEFT: frozenset[type[Model]] = frozenset({Acceptance, BackendAccount, PendingLink, WebSession})
#: Given an account that would go: reasons why it can't yet, in sentences.
ReasonsAgainst = Callable[[User], Iterable[str]]
_reasons_against: list[ReasonsAgainst] = []
#: What a person has once: model -> the fields that tell its rows apart.
_once: dict[type[Model], tuple[str, ...]] = {StoredToken: ("service",)}


def reason_against(why: ReasonsAgainst) -> None:
    """Register what keeps an account from being merged."""
    _reasons_against.append(why)


def once(model: type[Model], *fields: str) -> None:
    """Register what a person has once, for each value of some fields: the survivor's row stays."""
    _once[model] = fields


def relations() -> Iterator[tuple[type[Model], str]]:
    """Yield every model that refers to people, with the name of the field, of every app."""
    for relation in User._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and relation.related_model is not User:
            yield relation.related_model, relation.field.name  # type: ignore[misc, union-attr]


def rows_of(user: User, model: type[Model], field: str) -> QuerySet[Model]:
    """Return the rows of a model that refer to a user."""
    return model._default_manager.filter(**{field: user})


def moving(absorbed: User) -> dict[str, int]:
    """Return how many things of each kind would move."""
    counts: dict[str, int] = {}
    for model, field in relations():
        if model not in LEFT and (number := rows_of(absorbed, model, field).count()):
            kind = str(model._meta.verbose_name_plural)
            counts[kind] = counts.get(kind, 0) + number
    return counts


def check(absorbed: User) -> None:
    """Refuse while something of the account that would go is under way.

    Raises
    ------
    Conflict
        Work waits, or something runs under the old name in a backend.
    """
    if Operation.objects.filter(user=absorbed, state=OperationState.WAITING).exists():
        raise Conflict(
            f"Something of {absorbed.handle} is still under way. Let it end, or stop it, and try "
            "again."
        )
    for why in _reasons_against:
        for reason in why(absorbed):
            raise Conflict(reason)


@transaction.atomic
def merge(*, survivor: User, absorbed: User) -> None:
    """Move all that belongs to one account to another, and close the first for good.

    Raises
    ------
    Conflict
        Something is under way, or both accounts have the same thing.
    """
    people = User.objects.select_for_update().filter(Q(pk=survivor.pk) | Q(pk=absorbed.pk))
    if len(people.order_by("pk")) != 2 or not absorbed.is_active:
        raise Conflict("These accounts can't be merged.")
    check(absorbed)
    web_sessions.end(absorbed.web_sessions.all())
    satellites.end_grants(absorbed)
    api_tokens.revoke_all(absorbed)
    # A backend remembers whose account a token opened when it saw it first.
    AudienceToken.objects.filter(grant__identity__user=absorbed).delete()
    moved = moving(absorbed)
    provisioning.absorb(survivor=survivor, absorbed=absorbed)
    for model, field in relations():
        _move(model, field, absorbed, survivor)
    absorbed.is_active, absorbed.merged_into = False, survivor
    absorbed.groups, absorbed.roles = [], []
    absorbed.save(update_fields=["is_active", "merged_into", "groups", "roles"])
    services.roles_renewed(survivor)
    audit.record("account.merged", actor=survivor, about=("account", absorbed.handle), detail=moved)
    transaction.on_commit(lambda: close_sockets_of(absorbed.pk))


def _move(model: type[Model], field: str, absorbed: User, survivor: User) -> None:
    rows: Any = rows_of(absorbed, model, field)
    if model is Acceptance:
        known = survivor.acceptances.values("version")
        rows.exclude(version__in=known).update(user=survivor)
    if model in LEFT:
        rows_of(absorbed, model, field).delete()
        return
    if (same := _once.get(model)) is not None:
        theirs = rows_of(survivor, model, field).filter(**{name: OuterRef(name) for name in same})
        rows.filter(Exists(theirs)).delete()
    try:
        with transaction.atomic():
            rows.update(**{field: survivor})
    except IntegrityError as exc:
        kind = model._meta.verbose_name_plural
        raise Conflict(
            f"Both accounts have the same {kind}. Cancel one of them, then merge again."
        ) from exc
