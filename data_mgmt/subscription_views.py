"""The pages of subscriptions: the list, one in words, made, edited and retired."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import BaseFormSet
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import subscription_words
from data_mgmt.backends.subscriptions import Subscription, SubscriptionState
from data_mgmt.rule_pages import WORDS
from data_mgmt.services import managers, places, subscriptions
from data_mgmt.subscription_forms import (
    RuleForm,
    RuleForms,
    SubscriptionForm,
    initial_of,
    initial_rules,
    wish_of,
)
from vre_portal.errors import Conflict, InvalidRequest

MOST_STORAGES = 200
PREFIX = "rules"
RULE_FIELDS = frozenset({"storage", "copies", "keep_days", "activity"})


@require_GET
@signed_in
def listing(request: SignedInRequest) -> HttpResponseBase:
    """Show the user's subscriptions, and to data managers everybody's."""
    everything = subscriptions.listing(request.user)
    # Rucio deletes none: those that are over would come to fill the page.
    with_retired = request.GET.get("retired") == "1"
    over = sum(each.state is SubscriptionState.RETIRED for each in everything)
    found = [
        each for each in everything if with_retired or each.state is not SubscriptionState.RETIRED
    ]
    names = managers.names(each.account for each in found)
    pending = subscriptions.pending(request.user)
    context = {
        "rows": [{**_shown(each), "name": names.get(each.account, "")} for each in found],
        "pending": [{"change": row, "text": subscription_words.change(row)} for row in pending],
        "is_manager": managers.is_manager(request.user),
        "over": over,
        "with_retired": with_retired,
        "is_waiting": any(row.state == "waiting" for row in pending),
    }
    fragment = request.GET.get("fragment") == "rows"
    template = "data_mgmt/_subscriptions.html" if fragment else "data_mgmt/subscriptions.html"
    return render(request, template, context)


def _shown(found: Subscription) -> dict[str, Any]:
    word, tone = subscription_words.state(found)
    sentence = subscription_words.sentence(found)
    return {"subscription": found, "pk": UUID(found.id), "word": word, "tone": tone,
            "sentence": sentence}  # fmt: skip


@require_GET
@signed_in
def one(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a subscription in words, the rules that it made, and what was changed of it."""
    found = subscriptions.find(request.user, pk)
    rules = subscriptions.rules_of(request.user, found)
    context = {
        **_shown(found),
        "rules": None
        if rules is None
        else [{"rule": rule, "state": WORDS[rule.state]} for rule in rules],
        "who": managers.names([found.account]).get(found.account, ""),
        "most": subscriptions.SHOWN_RULES,
        "changes": subscriptions.changes_of(request.user, found),
        "can_retire": found.state is not SubscriptionState.RETIRED,
    }
    return render(request, "data_mgmt/subscription.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest) -> HttpResponseBase:
    """Show the form of a new subscription, or take it."""
    if request.method == "GET":
        form = SubscriptionForm()
        return _form_page(request, form, RuleForms(prefix=PREFIX, initial=[{}]))
    form, rules = SubscriptionForm(request.POST), RuleForms(request.POST, prefix=PREFIX)
    if not (form.is_valid() and rules.is_valid()):
        return _form_page(request, form, rules, status=InvalidRequest.status)
    try:
        wish = wish_of(form, rules.cleaned_data)
        subscriptions.add(request.user, form.cleaned_data["name"], wish)
    except InvalidRequest as exc:
        _blame(form, rules, exc)
        return _form_page(request, form, rules, status=exc.status)
    except Conflict as exc:
        form.add_error("name", exc.message)
        return _form_page(request, form, rules, status=exc.status)
    messages.success(request, _("The subscription is being made; this takes a second or two."))
    return redirect("data_mgmt:subscriptions")


@require_http_methods(["GET", "POST"])
@signed_in
def edit(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a subscription as a form, or take the changed one."""
    found = subscriptions.find(request.user, pk)
    if request.method == "GET":
        form = SubscriptionForm(initial=initial_of(found), is_new=False)
        rules = RuleForms(prefix=PREFIX, initial=initial_rules(found))
        return _form_page(request, form, rules, found)
    form = SubscriptionForm(request.POST, is_new=False)
    rules = RuleForms(request.POST, prefix=PREFIX)
    if not (form.is_valid() and rules.is_valid()):
        return _form_page(request, form, rules, found, status=InvalidRequest.status)
    try:
        subscriptions.edit(request.user, found, wish_of(form, rules.cleaned_data, found))
    except InvalidRequest as exc:
        _blame(form, rules, exc)
        return _form_page(request, form, rules, found, status=exc.status)
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Rucio is told; what it made before stays as it is."))
    return redirect("data_mgmt:subscription", pk=pk)


@require_POST
@signed_in
def retire(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Begin to let a subscription make no more rules."""
    found = subscriptions.find(request.user, pk)
    try:
        subscriptions.retire(request.user, found)
    except Conflict as exc:
        messages.info(request, exc.message)
    else:
        messages.success(request, _("It is being retired. The rules that it made stay."))
    return redirect("data_mgmt:subscription", pk=pk)


def _blame(form: SubscriptionForm, rules: BaseFormSet[RuleForm], exc: InvalidRequest) -> None:
    """Show a fault beside the field that it is about."""
    if exc.field in RULE_FIELDS:
        rules.forms[0].add_error(exc.field, exc.message)
    else:
        form.add_error(exc.field if exc.field in form.fields else None, exc.message)


def _form_page(
    request: SignedInRequest,
    form: SubscriptionForm,
    rules: BaseFormSet[RuleForm],
    found: Subscription | None = None,
    *,
    status: int = 200,
) -> HttpResponseBase:
    storages = places.storages_with_use(request.user)[:MOST_STORAGES]
    context = {
        "form": form,
        "rules": rules,
        "found": found,
        "pk": UUID(found.id) if found else None,
        "sentence": subscription_words.sentence(found) if found else "",
        "storages": [each.storage.name for each in storages],
        "may_make": found is not None or managers.is_manager(request.user),
    }
    return render(request, "data_mgmt/subscription_form.html", context, status=status)
