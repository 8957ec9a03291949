"""Write the audit log: who did what to what, with which result, in which request, from where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from accounts.models import AuditEvent, Identity, Result, User
from vre_portal.logs import client_address, request_id


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
