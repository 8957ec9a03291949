"""Shares and handovers in words, as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from accounts.models import User
from sessions.models import Handover, Level, Session, SessionState, Share
from sessions.services.entering_shared import shared_with
from sessions.services.guests import is_in, stands_for
from sessions.services.sharing import SHARED, shares_of
from vre_portal.components import formats, inline


@dataclass(frozen=True, slots=True)
class ShownShare:
    """A share as the owner's page shows it."""

    share: Share
    who: str
    is_group: bool
    may: str
    inside: str
    revoke_question: str
    revoke_label: str


@dataclass(frozen=True, slots=True)
class Shares:
    """What the card on a session's page needs; a list that is empty may still be added to."""

    session: Session
    rows: list[ShownShare]
    may_share: bool


@dataclass(frozen=True, slots=True)
class ShownShared:
    """A share as the guest sees it."""

    share: Share
    session: Session
    stands: bool
    is_ready: bool
    may: str
    line: str
    sentence: str
    facts: dict[str, object]


@dataclass(frozen=True, slots=True)
class ShownHandover:
    """A file that was handed over; `user` is who looks at it."""

    handover: Handover
    is_mine: bool
    may_delete: bool
    line: str
    sentence: str
    facts: dict[str, object]


def shares_shown(session: Session) -> Shares:
    """Return the shares of a session that stand, for its owner."""
    rows = [_share(one) for one in shares_of(session)] if session.is_active else []
    return Shares(session, rows, may_share=session.state in SHARED)


def _share(share: Share) -> ShownShare:
    who = _name(share.recipient) if share.recipient else share.group
    inside = [_name(guest.user) for guest in share.guests.all() if is_in(guest)]
    named = {"who": who, "session": share.session.name}
    return ShownShare(
        share=share,
        who=who,
        is_group=bool(share.group),
        may=may(share.level),
        inside=_("Was let in: %(names)s") % {"names": ", ".join(inside)} if inside else "",
        revoke_question=_("Put %(who)s out of %(session)s? What they have open closes at once.")
        % named,
        revoke_label=_("Take the share with %(who)s back") % named,
    )


def shared_shown(user: User) -> list[ShownShared]:
    """Return what others share with somebody now."""
    return [shown_to(user, share) for share in shared_with(user)]


def shown_to(user: User, share: Share) -> ShownShared:
    """Return a share for its guest."""
    session = share.session
    stands = stands_for(share, user)
    is_ready = stands and session.state == SessionState.READY
    owner = _name(session.user)
    facts: dict[str, object] = {
        _("Session of"): owner,
        _("Environment"): session.environment_name,
        _("You may"): may(share.level),
        _("Until"): inline.when(share.until),
    }
    if share.group:
        facts[_("Shared with")] = share.group
    return ShownShared(
        share=share, session=session, stands=stands, is_ready=is_ready, may=may(share.level),
        line=f"{owner}: {may(share.level)}", sentence=_state_of(share, stands, owner), facts=facts,
    )  # fmt: skip


def _state_of(share: Share, stands: bool, owner: str) -> str:
    if not stands:
        return _("This share has ended. Ask %(owner)s if you need it again.") % {"owner": owner}
    if share.session.state == SessionState.READY:
        return _("It runs. It opens in a new tab; the first time JupyterHub asks you to agree.")
    if share.session.is_pending:
        return _("It is starting. You can open it as soon as it is ready.")
    return _("It does not run at the moment. You can open it when %(owner)s starts it again.") % {
        "owner": owner
    }


def may(level: str) -> str:
    """Return what a level lets somebody do."""
    return _("work, with the owner's rights") if level == Level.WORK else _("look, read only")


def handovers_shown(user: User, handovers: Iterable[Handover]) -> list[ShownHandover]:
    """Return handovers for one of their two sides."""
    return [handover_shown(user, one) for one in handovers]


def handover_shown(user: User, handover: Handover) -> ShownHandover:
    """Return a handover for whoever looks at it."""
    mine = handover.sender_id == user.pk
    to = _name(handover.recipient) if handover.recipient else handover.group
    sender, size = _name(handover.sender), formats.size(handover.size)
    facts: dict[str, object] = {_("To") if mine else _("From"): to if mine else sender}
    if handover.group and not mine:
        facts[_("For")] = handover.group
    facts |= {_("Size"): size, _("Handed over"): inline.when(handover.created_at)}
    facts[_("Taken")] = _taken(handover)
    return ShownHandover(
        handover=handover,
        is_mine=mine,
        may_delete=bool(handover.group) or handover.taken_at is None
        if mine
        else not handover.group,
        line=_("to %(name)s, %(size)s") % {"name": to, "size": size}
        if mine
        else _("from %(name)s, %(size)s") % {"name": sender, "size": size},
        sentence=_("You handed this file over to %(name)s.") % {"name": to}
        if mine
        else _("%(name)s handed this file over to you.") % {"name": sender},
        facts=facts,
    )


def _taken(handover: Handover) -> SafeString | str:
    return inline.when(handover.taken_at) if handover.taken_at else _("not yet")


def _name(user: User) -> str:
    return user.display_name or user.handle
