"""What ends shares without anybody taking them back: time, the session, and who may not act."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from sessions.models import FINISHED, Guest, Session, Share
from sessions.services.guests import begin_settling, is_in
from sessions.services.sharing import end


def end_shares() -> None:
    """End every share whose time, session or group is over, and put out who may not stay."""
    now = timezone.now()
    open_still = Share.objects.filter(revoked_at=None).select_related("session__user", "recipient")
    for share in open_still.filter(until__lte=now):
        end(share, _("Your time in %(session)s of %(owner)s is over."), at=share.until)
    # One that starts again by itself keeps its shares; its guests open it anew.
    gone = Q(session__state__in=FINISHED, session__restart_with__isnull=True)
    for share in open_still.filter(gone):
        end(share, _("%(session)s of %(owner)s has ended, and so has its share."))
    for share in open_still.exclude(group=""):
        if share.group not in share.session.user.groups:
            end(share, _("%(owner)s is no longer in the group with which %(session)s was shared."))
    _settle_all()


def _settle_all() -> None:
    """Begin again wherever somebody is in who may not be, as when their group has changed."""
    rows = Guest.objects.select_related("user", "share__session__user")
    sessions: dict[object, Session] = {
        guest.share.session_id: guest.share.session for guest in rows if not is_in(guest)
    }
    for session in sessions.values():
        begin_settling(session, again=True)


def end_all_of(user: User) -> None:
    """End what was shared with somebody who may not act any more, or by them."""
    for share in Share.objects.filter(revoked_at=None).filter(
        Q(recipient=user) | Q(session__user=user)
    ):
        end(share, _("The share of %(session)s of %(owner)s has ended."))
    for guest in Guest.objects.filter(user=user).select_related("share__session"):
        begin_settling(guest.share.session, again=True)
