"""The audit log: who did what to what, with which result, in which request, from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from accounts.models import AuditEvent, Identity, Result, User
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest
from vre_portal.logs import client_address, request_id

COLUMNS = ("at", "action", "result", "person", "issuer", "subject", "object", "request",
           "address", "detail")  # fmt: skip


def record(
    action: str,
    *,
    actor: User | None = None,
    identity: Identity | None = None,
    issuer: str = "",
    subject: str = "",
    about: tuple[str, object] = ("", ""),
    result: Result = Result.OK,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry; `about` is the kind and the id of what the action was done to.

    `action` is ``<area>.<verb>``, such as ``sign-in.refused`` or ``token.made``. The issuer and
    subject are the identity's when one is given. Never put a secret into `detail`.
    """
    kind, key = about
    AuditEvent.objects.create(
        action=action,
        result=result,
        actor=actor.pk if actor else None,
        actor_name=actor.handle if actor else "",
        issuer=identity.issuer if identity else issuer,
        subject=(identity.subject if identity else subject)[:400],
        object_kind=kind,
        object_id=str(key)[:200],
        request_id=request_id.get()[:20],
        address=client_address.get() or None,
        detail=dict(detail or {}),
    )


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for in the log; empty parts ask for everything."""

    person: str = ""
    action: str = ""
    result: str = ""
    issuer: str = ""
    subject: str = ""
    address: str = ""
    about: str = ""
    request: str = ""
    since: datetime | None = None
    until: datetime | None = None


def search(question: Question) -> QuerySet[AuditEvent]:
    """Return the entries that fit every part of a question, newest first."""
    rows = AuditEvent.objects.all()
    exact = {
        "result": question.result,
        "issuer": question.issuer,
        "subject": question.subject,
        "address": question.address,
        "request_id": question.request,
        "actor_name": question.person,
        "object_id": question.about,
        "at__gte": question.since,
        "at__lt": question.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value})
    # "sign-in" finds sign-in.ok and sign-in.refused.
    return rows.filter(action__startswith=question.action) if question.action else rows


def columns(event: AuditEvent) -> dict[str, str]:
    """Return an entry as texts by column, as exports and the command write it."""
    values = (
        event.at.isoformat(),
        event.action,
        event.result,
        event.actor_name,
        event.issuer,
        event.subject,
        f"{event.object_kind}:{event.object_id}".strip(":"),
        event.request_id,
        event.address or "",
        json.dumps(event.detail, ensure_ascii=False),
    )
    return dict(zip(COLUMNS, values, strict=True))


def forget(*, older_than: timedelta) -> int:
    """Remove entries whose time of retention is over; return how many.

    Raises
    ------
    InvalidRequest
        The site's setting keeps them for longer than that.
    """
    if older_than < timedelta(days=get_config().audit_days):
        raise InvalidRequest(
            f"The log is kept for {get_config().audit_days} days (VRE_AUDIT_DAYS).", field="days"
        )
    with transaction.atomic(), connection.cursor() as cursor:
        # The trigger lets only such a transaction delete.
        cursor.execute("SET LOCAL vre.audit_retention = 'on'")
        number, _by_model = AuditEvent.objects.filter(at__lt=timezone.now() - older_than).delete()
    record("audit.forgotten", detail={"entries": number, "days": older_than.days})
    return number
