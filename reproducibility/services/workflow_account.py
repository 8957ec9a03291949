"""One's account at the workflow service: what is used, secrets of jobs, and what others share."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import credential_for
from accounts.models import User
from reproducibility.backends import (
    AUDIENCE,
    About,
    ListedWorkflow,
    NotOffered,
    Ownership,
    Person,
    Quota,
    Secret,
    SecretKind,
    get_backend,
)
from reproducibility.models import Run
from vre_portal.errors import InvalidRequest

ABOUT = "workflow-secret"
#: Of a secret, bytes: keys and certificates are smaller.
MOST_BYTES = 64 * 1024
NAMES = {
    SecretKind.VARIABLE: re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}"),
    SecretKind.FILE: re.compile(r"[A-Za-z0-9_.-]{1,100}"),
}
#: Runs with the largest workspaces, and shared workflows, that a page shows.
LISTED = 20


@dataclass(frozen=True, slots=True)
class WorkflowAccount:
    """The service and the person there; `shared` is None where it knows no shares."""

    about: About
    person: Person
    quota: Quota
    secrets: tuple[Secret, ...]
    shared: tuple[ListedWorkflow, ...] | None


def look(user: User) -> WorkflowAccount:
    """Return how somebody stands at the service."""
    service, credential = get_backend(), credential_for(user, AUDIENCE)
    try:
        page = service.list_workflows(credential, ownership=Ownership.SHARED_WITH_ME, size=LISTED)
        shared = page.items
    except NotOffered:
        shared = None
    return WorkflowAccount(
        about=service.about(credential),
        person=service.whoami(credential),
        quota=service.quota(credential),
        secrets=service.secrets(credential),
        shared=shared,
    )


def largest(user: User) -> list[Run]:
    """Return the ended runs of a person with the largest workspaces, as they were last seen."""
    mine = Run.objects.visible_to(user).filter(seen__size__gt=0, finished_at__isnull=False)
    return list(mine.listed().order_by("-seen__size")[:LISTED])


def add_secret(user: User, name: str, value: bytes, *, kind: SecretKind, overwrite: bool) -> None:
    """Keep a secret at the service; the portal keeps none.

    Raises
    ------
    InvalidRequest
        Its name or size is wrong; `field` names it.
    Conflict
        There is one of that name, and it is not to be overwritten.
    """
    if not NAMES[kind].fullmatch(name) or name in {".", ".."}:
        words = {
            SecretKind.VARIABLE: _("A variable's name has letters, digits and _, such as API_KEY."),
            SecretKind.FILE: _("A file's name has letters, digits, _, - and ., such as key.pem."),
        }
        raise InvalidRequest(words[kind], field="name")
    if not 0 < len(value) <= MOST_BYTES:
        raise InvalidRequest(_("Give a secret of at most 64 KiB."), field="value")
    credential = credential_for(user, AUDIENCE)
    get_backend().add_secret(credential, name, value, kind=kind, overwrite=overwrite)
    audit.record("workflow-secret.kept", actor=user, about=(ABOUT, name))


def remove_secret(user: User, name: str) -> None:
    """Forget a secret; raises `NotFound`."""
    get_backend().remove_secret(credential_for(user, AUDIENCE), name)
    audit.record("workflow-secret.removed", actor=user, about=(ABOUT, name))
