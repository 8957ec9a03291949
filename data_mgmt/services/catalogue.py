"""Find and look at data: answers within a page's time, the last known one when there is none."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from django.core.cache import cache
from django.utils import timezone

from accounts.credentials import credential_for
from accounts.models import BackendAccount, User
from data_mgmt.backends import (
    Availability,
    Did,
    DidInfo,
    DidPage,
    DidType,
    Rule,
    Storage,
    Usage,
    get_backend,
)
from vre_portal.budget import Budget, Pending
from vre_portal.errors import PortalError

SERVICE = "rucio"
SHOWN_CONTENTS = 500
EVERYWHERE_ROWS = 30
EVERYWHERE_SCOPES = 60
REMEMBER_SECONDS = 7 * 24 * 3600
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of a search: what was found, and the name after which it goes on."""

    items: tuple[DidInfo, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Known:
    """A value and when it was learnt; `problem` is why it is not fresh."""

    value: Any
    at: datetime
    problem: PortalError | None = None

    @property
    def is_stale(self) -> bool:
        """Whether the backend gave no answer this time."""
        return self.problem is not None


@dataclass(frozen=True, slots=True)
class DidView:
    """All that a DID's page shows; a part is None when Rucio did not give it in time."""

    info: DidInfo
    at: datetime
    parents: tuple[Did, ...] | None = None
    availability: tuple[Availability, ...] | None = None
    contents: tuple[DidInfo, ...] | None = None
    metadata: Mapping[str, Any] | None = None
    rules: tuple[Rule, ...] | None = None
    storages: tuple[Storage, ...] | None = None
    usage: tuple[Usage, ...] | None = None
    made_at: datetime | None = None
    problem: str = ""
    missing: tuple[str, ...] = field(default=())


def own_scope(user: User) -> str:
    """Return the scope of the user's own account."""
    accounts = BackendAccount.objects.filter(user=user, service=SERVICE).exclude(account="")
    return f"user.{accounts.values_list('account', flat=True).first() or user.handle}"


def scopes(user: User, budget: Budget | None = None) -> Known:
    """Return the scopes, and when they are from if Rucio does not answer now."""
    credential = credential_for(user, SERVICE)
    asked = (budget or Budget(SERVICE)).ask(lambda: get_backend().list_scopes(credential))
    return _fresh_or_known(f"scopes:{user.pk}", asked)


def search(
    user: User,
    scope: str,
    *,
    pattern: str = "*",
    type: DidType | None = None,
    filters: Mapping[str, Any] | None = None,
    limit: int = 100,
    after: str | None = None,
    budget: Budget | None = None,
) -> SearchPage:
    """Return a page of the DIDs of a scope whose names match, in the order of names."""
    credential = credential_for(user, SERVICE)
    backend = get_backend()
    found = (
        (budget or Budget(SERVICE))
        .ask(
            lambda: backend.search_dids(
                credential,
                scope,
                pattern=pattern or "*",
                type=type,
                filters=filters,
                limit=limit,
                after=after,
            )
        )
        .get()
    )
    return SearchPage(found.items, found.next)


@dataclass(frozen=True, slots=True)
class Everywhere:
    """What a search over all scopes found, and the scopes that gave no answer in time."""

    items: tuple[DidInfo, ...]
    silent: tuple[str, ...]
    cut: tuple[str, ...]


def search_everywhere(
    user: User,
    scopes_: Sequence[str],
    *,
    pattern: str,
    type: DidType | None = None,
    budget: Budget | None = None,
) -> Everywhere:
    """Return DIDs of many scopes whose names match, some of each, asked at once."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), budget or Budget(SERVICE)

    def question(scope: str) -> Callable[[], DidPage]:
        return lambda: backend.search_dids(
            credential, scope, pattern=pattern, type=type, limit=EVERYWHERE_ROWS
        )

    asked = [(scope, budget.ask(question(scope))) for scope in scopes_[:EVERYWHERE_SCOPES]]
    found = [(scope, answer.get_or(None)) for scope, answer in asked]
    silent = [scope for scope, part in found if part is None]
    return Everywhere(
        items=tuple(item for _scope, part in found if part is not None for item in part.items),
        silent=(*silent, *scopes_[EVERYWHERE_SCOPES:]),
        cut=tuple(scope for scope, part in found if part is not None and part.next),
    )


def storages(user: User) -> tuple[Storage, ...]:
    """Return all storages."""
    credential = credential_for(user, SERVICE)
    return Budget(SERVICE).ask(lambda: get_backend().list_storages(credential)).get()


def usage(user: User) -> tuple[Usage, ...]:
    """Return what the user's account uses and may use."""
    credential = credential_for(user, SERVICE)
    return Budget(SERVICE).ask(lambda: get_backend().usage(credential)).get()


def describe(user: User, did: Did, *, budget: Budget | None = None) -> DidView:
    """Return what is known of a DID, asked at once; parts that fail come from the last time.

    Nothing that is asked takes longer for more files.

    Raises
    ------
    NotFound
        There is no such DID.
    UpstreamUnavailable, UpstreamTimeout
        Rucio gives no answer and nothing is known from before.
    """
    key = cache_key(f"did:{user.pk}", str(did))
    known: DidView | None = cache.get(key)
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), budget or Budget(SERVICE)
    asked: dict[str, Pending[Any]] = {
        "parents": budget.ask(lambda: backend.parents(credential, did)),
        "availability": budget.ask(lambda: backend.availability(credential, did)),
        "metadata": budget.ask(lambda: backend.metadata(credential, did)),
        "rules": budget.ask(lambda: backend.rules_of(credential, did)),
        "made_at": budget.ask(lambda: backend.made_at(credential, did)),
        "storages": budget.ask(lambda: backend.list_storages(credential)),
        "usage": budget.ask(lambda: backend.usage(credential)),
    }
    try:
        info = budget.ask(lambda: backend.get_did(credential, did)).get()
    except PortalError as exc:
        if known is None or not exc.retryable:
            raise
        return replace(known, problem=exc.message)
    if info.type is DidType.CONTAINER:
        asked["contents"] = budget.ask(
            lambda: backend.list_contents(credential, did, limit=SHOWN_CONTENTS)
        )
    parts: dict[str, Any] = {name: answer.get_or(None) for name, answer in asked.items()}
    missing = tuple(name for name, part in parts.items() if part is None)
    if known is not None:
        parts |= {name: getattr(known, name) for name in missing}
    view = DidView(info=info, at=timezone.now(), missing=missing, **parts)
    cache.set(key, replace(view, missing=()), REMEMBER_SECONDS)
    return view


def ask(user: User, question: Callable[[Any, Any], V]) -> V:
    """Return one answer of the backend, asked as the user within a page's time."""
    credential = credential_for(user, SERVICE)
    backend = get_backend()
    return Budget(SERVICE).ask(lambda: question(backend, credential)).get()


def _fresh_or_known(key: str, asked: Pending[Any]) -> Known:
    try:
        known = Known(asked.get(), timezone.now())
    except PortalError as exc:
        found: Known | None = cache.get(key)
        if found is None or not exc.retryable:
            raise
        return replace(found, problem=exc)
    cache.set(key, known, REMEMBER_SECONDS)
    return known


def cache_key(prefix: str, text: str) -> str:
    """Return a key of the cache for any text."""
    # Names may hold what a cache key may not.
    return f"{prefix}:{hashlib.sha256(text.encode()).hexdigest()[:32]}"
