"""Who may see the contents of a DID: its group until a date, then everybody.

A dataset is proprietary by two keys of its metadata. That holds for all that is below it, so what
is asked is looked at upwards: from the DID itself, from the collections in it, and from its files
where they are few. Who hands out many files one by one asks for each. An answer is kept for half
a minute; a change made through the portal counts at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from typing import Any

from django.core.cache import cache
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import BackendAccount, User
from data_mgmt.backends import Did, DidInfo, DidType, get_backend
from data_mgmt.services import acting
from data_mgmt.services.catalogue import SERVICE, cache_key
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, NotFound, PortalError, UpstreamUnavailable

KEPT_SECONDS = 30
#: Of a collection with no more files, each is asked what else holds it.
FILES = 200
#: What stands in more collections than these is judged by none of them: nobody sees it.
COLLECTIONS = 2_000
_GENERATION = "embargo:generation"
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ])", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """An embargo as it is written on a DID; without a day it has no end that could be read."""

    did: Did
    groups: tuple[str, ...]
    until: date | None
    account: str

    def holds(self, today: date) -> bool:
        """Whether it holds on a day: the last one is within."""
        return self.until is None or today <= self.until


@dataclass(frozen=True, slots=True)
class Embargo:
    """An embargo that holds now, as one person meets it."""

    mark: Mark
    is_open: bool
    ask: str

    @property
    def group(self) -> str:
        """The groups whose members may see it, as text."""
        return ", ".join(self.mark.groups) or _("nobody but its owner")

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        told = {"did": self.mark.did, "group": self.group, "day": ""}
        if self.mark.until is None:
            return _("%(did)s is proprietary to %(group)s, without an end that can be read.") % told
        told["day"] = date_format(self.mark.until, "j F Y")
        return _("%(did)s is proprietary to %(group)s until the end of %(day)s (UTC).") % told

    @property
    def refusal(self) -> str:
        """What to tell somebody who may not see it."""
        return _("%(embargo)s Its contents are for its members. Ask %(ask)s.") % {
            "embargo": self.sentence,
            "ask": self.ask,
        }


def check_contents(user: User, did: Did, *, now: datetime | None = None) -> None:
    """Raise `Forbidden` when contents, previews and downloads of a DID are kept from a person.

    Raises
    ------
    Forbidden
        An embargo holds that is not open to them; the words say whose it is and whom to ask.
    NotFound
        There is no such DID.
    UpstreamUnavailable, UpstreamTimeout
        Rucio does not tell, so that nothing is handed out.
    """
    for embargo in embargoes(user, did, now=now):
        if not embargo.is_open:
            raise Forbidden(embargo.refusal, service=SERVICE)


def embargoes(
    user: User,
    did: Did,
    *,
    now: datetime | None = None,
    budget: Budget | None = None,
    deep: bool = True,
) -> list[Embargo]:
    """Return the embargoes that hold over a DID, those first that keep it from the person.

    Those over what is in it count as well, if it is looked at `deep`.
    """
    if not get_config().embargo_until_key:
        return []
    credential = credential_for(user, SERVICE)
    if budget is None:
        told = _known(credential, did, deep=deep)
    else:
        told = budget.ask(lambda: _known(credential, did, deep=deep)).get()
    if not (told.above or told.within):
        return []
    today = (now or timezone.now()).astimezone(UTC).date()
    accounts = acting.accounts_of(user)
    found = []
    for mark in (*told.above, *told.within):
        if not mark.holds(today):
            continue
        # Whoever collects files of others in a dataset of their own owns that, not the files.
        is_own = mark in told.above and told.info.account in accounts
        owns = is_own or mark.account in accounts
        is_open = owns or not {*mark.groups}.isdisjoint(user.groups)
        found.append(Embargo(mark, is_open, _whom_to_ask(mark)))
    return sorted(found, key=lambda embargo: embargo.is_open)


def embargo_of(
    user: User, did: Did, *, now: datetime | None = None, budget: Budget | None = None
) -> Embargo | None:
    """Return the embargo over a DID to tell somebody of, one that keeps it from them first.

    It is asked within a page's time, upwards only.

    Raises
    ------
    PortalError
        Rucio does not tell.
    """
    found = embargoes(user, did, now=now, budget=budget or Budget(SERVICE), deep=False)
    return found[0] if found else None


def members(user: User, embargo: Embargo) -> list[str]:
    """Return the names of those in its groups that the portal knows, for whoever may see it."""
    if not embargo.is_open:
        return []
    known = User.objects.filter(is_active=True, groups__overlap=[*embargo.mark.groups])
    return sorted({each.display_name or each.handle for each in known.order_by("handle")[:200]})


def changed() -> None:
    """Forget what is kept: an embargo was set or lifted, or a collection was changed."""
    cache.set(_GENERATION, timezone.now().timestamp(), None)


def mark_of(did: Did, account: str, metadata: Mapping[str, Any]) -> Mark | None:
    """Return the embargo that metadata tells, if any; one that can't be read has no end."""
    config = get_config()
    until, group = metadata.get(config.embargo_until_key), metadata.get(config.embargo_group_key)
    if until in (None, "") and group in (None, "", []):
        return None
    groups = group if isinstance(group, list) else [group]
    names = tuple(str(name) for name in groups if name not in (None, ""))
    return Mark(did, names, _day(until), account)


