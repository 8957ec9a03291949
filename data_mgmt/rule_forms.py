"""What people type about all their rules: which to list, in which order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.address_texts import MAX_TEXT, text_of
from data_mgmt.backends import RuleState
from data_mgmt.models_approvals import RuleVerb
from data_mgmt.services.acting import Actor
from data_mgmt.services.my_rules import Order
from vre_portal.errors import InvalidRequest

#: What people call the states; a rule that is being worked out is one that is prepared.
STATES = {
    "preparing": RuleState.INJECT,
    "waiting_approval": RuleState.WAITING_APPROVAL,
    "replicating": RuleState.REPLICATING,
    "stuck": RuleState.STUCK,
    "suspended": RuleState.SUSPENDED,
    "ok": RuleState.OK,
}
PARTS = ("state", "account", "storage", "scope", "name", "within_days", "sort")
MAX_DAYS = 3650
VERBS = {verb.value: verb for verb in (RuleVerb.EXTEND, RuleVerb.END, RuleVerb.END_LATER)}


@dataclass(frozen=True, slots=True)
class RulesQuery:
    """Which rules a list shows, as an address holds it; ``*`` stands for any text."""

    state: RuleState | None = None
    account: str = ""
    storage: str = ""
    scope: str = ""
    name: str = ""
    within_days: int | None = None
    order: Order = Order.NEWEST

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Self:
        """Read the parts.

        Raises
        ------
        InvalidRequest
            One of them can't be read; `field` names it.
        """
        texts = {key: text_of(query, key) for key in PARTS}
        state = _one_of(STATES, texts["state"], "state") if texts["state"] else None
        orders = {order.value: order for order in Order}
        order = _one_of(orders, texts["sort"], "sort") if texts["sort"] else Order.NEWEST
        return cls(
            state, texts["account"], texts["storage"], texts["scope"], texts["name"],
            _days(texts["within_days"]), order,
        )  # fmt: skip

    def parts(self) -> dict[str, Any]:
        """Return the parts as the service takes them."""
        return asdict(self)


def _one_of(known: Mapping[str, Any], text: str, field: str) -> Any:
    if text not in known:
        words = _("%(field)s: give one of %(names)s.")
        raise InvalidRequest(words % {"field": field, "names": ", ".join(known)}, field=field)
    return known[text]


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_DAYS:
        words = _("within_days: give a number from 1 to %(most)d.") % {"most": MAX_DAYS}
        raise InvalidRequest(words, field="within_days")
    return int(text)


class RulesForm(forms.Form):
    """The filters of all rules."""

    state = forms.ChoiceField(
        label=lazy("State"),
        required=False,
        choices=[
            ("", lazy("Any")),
            ("stuck", lazy("Stuck")),
            ("replicating", lazy("Replicating")),
            ("waiting_approval", lazy("Waits for approval")),
            ("preparing", lazy("Preparing")),
            ("suspended", lazy("Suspended")),
            ("ok", lazy("Complete")),
        ],
    )
    storage = forms.CharField(label=lazy("Storage"), required=False, max_length=MAX_TEXT)
    scope = forms.CharField(label=lazy("Scope"), required=False, max_length=MAX_TEXT)
    name = forms.CharField(label=lazy("Name"), required=False, max_length=MAX_TEXT)
    within_days = forms.ChoiceField(
        label=lazy("Ends within"),
        required=False,
        choices=[
            ("", lazy("Any time, or never")),
            ("3", lazy("3 days")),
            ("7", lazy("a week")),
            ("30", lazy("30 days")),
            ("90", lazy("90 days")),
        ],
    )
    sort = forms.ChoiceField(
        label=lazy("Order"),
        required=False,
        choices=[
            ("", lazy("Newest first")),
            (Order.ENDING, lazy("Ending first")),
            (Order.LARGEST, lazy("Largest first")),
            (Order.NAME, lazy("By name")),
        ],
    )

    def __init__(self, told: Mapping[str, str] | None, *, actors: Sequence[Actor]) -> None:
        super().__init__(told)
        if len(actors) > 1:
            every = ("", _("Yourself and your groups"))
            choices = [every, *((actor.account, actor.name) for actor in actors)]
            self.fields["account"] = forms.ChoiceField(
                label=_("Of"), required=False, choices=choices
            )
