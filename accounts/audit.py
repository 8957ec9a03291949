"""The audit log: who did what to what, with which result, in which request, from where."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import ApiToken, AuditEvent, Identity, Result, User
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, TooManyRequests
from vre_portal.limits import Limit
from vre_portal.logs import client_address, request_id

COLUMNS = ("at", "action", "result", "person", "issuer", "subject", "object", "request",
           "address", "detail")  # fmt: skip
#: The same refusal from the same address is written down so often: nobody floods the log.
_TOLD = Limit("refusals-told", 1)


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


def refused(action: str, *, key: str, **told: Any) -> None:
    """Add an entry that something was refused, at most one a minute for a key and an address.

    What is told besides are the arguments of `record`.
    """
    try:
        _TOLD.use(f"{action} {key} {client_address.get()}")
    except TooManyRequests:
        return
    record(action, result=Result.REFUSED, **told)


def token_refused(secret: str) -> None:
    """Add an entry that a token opened nothing; of one that was good before, with its owner."""
    digest = sha256(secret.encode()).hexdigest()
    row = ApiToken.objects.select_related("user").filter(digest=digest).first()
    if row is None:
        # Enough of the hash to compare with a leaked token, too little to be one. By address only:
        # guesses are all different.
        refused("token.refused", key="", detail={"sha256": digest[:16]})
        return
    about = ("token", row.pk)
    refused("token.refused", key=digest, actor=row.user, about=about, detail={"name": row.name})


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for in the log; empty parts ask for everything.

    A subject asks for all of the person: what they did as anybody, and what was done to them.
    """

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
    exact = {
        "result": question.result,
        "address": question.address,
        "request_id": question.request,
        "actor_name": question.person,
        "object_id": question.about,
        "at__gte": question.since,
        "at__lt": question.until,
        # "sign-in" finds sign-in.ok and sign-in.refused.
        "action__startswith": question.action,
    }
    rows = AuditEvent.objects.filter(**{name: value for name, value in exact.items() if value})
    if question.subject:
        return rows.filter(_of_subject(question.subject, question.issuer))
    return rows.filter(issuer=question.issuer) if question.issuer else rows


def who(subject: str, issuer: str = "") -> list[tuple[str, Identity]]:
    """Return the identities with a subject that are here now, with the handle of each."""
    key = {"subject": subject, "issuer": issuer} if issuer else {"subject": subject}
    rows = Identity.objects.select_related("user").filter(**key).order_by("issuer")
    return [(row.user.handle, row) for row in rows]


def _of_subject(subject: str, issuer: str) -> Q:
    """Return the condition for all entries of whoever had a subject, also in accounts since gone.

    Only what went well ties a person to a subject: with a refused sign-in somebody else may have
    been signed in.
    """
    key = {"subject": subject, "issuer": issuer} if issuer else {"subject": subject}
    theirs = AuditEvent.objects.filter(**key, result=Result.OK).exclude(actor=None)
    people = set(theirs.order_by().values_list("actor", "actor_name").distinct())
    people |= {(row.user.pk, handle) for handle, row in who(subject, issuer)}
    actors, handles = {pk for pk, _ in people}, {handle for _, handle in people}
    done_to = Q(object_kind="account", object_id__in=handles)
    return Q(**key) | Q(actor__in=actors) | done_to


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
