"""Accounts in the backends as the checklist shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.models import AccountState, BackendAccount
from vre_portal.health import NAMES

ICONS: Mapping[str, str] = {"rucio": "data", "jupyterhub": "sessions", "reana": "runs"}
#: What the badge of a state is called.
WORDS = {AccountState.READY: "done", AccountState.WAITING: "pending"}


@dataclass(frozen=True, slots=True)
class ShownAccount:
    """One row of the checklist: `failed` asks for a repair, `settled` allows another check."""

    service: str
    name: str
    icon: str
    word: str
    text: str
    failed: bool
    settled: bool


def shown(rows: Iterable[BackendAccount]) -> list[ShownAccount]:
    """Return the accounts of a person in words."""
    return [
        ShownAccount(
            service=row.service,
            name=NAMES[row.service],
            icon=ICONS[row.service],
            word=WORDS.get(AccountState(row.state), row.state),
            text=_sentence(row),
            failed=row.state == AccountState.FAILED,
            settled=row.state in {AccountState.READY, AccountState.FAILED},
        )
        for row in rows
    ]


def _sentence(row: BackendAccount) -> str:
    if row.state == AccountState.READY:
        return _("You are %(account)s there.") % {"account": row.account}
    if row.state == AccountState.FAILED:
        return row.problem
    if row.problem:
        return _("%(problem)s The portal keeps trying.") % {"problem": row.problem}
    return _("Being made; this takes a few seconds.")
