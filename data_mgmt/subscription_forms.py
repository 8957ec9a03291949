"""What people type about subscriptions: which new data, copied where, for how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from data_mgmt.backends.subscriptions import (
    KEYS,
    Subscription,
    SubscriptionFilter,
    SubscriptionRule,
    SubscriptionWish,
)
from data_mgmt.services.patterns import as_expression, as_text
from data_mgmt.services.subscriptions import DAY, MAX_COMMENT, MAX_COPIES, MAX_DAYS, MAX_RULES
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

TYPES = ("dataset", "container")
EVERYWHERE = "*"
MAX_FILTER = 1000


class SubscriptionForm(forms.Form):
    """Which new data a subscription is about."""

    name = forms.CharField(
        label=lazy("Name of the subscription"),
        max_length=64,
        help_text=lazy("Letters, digits, dots, dashes and underscores; it stays."),
    )
    scope = forms.CharField(
        label=lazy("In scope"),
        required=False,
        max_length=MAX_FILTER,
        help_text=lazy("Several with commas between; a star stands for any text."),
    )
    pattern = forms.CharField(
        label=lazy("Name of the data"),
        required=False,
        max_length=MAX_FILTER,
        help_text=lazy("As raw.*; empty: any name."),
    )
    excluded_pattern = forms.CharField(
        label=lazy("But not names like"), required=False, max_length=MAX_FILTER
    )
    types = forms.MultipleChoiceField(
        label=lazy("What appears"),
        required=False,
        choices=[("dataset", lazy("Datasets")), ("container", lazy("Containers"))],
        widget=forms.CheckboxSelectMultiple,
        initial=["dataset"],
    )
    metadata = forms.CharField(
        label=lazy("With metadata"),
        required=False,
        max_length=MAX_FILTER,
        widget=forms.Textarea(attrs={"rows": 3, "placeholder": "project=dimuon26"}),
        help_text=lazy(
            "key=value, one a line. Rucio looks at what is given with the data when it is"
            " registered: {keys}."
        ),
    )
    comment = forms.CharField(
        label=lazy("Comment on the rules"), required=False, max_length=MAX_COMMENT
    )
    lifetime_days = forms.IntegerField(
        label=lazy("The subscription ends in days"),
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        help_text=lazy("Empty: it goes on until it is retired."),
    )

    def __init__(self, *args: Any, is_new: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        help_text = str(self.fields["metadata"].help_text)
        self.fields["metadata"].help_text = help_text.format(keys=", ".join(KEYS))
        if not is_new:
            del self.fields["name"]


class RuleForm(forms.Form):
    """A copy that a subscription makes."""

    storage = forms.CharField(
        label=lazy("Copy to"),
        required=False,
        max_length=255,
        help_text=lazy("A storage, or an expression such as country=France."),
    )
    copies = forms.CharField(
        label=lazy("Copies"),
        initial="1",
        max_length=3,
        help_text=lazy("A star: one at each storage that is meant."),
    )
    keep_days = forms.IntegerField(
        label=lazy("Kept for days"),
        required=False,
        min_value=1,
        max_value=MAX_DAYS,
        help_text=lazy("Empty: until let go."),
    )
    activity = forms.ChoiceField(label=lazy("Activity"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["activity"]
        known = list(get_config().replica_activities)
        # What another tool chose stays a choice.
        told = str(self.initial.get("activity") or self.data.get(self.add_prefix("activity")) or "")
        if isinstance(field, forms.ChoiceField):
            names = [*known, *([told] if told and told not in known else [])]
            field.choices = [(name, name) for name in names]
            field.initial = known[0]

    def clean_copies(self) -> int:
        """Return the number, 0 for the star."""
        try:
            return copies_of(self.cleaned_data["copies"])
        except InvalidRequest as exc:
            raise forms.ValidationError(exc.message) from exc


RuleForms = forms.formset_factory(
    RuleForm, extra=1, max_num=MAX_RULES, validate_max=True, absolute_max=MAX_RULES + 1
)


def copies_of(text: str) -> int:
    """Read a number of copies, a star as 0.

    Raises
    ------
    InvalidRequest
        It is neither; `field` says so.
    """
    told = text.strip()
    if told == EVERYWHERE:
        return 0
    if not told.isascii() or not told.isdigit() or not 1 <= int(told) <= MAX_COPIES:
        words = _("copies: give a number from 1 to %(most)d, or a star.") % {"most": MAX_COPIES}
        raise InvalidRequest(words, field="copies")
    return int(told)


def filter_of(told: Mapping[str, Any], found: Subscription | None = None) -> SubscriptionFilter:
    """Return the filter that somebody wrote, with what other tools wrote of it before.

    Raises
    ------
    InvalidRequest
        A part can't be read; `field` names it.
    """
    types = [str(kind) for kind in told.get("types") or ()]
    if unknown := [kind for kind in types if kind not in TYPES]:
        words = _("types: %(kind)s is neither dataset nor container.")
        raise InvalidRequest(words % {"kind": unknown[0]}, field="types")
    before = found.filter if found else SubscriptionFilter()
    pattern, excluded = told.get("pattern") or "", told.get("excluded_pattern") or ""
    return SubscriptionFilter(
        scopes=tuple(as_expression(text, "scope") for text in told.get("scopes") or ()),
        types=tuple(types),
        pattern=as_expression(pattern, "pattern") if pattern else "",
        excluded_pattern=as_expression(excluded, "excluded_pattern") if excluded else "",
        accounts=before.accounts,
        metadata={
            key: tuple(as_expression(text, "metadata") for text in values)
            for key, values in (told.get("metadata") or {}).items()
        },
        extra=before.extra,
    )


def listed(text: str) -> list[str]:
    """Return what somebody wrote with commas or spaces between."""
    return [part for part in re.split(r"[,\s]+", text) if part]


def metadata_of(text: str) -> dict[str, list[str]]:
    """Read ``key=value`` lines; a key that comes twice may be either.

    Raises
    ------
    InvalidRequest
        A line is none; `field` says so.
    """
    found: dict[str, list[str]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        key, equals, wanted = (part.strip() for part in line.partition("="))
        if not equals or not key or not wanted:
            words = _("metadata: write %(line)s as key=value.") % {"line": line}
            raise InvalidRequest(words, field="metadata")
        found.setdefault(key, []).append(wanted)
    return found


def rules_of(
    told: Iterable[Mapping[str, Any]], found: Subscription | None = None
) -> tuple[SubscriptionRule, ...]:
    """Return the rules that somebody wrote, with what other tools wrote of each before."""
    before = {rule.storage: rule.extra for rule in found.rules} if found else {}
    return tuple(
        SubscriptionRule(
            storage=str(rule["storage"]).strip(),
            copies=rule["copies"],
            lifetime_seconds=rule["keep_days"] * DAY if rule.get("keep_days") else None,
            activity=rule.get("activity") or "",
            extra=before.get(str(rule["storage"]).strip(), {}),
        )
        for rule in told
    )


def wish_of(
    form: SubscriptionForm, rules: Sequence[Mapping[str, Any]], found: Subscription | None = None
) -> SubscriptionWish:
    """Return the wish of a form that is valid.

    Raises
    ------
    InvalidRequest
        A part can't be read; `field` names it.
    """
    told = dict(form.cleaned_data)
    told["scopes"] = listed(told["scope"])
    told["metadata"] = metadata_of(told["metadata"])
    return SubscriptionWish(
        filter=filter_of(told, found),
        rules=rules_of([rule for rule in rules if rule.get("storage")], found),
        comment=told["comment"],
        lifetime_days=told["lifetime_days"],
        priority=found.priority if found else 3,
    )


def initial_of(found: Subscription) -> dict[str, Any]:
    """Return a subscription as its form shows it."""
    wanted = found.filter
    return {
        "scope": ", ".join(map(as_text, wanted.scopes)),
        "pattern": as_text(wanted.pattern) if wanted.pattern else "",
        "excluded_pattern": as_text(wanted.excluded_pattern) if wanted.excluded_pattern else "",
        "types": list(wanted.types),
        "metadata": "\n".join(
            f"{key}={as_text(each)}" for key, values in wanted.metadata.items() for each in values
        ),
        "comment": found.comment,
    }


def initial_rules(found: Subscription) -> list[dict[str, Any]]:
    """Return the rules of a subscription as their forms show them."""
    return [
        {
            "storage": rule.storage,
            "copies": str(rule.copies) if rule.copies else EVERYWHERE,
            "keep_days": rule.lifetime_seconds // DAY or 1 if rule.lifetime_seconds else None,
            "activity": rule.activity,
        }
        for rule in found.rules
    ]
