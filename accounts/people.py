"""Finding people: for operators, and the accounts that became one."""

from __future__ import annotations

import uuid

from django.db.models import Q, QuerySet

from accounts.models import User

MOST = 50


def find(query: str) -> QuerySet[User]:
    """Return at most `MOST` people whose name, handle, e-mail, group or subject has the query."""
    rows = User.objects.prefetch_related("identities").order_by("-last_login", "-created_at")
    if query:
        rows = rows.filter(
            Q(display_name__icontains=query)
            | Q(handle__icontains=query)
            | Q(email__icontains=query)
            | Q(groups__contains=[query])
            | Q(identities__subject=query)
        ).distinct()
    return rows[:MOST]


def absorbed_by(user: User) -> QuerySet[User]:
    """Return the accounts that were merged into this one, also by way of others."""
    found: set[uuid.UUID] = set()
    last = {user.pk}
    while last:
        rows = User.objects.filter(merged_into__in=last)
        last = set(rows.values_list("pk", flat=True)) - found
        found |= last
    return User.objects.filter(pk__in=found)
