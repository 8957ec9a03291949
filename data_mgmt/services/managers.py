"""Data managers: who they are to the portal, what waits for them, and how they hear of it.

The portal's role opens the pages; whether a decision is theirs to make says Rucio each time.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import AccountState, BackendAccount, Role, User
from activity.services import record
from data_mgmt.backends import Rule, RuleState, get_backend
from data_mgmt.backends.approvals import RuleQuestion
from data_mgmt.models_approvals import QuotaRequest, WaitingRule
from data_mgmt.services.catalogue import SERVICE
from vre_portal.errors import NotFound, PortalError
from vre_portal.health import is_down

log = logging.getLogger(__name__)

#: The kind under which events and audit tell of approvals.
TOPIC = "approval"
#: So many new ones are told one by one; of more only how many they are.
ONE_BY_ONE = 5
WAITING = RuleQuestion(state=RuleState.WAITING_APPROVAL)


def is_manager(user: Any) -> bool:
    """Return whether somebody has the role of a data manager."""
    return Role.DATA_MANAGER.value in getattr(user, "roles", ())


def must_be_manager(user: User) -> None:
    """Raise `NotFound`: to others the queue does not exist."""
    if not is_manager(user):
        raise NotFound(_("There is nothing at this address."))


def managers() -> QuerySet[User]:
    """Return the data managers whose account in Rucio is ready."""
    return User.objects.filter(
        roles__contains=[Role.DATA_MANAGER.value],
        is_active=True,
        delete_after=None,
        backend_accounts__service=SERVICE,
        backend_accounts__state=AccountState.READY,
    )


def waiting_count(user_id: Any) -> int:
    """Return how much waits for a data manager, as last seen; nothing waits for others."""
    user = User.objects.filter(pk=user_id, roles__contains=[Role.DATA_MANAGER.value])
    if not user.exists():
        return 0
    return WaitingRule.objects.count() + QuotaRequest.objects.open().count()


def watch() -> None:
    """Look which rules wait, with the token of a data manager, and tell of those that are new."""
    people = list(managers().order_by("handle"))
    if not people or is_down(SERVICE):
        return
    for user in people:
        try:
            credential = credential_for(user, SERVICE)
            rules = list(get_backend().find_rules(credential, WAITING))
        except PortalError as exc:
            log.info("approvals not seen as %s: %s", user.handle, exc.message)
            continue
        see(people, rules)
        return


@transaction.atomic
def see(people: Sequence[User], rules: Sequence[Rule]) -> None:
    """Remember which rules wait, and tell of those that did not before."""
    waiting = {UUID(rule.id): rule for rule in rules}
    WaitingRule.objects.exclude(pk__in=waiting).delete()
    known = set(WaitingRule.objects.values_list("pk", flat=True))
    new = [rule for key, rule in waiting.items() if key not in known]
    WaitingRule.objects.bulk_create(
        [WaitingRule(rule=UUID(rule.id)) for rule in new], ignore_conflicts=True
    )
    if len(new) > ONE_BY_ONE:
        text = _("%(n)d new requests for copies wait for your approval") % {"n": len(new)}
        tell_managers(people, "waits", new[0].id, text)
        return
    for rule in new:
        text = _("%(who)s asks for %(did)s at %(storage)s: it waits for your approval") % {
            "who": names([rule.account]).get(rule.account, rule.account),
            "did": rule.did,
            "storage": rule.storage,
        }
        tell_managers(people, "waits", rule.id, text)


def forget(rule_id: str) -> None:
    """Count a rule no more: it is decided."""
    WaitingRule.objects.filter(pk=UUID(rule_id)).delete()


def names(accounts: Iterable[str]) -> dict[str, str]:
    """Return who is behind accounts in Rucio, as far as the portal knows them."""
    rows = BackendAccount.objects.filter(service=SERVICE, account__in=set(accounts))
    return {row.account: str(row.user) for row in rows.select_related("user")}


def tell_managers(people: Iterable[User], verb: str, key: object, text: str) -> None:
    """Write to the inbox of each data manager."""
    for user in people:
        record(
            user_id=user.pk,
            verb=f"{TOPIC}.{verb}",
            subject=(TOPIC, key),
            text=text,
            level="warning",
            url=reverse("data_mgmt:approvals"),
        )
