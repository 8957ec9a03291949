"""Where people can be written to: only addresses that a provider has verified."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import F

from accounts.models import Identity


def verified_addresses(users: Iterable[UUID]) -> dict[UUID, str]:
    """Return the address of each person who has one and may act: that of their last sign-in.

    An address that nobody verified may be somebody else's, and so may that of an identity for which
    its provider no longer vouches.
    """
    rows = Identity.objects.filter(
        user__in=users,
        user__is_active=True,
        user__delete_after=None,
        email_verified=True,
        lapsed_at=None,
    ).exclude(email="")
    ordered = rows.order_by(F("last_sign_in").asc(nulls_first=True), "pk")
    return dict(ordered.values_list("user_id", "email"))
