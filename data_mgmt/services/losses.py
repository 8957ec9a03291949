"""What is lost when a collection is erased: told before, by everything that hangs on it."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, DidInfo, Rule, get_backend
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget


@dataclass(frozen=True, slots=True)
class Loss:
    """A collection with the rules on it and the collections that hold it."""

    info: DidInfo
    rules: tuple[Rule, ...]
    holders: tuple[Did, ...]

    @property
    def accounts(self) -> list[str]:
        """Whose rules they are."""
        return sorted({rule.account for rule in self.rules})


def loss_of(user: User, did: Did) -> Loss:
    """Return what hangs on a collection; raises where Rucio does not tell it all."""
    credential = credential_for(user, SERVICE)
    backend, budget = get_backend(), Budget(SERVICE)
    info = budget.ask(lambda: backend.get_did(credential, did))
    rules = budget.ask(lambda: backend.rules_of(credential, did))
    holders = budget.ask(lambda: backend.parents(credential, did))
    return Loss(info.get(), rules.get(), holders.get())