def _day(told: object) -> date | None:
    match = _DAY.match(told) if isinstance(told, str) else None
    try:
        return date.fromisoformat(match[0]) if match else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class _Told:
    """What Rucio tells of a DID: its own row, and the marks over it and over what is in it."""

    info: DidInfo
    above: tuple[Mark, ...]
    within: tuple[Mark, ...] = ()


def _known(credential: Credential, did: Did, *, deep: bool) -> _Told:
    key = _key("deep" if deep else "flat", did)
    found: _Told | None = cache.get(key)
    if found is None:
        try:
            found = _look(credential, did, deep=deep)
        except PortalError as exc:
            if not exc.retryable:
                raise
            words = _("Rucio does not tell whether this is under embargo. Try again in a moment.")
            raise UpstreamUnavailable(words, service=SERVICE) from exc
        cache.set(key, found, KEPT_SECONDS)
    return found


def _key(kind: str, did: Did) -> str:
    return cache_key(f"embargo-{kind}:{cache.get(_GENERATION, 0)}", str(did))


def _look(credential: Credential, did: Did, *, deep: bool) -> _Told:
    info = next(iter(get_backend().get_dids(credential, [did])), None)
    if info is None:
        words = _("There is no such file, dataset or container: %(did)s.") % {"did": did}
        raise NotFound(words, service=SERVICE)
    above = _upwards(credential, {did})
    around: set[Did] = set()
    if deep and info.type.is_collection:
        around = _upwards(credential, _within(credential, info)) - above
    if len(above | around) > COLLECTIONS + FILES:
        raise _too_many()
    marks = _marks(credential, above | around)
    return _Told(
        info,
        tuple(mark for mark in marks if mark.did in above),
        tuple(mark for mark in marks if mark.did in around),
    )


def _within(credential: Credential, info: DidInfo) -> set[Did]:
    """Return the collections in a collection with itself, and its files where they are few."""
    backend = get_backend()
    found = {info.did}
    waiting = [info.did] if info.type is DidType.CONTAINER else []
    while waiting:
        new = {
            child: kind
            for child, kind in backend.members(credential, waiting.pop())
            if child not in found
        }
        found |= {*new}
        waiting += [child for child, kind in new.items() if kind is DidType.CONTAINER]
        if len(found) > COLLECTIONS:
            raise _too_many()
    files = backend.list_files(credential, info.did, limit=FILES + 1)
    return found | ({file.did for file in files} if len(files) <= FILES else set())


def _too_many() -> Forbidden:
    words = _("This stands in too many collections to tell whether it is under embargo.")
    return Forbidden(words, service=SERVICE)


def _upwards(credential: Credential, dids: set[Did]) -> set[Did]:
    """Return the DIDs and all collections above them, a level a question."""
    seen, level = set(dids), set(dids)
    while level and len(seen) <= COLLECTIONS + FILES:
        level = {*get_backend().parents_of(credential, sorted(level))} - seen
        seen |= level
    return seen


def _marks(credential: Credential, dids: set[Did]) -> list[Mark]:
    backend, patterns = get_backend(), get_config().embargo_scopes
    counting = [did for did in sorted(dids) if any(fnmatchcase(did.scope, p) for p in patterns)]
    told = backend.metadata_of(credential, counting)
    marked = [did for did in counting if mark_of(did, "", told.get(did, {}))]
    owners = {info.did: info.account for info in backend.get_dids(credential, marked)}
    found = (mark_of(did, owners.get(did, ""), told[did]) for did in marked)
    return [mark for mark in found if mark]


def _whom_to_ask(mark: Mark) -> str:
    """Return the owner by the name that the portal knows, beside the account."""
    groups = {account: group for group, account in get_config().rucio_groups.items()}
    if mark.account in groups:
        return _("a member of %(group)s") % {"group": groups[mark.account]}
    row = BackendAccount.objects.filter(service=SERVICE, account=mark.account).first()
    if row is None or not row.user.display_name:
        return mark.account or _("the data managers")
    return f"{row.user.display_name} ({mark.account})"
