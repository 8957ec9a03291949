"""A guest opens a session that somebody shared: all is checked now, then both sides are told."""

from __future__ import annotations

import uuid

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, gate
from accounts.models import User
from sessions.backends import get_backend, service_credential
from sessions.models import Guest, Session, SessionState, Share
from sessions.services.guests import begin_settling, stands_for, tell_session
from sessions.services.reading import open_url
from vre_portal.errors import Conflict, NotFound, PortalError


def shared_with(user: User) -> QuerySet[Share]:
    """Return the shares that open a session for somebody now, newest first."""
    rows = Share.objects.meant_for(user).standing(timezone.now())
    return rows.select_related("session__user", "recipient").order_by("-created_at")


def shared_to(user: User, share_id: uuid.UUID) -> Share:
    """Return a share that is, or was, meant for somebody.

    Raises
    ------
    NotFound
        There is none, or it is for others.
    """
    rows = Share.objects.meant_for(user).select_related("session__user", "recipient")
    found = rows.filter(pk=share_id).first()
    if found is None:
        raise NotFound(_("Nobody shares such a session with you."))
    return found


def open_shared(user: User, share_id: uuid.UUID) -> str:
    """Let a guest in by a share, and return the address of the session; it holds no token.

    Raises
    ------
    NotFound
        The share is not for them, or has ended.
    Conflict
        The session is not ready.
    Forbidden
        The guest may not act now.
    UpstreamUnavailable, UpstreamTimeout
        The hub or the session does not answer.
    """
    share = shared_to(user, share_id)
    session = share.session
    if refusal := gate.refusal(user):
        raise refusal
    if not stands_for(share, user) or gate.refusal(session.user, accepted=True):
        raise NotFound(_("This share has ended. Ask %(owner)s again.") % {"owner": session.user})
    if session.state != SessionState.READY:
        raise Conflict(_("The session is not ready. Wait for %(owner)s.") % {"owner": session.user})
    _let_in(share, user)
    about, detail = ("session", session.pk), {"share": str(share.pk), "level": share.level}
    audit.record("session.share-opened", actor=user, about=about, detail=detail)
    return open_url(session)


def _let_in(share: Share, user: User) -> None:
    """Tell the session first: a hub that let somebody in earlier would find no levels there."""
    session, backend, credential = share.session, get_backend(), service_credential()
    _guest, new = Guest.objects.update_or_create(
        share=share, user=user, defaults={"let_in_at": timezone.now()}
    )
    try:
        _tell(session)
        backend.ensure_user(credential, user.handle)
        backend.let_in(credential, session.user.handle, session.server, user.handle)
    except PortalError as exc:
        # What was not answered may have been done: such a row stays, and is taken back at the end.
        if new and not exc.retryable:
            Guest.objects.filter(share=share, user=user).delete()
        raise
    _still_stands(share, user)


def _tell(session: Session) -> None:
    try:
        tell_session(session)
    except NotFound as exc:
        say = _("This session can't take guests now. Ask its owner to restart it.")
        raise Conflict(say) from exc


def _still_stands(share: Share, user: User) -> None:
    """Take it back when the share ended while its guest was being let in."""
    now = Share.objects.select_related("session").get(pk=share.pk)
    if stands_for(now, User.objects.get(pk=user.pk)):
        return
    Guest.objects.get_or_create(share=share, user=user)
    begin_settling(now.session)
    raise NotFound(_("This share has just ended."))
