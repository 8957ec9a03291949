"""What a person wants by mail, and where it goes."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from uuid import UUID

from django.db import transaction

from accounts.mailboxes import verified_addresses
from accounts.models import User
from activity.models import MailPreference
from activity.services.kinds import KINDS
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NotFound


def must_be_offered() -> None:
    """Refuse where the site sends no mail.

    Raises
    ------
    NotFound
        It has no mail server.
    """
    if get_config().mail_server is None:
        raise NotFound("This portal sends no mail. All notices are in the inbox.")


def address_of(user: User) -> str:
    """Return where a person's mail goes; empty while no institute vouches for an address."""
    return verified_addresses([user.pk]).get(user.pk, "")


def wanted_by(users: Iterable[UUID]) -> dict[UUID, frozenset[str]]:
    """Return which kinds come by mail to each person."""
    usual = {kind.key: kind.usual for kind in KINDS}
    chosen: dict[UUID, dict[str, bool]] = {user: dict(usual) for user in users}
    for row in MailPreference.objects.filter(user__in=chosen, kind__in=usual):
        chosen[row.user_id][row.kind] = row.by_mail
    return {
        user: frozenset(kind for kind, by_mail in kinds.items() if by_mail)
        for user, kinds in chosen.items()
    }


@transaction.atomic
def choose(user: User, kinds: Collection[str]) -> None:
    """Have these kinds come by mail from now on, and no others.

    Raises
    ------
    InvalidRequest
        There is no such kind.
    Conflict
        Something is to come, and the person has no verified address.
    """
    known = [kind.key for kind in KINDS]
    if unknown := sorted(set(kinds) - set(known)):
        raise InvalidRequest(f"There is no kind of notice {', '.join(unknown)}.", field="mail")
    if kinds and not address_of(user):
        raise Conflict("No mail goes to you: your institute does not vouch for your address.")
    MailPreference.objects.bulk_create(
        [MailPreference(user=user, kind=kind, by_mail=kind in kinds) for kind in known],
        update_conflicts=True,
        unique_fields=["user", "kind"],
        update_fields=["by_mail"],
    )
