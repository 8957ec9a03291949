"""Hand a file of a running session over: a copy that the portal keeps until it is taken."""

from __future__ import annotations

import uuid
from datetime import timedelta
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Length
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

import activity.services
from accounts import audit
from accounts.models import User
from activity.models import Event
from sessions.backends.running import EntryKind, get_running
from sessions.models import Handover, Session
from sessions.services import paths
from sessions.services.entering import entered
from sessions.services.origins import Origin
from sessions.services.recipients import Recipient
from vre_portal.errors import Conflict, InvalidRequest, NotFound, QuotaExceeded, TooLarge

KIND = "handover"
#: A notebook with its pictures fits; data goes by the data lake.
MAX_BYTES = 10 << 20
MAX_NAME = 250
MAX_NOTE = 500
MOST_GIVEN = 20
#: Of one sender's files together, those that were taken too: they are kept until they are deleted.
MOST_KEPT = 400 << 20
KEPT = timedelta(days=30)


def hand_over(session: Session, path: str, to: Recipient, *, note: str = "") -> Handover:
    """Copy a file out of a running session for somebody, and tell them.

    Raises
    ------
    InvalidRequest
        The path is none of a visible file.
    TooLarge
        It is larger than 10 MiB.
    NotFound, Conflict
        There is no such file, or the session does not run.
    QuotaExceeded
        So many of the person's files wait to be taken, or so much of theirs is kept.
    """
    path = checked_path(path)
    note = note.strip()
    if len(note) > MAX_NOTE:
        raise InvalidRequest(_("Use at most %(n)s characters.") % {"n": MAX_NOTE}, field="note")
    content = _content(session, path)
    return _written(session, PurePosixPath(path).name, content, to, note)


def checked_path(path: str) -> str:
    """Return the path of a file that may be handed over; raises `InvalidRequest` and `NotFound`."""
    path = paths.file_path(path.strip().strip("/"))
    if len(PurePosixPath(path).name) > MAX_NAME:
        raise InvalidRequest(_("The file's name is too long. Rename it first."), field="path")
    return path


def _content(session: Session, path: str) -> bytes:
    credential, place = entered(session)
    found = get_running().entry(credential, place, path)
    if found.kind is EntryKind.FOLDER:
        raise InvalidRequest(_("That is a folder. Name a file."), field="path")
    if (found.size or 0) > MAX_BYTES:
        raise _too_large()
    content = bytearray()
    with get_running().read(credential, place, path) as stream:
        # The file may grow while it is read.
        for piece in stream.pieces:
            content += piece
            if len(content) > MAX_BYTES:
                raise _too_large()
    return bytes(content)


def _too_large() -> TooLarge:
    return TooLarge(_("At most 10 MiB are handed over. Upload larger files to the data lake."))


@transaction.atomic
def _written(session: Session, name: str, content: bytes, to: Recipient, note: str) -> Handover:
    sender = session.user
    _check_room(sender, len(content))
    made = Handover.objects.create(
        sender=sender, recipient=to.user, group=to.group, session=session,
        environment=session.environment, name=name, content=content, note=note,
    )  # fmt: skip
    made.size = len(content)
    detail = {"handover": str(made.pk), "with": to.name, "name": name, "bytes": len(content)}
    audit.record("session.handed-over", actor=sender, about=("session", session.pk), detail=detail)
    text = _("%(sender)s hands %(name)s over to you.") % {"sender": sender, "name": name}
    events = [_event(made, one, text) for one in to.people(but=sender)]
    activity.services.record_all(events)
    return made


def _check_room(sender: User, size: int) -> None:
    # Two at once would each find room for one.
    User.objects.select_for_update(no_key=True).get(pk=sender.pk)
    given = Handover.objects.filter(sender=sender)
    if given.filter(~Q(group="") | Q(taken_at=None)).count() >= MOST_GIVEN:
        raise QuotaExceeded(
            _("%(n)s files wait that you handed over. Withdraw one, then hand this one over.")
            % {"n": MOST_GIVEN}
        )
    kept = given.aggregate(bytes=Sum(Length("content")))["bytes"] or 0
    if kept + size > MOST_KEPT:
        raise QuotaExceeded(
            _("The portal keeps as much as it can of what you handed over. Withdraw files, have"
              " those who took theirs delete them, or wait: each is kept for 30 days.")
        )  # fmt: skip


