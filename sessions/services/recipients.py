"""Whom something in a session is for: a person that one can name, or a group that one is in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts import gate
from accounts.models import User
from vre_portal.errors import InvalidRequest
from vre_portal.limits import Limit

#: By person: enough to share with a class one by one, too few to try a list of addresses.
LOOKED_FOR = Limit("recipients", 30)


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person, or everybody of a group: one of the two is given."""

    user: User | None = None
    group: str = ""

    @property
    def name(self) -> str:
        """What the audit log calls them."""
        return self.user.handle if self.user else self.group

    def people(self, *, but: User) -> Iterable[User]:
        """Return everybody who is meant and may act, without one."""
        if self.user is not None:
            return [self.user]
        members = User.objects.filter(groups__contains=[self.group], is_active=True)
        return members.filter(delete_after=None).exclude(pk=but.pk)


def recipient(giver: User, *, person: str = "", group: str = "") -> Recipient:
    """Return whom somebody means, by handle or verified e-mail, or by one of their own groups.

    Whoever is not here, may not act, or is only nearly named gets one answer: nobody learns from
    it who uses the portal but by knowing the exact name already.

    Raises
    ------
    InvalidRequest
        Nobody is meant, both are, it is the giver, or there is no such person or group.
    TooManyRequests
        So many names are not typed by hand.
    """
    person, group = person.strip(), group.strip()
    if bool(person) == bool(group):
        raise InvalidRequest(_("Name a person, or choose one of your groups."), field="person")
    if group:
        if group not in giver.groups:
            raise InvalidRequest(_("You are in no group of that name."), field="group")
        return Recipient(group=group)
    LOOKED_FOR.use(giver.pk)
    user = _exactly(person)
    if user is None or gate.refusal(user, accepted=True) is not None:
        raise InvalidRequest(
            _("Nobody here has exactly this user name or verified e-mail address."), field="person"
        )
    if user.pk == giver.pk:
        raise InvalidRequest(_("That is you. Name somebody else."), field="person")
    return Recipient(user)


def _exactly(text: str) -> User | None:
    named = User.objects.filter(handle=text).first()
    if named is not None or "@" not in text:
        return named
    rows = User.objects.filter(
        identities__email__iexact=text,
        identities__email_verified=True,
        identities__lapsed_at=None,
        merged_into=None,
    )
    found = list(rows.distinct()[:2])
    # An address that two people share names neither.
    return found[0] if len(found) == 1 else None
