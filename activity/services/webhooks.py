"""A person's webhook: where it leads, which kinds go there, its secret, and whether it works."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts import audit
from accounts.models import User
from accounts.sealing import Unreadable, seal, unseal
from activity.models import OPEN, Webhook
from activity.services import posting
from activity.services.kinds import KINDS
from activity.services.payloads import trial
from activity.services.posting import NotTaken, Target
from vre_portal.config import Stage, get_config
from vre_portal.errors import InvalidRequest, NotFound
from vre_portal.limits import Limit

#: Tests that one person sends in a minute.
TESTS = Limit("webhook-tests", 6)
LONGEST = 500
SECRET_BYTES = 32
ABOUT = "webhook"


@dataclass(frozen=True, slots=True)
class Saved:
    """A webhook as it was saved; `secret` only where one was just made for it."""

    row: Webhook
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of a test: the answer's status, or in words why there was no good one."""

    status: int | None
    problem: str = ""


def visible_to(user: User) -> QuerySet[Webhook]:
    """Return a person's own webhook, or nothing."""
    return Webhook.objects.filter(user=user)


def of(user: User) -> Webhook | None:
    """Return a person's webhook, None where there is none."""
    return visible_to(user).first()


@transaction.atomic
def save(user: User, *, url: str, kinds: Collection[str]) -> Saved:
    """Have these kinds go to an address from now on; this switches a webhook on again, too.

    Raises
    ------
    InvalidRequest
        It is not an address for notices, or there is no such kind.
    """
    address, chosen = _address(url), _kinds(kinds)
    # The person's row is locked: two browsers that save at once leave one webhook.
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    row, secret = of(user), ""
    if row is None:
        row, secret = Webhook(user=user, url=address), secrets.token_urlsafe(SECRET_BYTES)
        row.secret = seal(secret, bound_to=_place(row))
        row.save()
    is_other = row.url != address
    row.url, row.kinds = address, chosen
    row.save(update_fields=["url", "kinds"])  # a worker may note in the others how it goes
    if is_other or row.off_since:
        _begin_again(row)
    audit.record("webhook.saved", actor=user, about=(ABOUT, row.pk))
    return Saved(row, secret)


@transaction.atomic
def renew(user: User) -> str:
    """Make another secret, with which all is signed from now on, and return it this once."""
    row, secret = _own(user), secrets.token_urlsafe(SECRET_BYTES)
    row.secret = seal(secret, bound_to=_place(row))
    row.save(update_fields=["secret"])
    audit.record("webhook.secret-renewed", actor=user, about=(ABOUT, row.pk))
    return secret


@transaction.atomic
def switch_on(user: User) -> None:
    """Have notices go to the address again."""
    row = _own(user)
    _begin_again(row)
    audit.record("webhook.switched-on", actor=user, about=(ABOUT, row.pk))


@transaction.atomic
def remove(user: User) -> None:
    """Forget a webhook, its secret, and what waits for it."""
    row = _own(user)
    audit.record("webhook.removed", actor=user, about=(ABOUT, row.pk))
    row.delete()


def send_test(user: User) -> Tried:
    """Post a test now and return what came of it; one that is taken ends a failure.

    Raises
    ------
    NotFound
        There is no webhook.
    TooManyRequests
        It was tested very often just now.
    """
    row = _own(user)
    TESTS.use(user.pk)
    now = timezone.now()
    try:
        sent = posting.post(target(row), trial(now), timestamp=str(int(now.timestamp())))
        status = asyncio.run(sent)
    except NotTaken as exc:
        return Tried(None, str(exc))
    visible_to(user).update(worked_at=now)
    if row.failing_since and not row.off_since:
        _begin_again(row)
    return Tried(status)


def target(row: Webhook) -> Target:
    """Return where a webhook's notices go, and what they are signed with.

    Raises
    ------
    NotTaken
        The secret can't be read any more.
    """
    try:
        secret = unseal(row.secret, bound_to=_place(row))
    except Unreadable as exc:
        raise NotTaken("needs a new secret: the old one can't be read any more") from exc
    return Target(row.url, secret, loopback=_allows_loopback())


def _own(user: User) -> Webhook:
    row = of(user)
    if row is None:
        raise NotFound("You have no webhook. Save an address first.")
    return row


def _begin_again(row: Webhook) -> None:
    row.failing_since, row.off_since, row.problem = None, None, ""
    row.save(update_fields=["failing_since", "off_since", "problem"])
    row.deliveries.filter(state__in=OPEN).update(due_at=timezone.now())


def _address(url: str) -> str:
    try:
        wanted = str(posting.checked(url.strip(), loopback=_allows_loopback()))
    except NotTaken as exc:
        text = f"This {exc}. It has to look like https://example.org/notices."
        raise InvalidRequest(text, field="url") from exc
    if len(wanted) > LONGEST:
        raise InvalidRequest(f"An address has at most {LONGEST} characters.", field="url")
    return wanted


def _kinds(kinds: Collection[str]) -> list[str]:
    known = [kind.key for kind in KINDS]
    if unknown := sorted(set(kinds) - set(known)):
        raise InvalidRequest(f"There is no kind of notice {', '.join(unknown)}.", field="wanted")
    return [kind for kind in known if kind in kinds]


def _allows_loopback() -> bool:
    return get_config().environment is not Stage.PRODUCTION


def _place(row: Webhook) -> str:
    # By row, not by person: it moves along when two accounts become one.
    return f"webhook:{row.pk}"
