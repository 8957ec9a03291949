"""Copies are asked for: what is there already is told, what the site's policy asks is checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from accounts.models import User
from data_mgmt.backends import Did, DidInfo, DidType, Rule, Storage, Usage, get_backend
from data_mgmt.models import ACTIVE, ReplicaRequest, RequestState
from data_mgmt.services import acting, replicas
from data_mgmt.services.catalogue import SERVICE
from data_mgmt.services.comparing import STATES, gone
from data_mgmt.services.estimates import check_copies, check_quota, find_storage
from data_mgmt.services.recalls import check_recall, recalls
from vre_portal.budget import Budget
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound, PortalError

#: States in which a copy is there, or on its way.
HELD = (*ACTIVE, RequestState.OK)
MOST_STORAGES = 20
#: Where copies are, is asked with more time than a page has: the policy on recalls needs it.
SECONDS = 8.0
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms, and as whom; `confirm_large` is the second yes to a large recall."""

    lifetime_days: int | None = None
    comment: str = ""
    activity: str = ""
    ask_approval: bool = False
    confirm_large: bool = False
    #: The account of the group as which it is asked for; empty for one's own.
    account: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one wish: its request, also an earlier one, or why there is none."""

    did: Did
    storage: str
    request: ReplicaRequest | None = None
    is_new: bool = False
    error: PortalError | None = None

    @property
    def problem(self) -> str:
        """Why there is no request."""
        return self.error.message if self.error else ""


@dataclass(frozen=True, slots=True)
class _Known:
    """What Rucio told for some wishes."""

    credential: Credential
    infos: Mapping[Did, DidInfo]
    storages: tuple[Storage, ...]
    usage: tuple[Usage, ...]
    rules: tuple[Rule, ...]


def request_replica(
    user: User,
    did: Did,
    *,
    storage: str,
    copies: int = 1,
    lifetime_days: int | None = None,
    comment: str = "",
) -> ReplicaRequest:
    """Ask for a copy; a request for the same that stands is returned instead of a second one.

    Raises
    ------
    NotFound
        There is no such DID, or no such storage.
    InvalidRequest
        A number or a text is out of bounds, or a large recall is not confirmed; `field` names it.
    QuotaExceeded
        The user's account has no room for it there, and nobody is asked to approve it.
    """
    check_copies(copies)
    return ask_one(user, did, storage, Terms(lifetime_days, comment)).request


@dataclass(frozen=True, slots=True)
class Answer:
    """A request, and whether it is a new one."""

    request: ReplicaRequest
    is_new: bool


def ask_one(user: User, did: Did, storage: str, terms: Terms) -> Answer:
    """Ask for a copy as `request_replica` does, and tell whether there was one already."""
    (outcome,) = ask_for(user, [did], [storage], terms)
    if outcome.request is None:
        raise outcome.error or NotFound(_("There is no such request."))
    return Answer(outcome.request, outcome.is_new)


def ask_for(
    user: User, dids: Sequence[Did], storages: Sequence[str], terms: Terms
) -> list[Outcome]:
    """Ask for a copy of each DID at each storage; what can't be had is told beside the others.

    Raises
    ------
    NotFound
        There is no such storage.
    InvalidRequest
        A number or a text is out of bounds, or a large recall is not confirmed; `field` names it.
    """
    _check(storages, terms)
    actor = acting.actor_of(user, terms.account)
    terms = replace(terms, account=actor.account if actor.group else "")
    known = _ask(user, dids, terms.account)
    places = [find_storage(known.storages, name) for name in dict.fromkeys(storages)]
    recalled = recalls(known.credential, known.infos.values(), known.storages, places, SECONDS)
    outcomes = []
    for place in places:
        total = sum(recalled.get((did, place.name), 0) for did in dids)
        asks = check_recall(total, confirmed=terms.confirm_large) or terms.ask_approval
        here = replace(terms, ask_approval=asks)
        outcomes += _ask_at(user, place, dids, here, known)
    return outcomes


def _check(storages: Sequence[str], terms: Terms) -> None:
    replicas.check(1, terms.lifetime_days, terms.comment)
    if not storages:
        raise InvalidRequest(_("Pick the storage that the copy goes to."), field="storage")
    if len(storages) > MOST_STORAGES:
        words = _("Pick at most %(most)d storages at once.") % {"most": MOST_STORAGES}
        raise InvalidRequest(words, field="storage")
    if terms.activity and terms.activity not in get_config().replica_activities:
        names = ", ".join(get_config().replica_activities)
        raise InvalidRequest(
            _("activity: give one of %(names)s.") % {"names": names}, field="activity"
        )


def _ask(user: User, dids: Sequence[Did], account: str) -> _Known:
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE, SECONDS)
    if len(dids) == 1:
        one = budget.ask(lambda: [backend.get_did(credential, dids[0])])
        rules = budget.ask(lambda: backend.rules_of(credential, dids[0]))
    else:
        one = budget.ask(lambda: [*backend.get_dids(credential, dids)])
        rules = budget.ask(lambda: _rules(credential, dids, account))
    storages = budget.ask(lambda: backend.list_storages(credential))
    usage = budget.ask(lambda: backend.usage(credential, account=account))
    infos = {info.did: info for info in _counted(credential, one.get(), budget)}
    return _Known(credential, infos, storages.get(), usage.get(), rules.get())


def _rules(credential: Credential, dids: Sequence[Did], account: str) -> tuple[Rule, ...]:
    """Return the rules of the account that stand; those of a group are asked DID by DID."""
    backend = get_backend()
    if not account:
        return backend.list_rules(credential)
    return tuple(rule for did in dids for rule in backend.rules_of(credential, did))


def _counted(credential: Credential, infos: Sequence[DidInfo], budget: Budget) -> list[DidInfo]:
    """Return the DIDs with the sizes of open collections, which a list does not tell."""
    backend = get_backend()
    asked = {
        info.did: budget.ask(lambda did=info.did: backend.get_did(credential, did))  # type: ignore[misc]
        for info in infos
        if info.bytes is None
    }
    found = {did: answer.get_or(None) for did, answer in asked.items()}
    return [found.get(info.did) or info for info in infos]


def _ask_at(
    user: User, place: Storage, dids: Sequence[Did], terms: Terms, known: _Known
) -> list[Outcome]:
    held, usage, outcomes = _held(user, place.name, dids, known, terms.account), known.usage, []
    for did in dids:
        info = known.infos.get(did)
        if info is None:
            missing = NotFound(_("It is not in Rucio any more."), service=SERVICE)
            outcomes.append(Outcome(did, place.name, error=missing))
        elif did in held:
            outcomes.append(Outcome(did, place.name, held[did]))
        else:
            outcomes.append(_new(user, info, place, terms, usage))
            if outcomes[-1].is_new and not terms.ask_approval:
                usage = _used(usage, place.name, info.bytes or 0)
    return outcomes


def _held(
    user: User, storage: str, dids: Sequence[Did], known: _Known, account: str
) -> dict[Did, ReplicaRequest]:
    """Return what stands of the wishes: requests whose rule is there, and rules made elsewhere."""
    rows = ReplicaRequest.objects.visible_to(user).filter(
        storage=storage, account=account, did_name__in=[did.name for did in dids]
    )
    owner = account or known.credential.account
    mine = {rule.id: rule for rule in known.rules if rule.account == owner}
    held: dict[Did, ReplicaRequest] = {}
    standing = rows.filter(state__in=HELD, cancel_requested_at=None).order_by("created_at")
    for row in [row for row in standing if row.did in known.infos]:
        # A rule that was made a moment ago may be younger than the list of rules.
        is_settled = row.updated_at < timezone.now() - SETTLED or row.state == RequestState.OK
        if row.rule_id and row.rule_id not in mine and is_settled:
            gone(row)  # it ended in Rucio since the portal looked last
            continue
        held[row.did] = row
    taken = set(rows.exclude(rule_id="").values_list("rule_id", flat=True))
    for rule in mine.values():
        is_wanted = rule.storage == storage and rule.did in known.infos and rule.did not in held
        if is_wanted and rule.id not in taken and not _is_over(rule, timezone.now()):
            with suppress(IntegrityError):  # asked for at this moment in another window
                held[rule.did] = adopt(user, rule, known.infos[rule.did], account=account)
    return held


def _is_over(rule: Rule, now: datetime) -> bool:
    return rule.expires_at is not None and rule.expires_at <= now


@transaction.atomic
def adopt(user: User, rule: Rule, info: DidInfo, *, account: str = "") -> ReplicaRequest:
    """Follow a rule that the user, or a group, made elsewhere, as if asked for here."""
    now = timezone.now()
    began = rule.created_at or now
    done = STATES[rule.state] == RequestState.OK
    left = rule.expires_at - began if rule.expires_at else None
    request = ReplicaRequest(
        user=user,
        account=account,
        did_scope=rule.did.scope,
        did_name=rule.did.name,
        storage=rule.storage,
        rule_id=rule.id,
        state=STATES[rule.state],
        lifetime_days=max(1, ceil(left / timedelta(days=1))) if left else None,
        comment=rule.comment[: replicas.MAX_COMMENT],
        activity=rule.activity,
        files_total=rule.locks_total or info.files or 0,
        files_done=rule.locks_ok,
        bytes_total=info.bytes or 0,
        bytes_done=info.bytes or 0 if done else 0,
        expires_at=rule.expires_at,
        created_at=began,
        finished_at=began if done else None,
        last_checked_at=now,
        next_check_at=now,
    )
    request.save()
    replicas.tell(request, "adopted", _("Your rule on %(did)s at %(storage)s is followed here"))
    replicas.note("adopted", request)
    return request


def _new(
    user: User, info: DidInfo, place: Storage, terms: Terms, usage: Iterable[Usage]
) -> Outcome:
    wish = ReplicaRequest(
        user=user,
        account=terms.account,
        did_scope=info.did.scope,
        did_name=info.did.name,
        storage=place.name,
        lifetime_days=terms.lifetime_days,
        comment=terms.comment,
        activity=terms.activity,
        ask_approval=terms.ask_approval,
        files_total=1 if info.type is DidType.FILE else info.files or 0,
        bytes_total=info.bytes or 0,
    )
    try:
        if not terms.ask_approval:
            check_quota(info, place, usage)
        elif not place.takes_approval:
            words = _("Nobody approves copies at %(storage)s. Choose another storage.")
            raise InvalidRequest(words % {"storage": place.name}, field="ask_approval")
        return Outcome(info.did, place.name, replicas.save(wish), is_new=True)
    except IntegrityError:
        # Asked for at this moment in another window.
        same = (
            ReplicaRequest.objects.visible_to(user)
            .active()
            .filter(did_scope=info.did.scope, did_name=info.did.name, storage=place.name)
            .filter(account=terms.account)
        )
        return Outcome(info.did, place.name, same.filter(cancel_requested_at=None).first())
    except PortalError as exc:
        return Outcome(info.did, place.name, error=exc)


def _used(usage: Iterable[Usage], storage: str, size: int) -> tuple[Usage, ...]:
    """Return the usage as it will be with so many bytes more at a storage."""
    return tuple(
        replace(row, used=row.used + size) if row.storage == storage else row for row in usage
    )