def _event(handover: Handover, to: User, text: str) -> Event:
    return Event(
        user_id=to.pk, verb="session.handed-over", subject_kind=KIND,
        subject_id=str(handover.pk), text=text,
        url=reverse("sessions:handover", args=[handover.pk]),
    )  # fmt: skip


def received(user: User) -> QuerySet[Handover]:
    """Return what others handed over to somebody, newest first, without the contents."""
    return _listed(Handover.objects.meant_for(user))


def given(user: User) -> QuerySet[Handover]:
    """Return what somebody handed over, newest first, without the contents."""
    return _listed(Handover.objects.filter(sender=user))


def all_of(user: User) -> QuerySet[Handover]:
    """Return both, newest first."""
    mine = Handover.objects.meant_for(user).values("pk")
    return _listed(Handover.objects.filter(Q(pk__in=mine) | Q(sender=user)))


def _listed(rows: QuerySet[Handover]) -> QuerySet[Handover]:
    rows = rows.annotate(size=Length("content")).defer("content")  # type: ignore[no-redef]  # the model declares it
    return rows.select_related("sender", "recipient").order_by("-created_at")


def handover_of(user: User, handover_id: uuid.UUID | str) -> Handover:
    """Return what somebody gave or was given.

    Raises
    ------
    NotFound
        There is none, or it is for others.
    """
    return _one_of(all_of(user), handover_id)


def whole(user: User, handover_id: uuid.UUID | str) -> Handover:
    """Return the same with its content: it may be withdrawn at any moment."""
    return _one_of(all_of(user).defer(None), handover_id)


def _one_of(rows: QuerySet[Handover], handover_id: uuid.UUID | str) -> Handover:
    try:
        found = rows.filter(pk=uuid.UUID(str(handover_id))).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFound(_("There is no such file for you: it may have been withdrawn."))
    return found


def content_of(user: User, handover_id: uuid.UUID) -> tuple[str, bytes]:
    """Return name and content; whoever was given it has taken it then."""
    # Taken first: what is then still there was not withdrawn from under them.
    take(handover_of(user, handover_id), user)
    handover = whole(user, handover_id)
    return handover.name, bytes(handover.content)


def take(handover: Handover, user: User) -> None:
    """Note that one of those for whom it is has it."""
    if user.pk == handover.sender_id:
        return
    first = Handover.objects.filter(pk=handover.pk, taken_at=None).update(taken_at=timezone.now())
    if first:
        about = (KIND, handover.pk)
        audit.record("handover.taken", actor=user, about=about, detail={"name": handover.name})


@transaction.atomic
def delete(user: User, handover_id: uuid.UUID) -> None:
    """Withdraw what one gave while nobody has taken it, or delete what one was given.

    Raises
    ------
    Conflict
        It is no longer the sender's, or it is the whole group's.
    """
    handover = handover_of(user, handover_id)
    # Whoever takes it in this moment has it: only then is it looked at.
    row = Handover.objects.select_for_update().filter(pk=handover.pk).defer("content").first()
    if row is None:
        return
    mine = user.pk == row.sender_id
    if mine and row.taken_at is not None and not row.group:
        raise Conflict(_("It has been taken already, and is no longer yours to withdraw."))
    if not mine and row.group:
        raise Conflict(_("It is for the whole group. Only its sender withdraws it."))
    action = "handover.withdrawn" if mine else "handover.deleted"
    audit.record(action, actor=user, about=(KIND, row.pk), detail={"name": row.name})
    row.delete()


def forget_old() -> None:
    """Remove what is older than 30 days."""
    Handover.objects.filter(created_at__lt=timezone.now() - KEPT).delete()


def origin_of(user: User, handover_id: str) -> Origin:
    """Return a handover as what a session is opened from."""
    found = handover_of(user, handover_id)
    url = reverse("sessions:handover", args=[found.pk])
    return Origin(KIND, str(found.pk), found.name, url, environment=found.environment)
