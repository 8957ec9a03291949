"""Share a running session for a time, change the time, and take the share back."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

import activity.services
from accounts import audit
from accounts.models import User
from activity.models import Event
from sessions.models import Level, Session, SessionState, Share
from sessions.services.guests import begin_settling
from sessions.services.reading import event_of
from sessions.services.recipients import Recipient
from vre_portal.errors import Conflict, InvalidRequest, NotFound, QuotaExceeded
from vre_portal.live import publish

#: For how many hours a session may be shared.
HOURS = (1, 8, 24, 168)
SHARED = (SessionState.QUEUED, SessionState.STARTING, SessionState.READY)
MOST_SHARES = 50


def shares_of(session: Session) -> QuerySet[Share]:
    """Return the shares of a session that stand, newest first, with their people."""
    rows = session.shares.standing(timezone.now()).select_related("recipient", "session__user")
    return rows.prefetch_related("guests__user")


def share_of(session: Session, share_id: uuid.UUID) -> Share:
    """Return a standing share of a session, or raise `NotFound`."""
    found = shares_of(session).filter(pk=share_id).first()
    if found is None:
        raise NotFound(_("There is no such share: it has ended, or was taken back."))
    return found


@transaction.atomic
def share(session: Session, to: Recipient, *, level: str, hours: int) -> Share:
    """Let somebody into a session for so many hours, at most until it ends.

    The same share given again only gets the new time.

    Raises
    ------
    InvalidRequest
        The level or the time is none that one may choose.
    Conflict
        The session does not run.
    QuotaExceeded
        It is shared very often already.
    """
    if level not in Level.values:
        raise InvalidRequest(_("Choose view or work."), field="level")
    until = _until(hours)
    if session.state not in SHARED:
        raise Conflict(_("The session does not run. Launch it, then share it."))
    same = shares_of(session).filter(recipient=to.user, group=to.group, level=level).first()
    if same is not None:
        return change_time(same, hours=hours)
    if shares_of(session).count() >= MOST_SHARES:
        raise QuotaExceeded(
            _("This session is shared %(n)s times. Take a share back first, or share with a group.")
            % {"n": MOST_SHARES}
        )
    made = Share.objects.create(
        session=session, recipient=to.user, group=to.group, level=level, until=until
    )
    _record("session.shared", made, actor=session.user)
    _tell(made)
    _notify(made, "session.shared", _shared(made, hours), to.people(but=session.user))
    return made


@transaction.atomic
def change_time(share: Share, *, hours: int) -> Share:
    """Let a share stand for so many hours from now on.

    Raises
    ------
    InvalidRequest
        Nobody may choose that time.
    """
    share.until = _until(hours)
    share.save(update_fields=["until"])
    _record("session.share-changed", share, actor=share.session.user)
    _tell(share)
    return share


@transaction.atomic
def revoke(share: Share) -> None:
    """Take a share back: nobody comes in by it from now on, and who is in is put out at once."""
    end(share, _("%(owner)s took the share of %(session)s back."), actor=share.session.user)


@transaction.atomic
def end(share: Share, text: str, *, actor: User | None = None, at: datetime | None = None) -> None:
    """End a share once, tell those whom it concerned, and have them put out."""
    standing = Share.objects.filter(pk=share.pk, revoked_at=None)
    if not standing.update(revoked_at=at or timezone.now()):
        return
    _record("session.share-ended", share, actor=actor)
    _tell(share)
    begin_settling(share.session)
    said = text % {"owner": share.session.user, "session": share.session.name}
    been = [guest.user for guest in share.guests.select_related("user")]
    people = {one.pk: one for one in (*been, share.recipient) if one is not None}
    _notify(share, "session.share-ended", said, people.values())


def _until(hours: int) -> datetime:
    if hours not in HOURS:
        known = ", ".join(str(one) for one in HOURS)
        raise InvalidRequest(
            _("Choose for how many hours: one of %(known)s.") % {"known": known}, field="hours"
        )
    return timezone.now() + timedelta(hours=hours)


def _shared(share: Share, hours: int) -> str:
    days = hours // 24
    span = (
        ngettext("%(n)s day", "%(n)s days", days) % {"n": days}
        if days
        else ngettext("%(n)s hour", "%(n)s hours", hours) % {"n": hours}
    )
    named = {"owner": share.session.user, "session": share.session.name, "span": span}
    if share.level == Level.WORK:
        return _("%(owner)s lets you work in %(session)s for %(span)s.") % named
    return _("%(owner)s lets you look into %(session)s for %(span)s.") % named


def _record(action: str, share: Share, *, actor: User | None) -> None:
    to = share.recipient.handle if share.recipient else share.group
    audit.record(
        action,
        actor=actor,
        about=("session", share.session_id),
        detail={
            "share": str(share.pk), "with": to, "level": share.level,
            "until": share.until.isoformat(timespec="seconds"),
        },
    )  # fmt: skip


def _tell(share: Share) -> None:
    """Tell the owner's open pages."""
    publish(f"session:{share.session_id}", event_of(share.session))


def _notify(share: Share, verb: str, text: str, people: Iterable[User]) -> None:
    url = reverse("sessions:shared", args=[share.pk])
    activity.services.record_all(
        [
            Event(
                user_id=one.pk, verb=verb, subject_kind="share", subject_id=str(share.pk),
                text=text, url=url,
            )
            for one in people
        ]
    )  # fmt: skip
