"""The pages of all rules of one's own account, and of quota over all storages."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import rule_pages
from data_mgmt.approval_forms import AskQuotaForm, keys_of, offered_text
from data_mgmt.models_approvals import RuleVerb
from data_mgmt.request_forms import LifetimeForm
from data_mgmt.rule_forms import VERBS, RulesQuery
from data_mgmt.services import acting, my_rules, places, quotas, rule_actions
from vre_portal.errors import Conflict, InvalidRequest, NotFound, PortalError
from vre_portal.paging import limit_of


@require_GET
@signed_in
def listing(request: SignedInRequest) -> HttpResponseBase:
    """Show the rules of the user's account and groups that the address's filters let through."""
    query, actors = request.GET.dict(), acting.actors(request.user)
    try:
        parts = RulesQuery.of(query).parts()
        found = my_rules.list_mine(
            request.user, **parts, limit=limit_of(request), cursor=query.get("cursor", "")
        )
    except (InvalidRequest, PortalError) as exc:
        if not (exc.retryable or isinstance(exc, InvalidRequest)):
            raise
        context = rule_pages.listing(None, query, actors, exc)
        return render(request, "data_mgmt/rules.html", context, status=exc.status)
    return render(request, "data_mgmt/rules.html", rule_pages.listing(found, query, actors))


@require_http_methods(["GET", "POST"])
@signed_in
def change(request: SignedInRequest) -> HttpResponseBase:
    """Ask about several rules at once, then extend or end them."""
    if request.method == "GET":  # whoever comes back to the question has chosen nothing
        return redirect("data_mgmt:rules")
    verb = VERBS.get(request.POST.get("action", ""))
    if verb is None:
        names = ", ".join(VERBS)
        raise InvalidRequest(_("action: give one of %(names)s.") % {"names": names}, field="action")
    try:
        keys = keys_of(request.POST.getlist("rule"), "rule")
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return redirect("data_mgmt:rules")
    rules = my_rules.chosen(request.user, keys)
    if not rules:
        messages.info(request, _("None of these rules is there any more."))
        return redirect("data_mgmt:rules")
    confirmed = request.POST.get("confirmed") == "yes"
    form = LifetimeForm(request.POST if confirmed else None) if verb == RuleVerb.EXTEND else None
    if not confirmed or (form is not None and not form.is_valid()):
        context = rule_pages.question(rules, verb, form, len(set(keys)) - len(rules))
        status = InvalidRequest.status if confirmed else 200
        return render(request, "data_mgmt/rules_change.html", context, status=status)
    days = form.days() if form else None
    batch = rule_actions.begin(request.user, rules, rule_actions.Wish(verb, lifetime_days=days))
    return redirect("data_mgmt:action-outcomes", batch=batch)


@require_GET
@signed_in
def quota(request: SignedInRequest) -> HttpResponseBase:
    """Show what the user uses and may use at each storage, and their wishes for more."""
    found = places.storages_with_use(request.user)
    pending, asked = quotas.pending_at(request.user), quotas.mine(request.user)
    return render(request, "data_mgmt/quota.html", rule_pages.quota(found, pending, asked))


@require_http_methods(["GET", "POST"])
@signed_in
def ask_quota(request: SignedInRequest) -> HttpResponseBase:
    """Show the form that asks for more quota, or take it."""
    found = places.storages_with_use(request.user)
    names = [each.storage.name for each in found]
    if request.method == "GET":
        wanted = request.GET.get("bytes", "")
        initial = {
            "storage": request.GET.get("storage", ""),
            "bytes": offered_text(int(wanted)) if wanted.isascii() and wanted.isdigit() else "",
        }
        form = AskQuotaForm(initial=initial, storages=names)
        return render(request, "data_mgmt/quota_ask.html", _ask_context(form, found))
    form = AskQuotaForm(request.POST, storages=names)
    status = InvalidRequest.status
    if form.is_valid():
        told = form.cleaned_data
        try:
            quotas.ask(request.user, storage=told["storage"], size=told["bytes"],
                       reason=told["reason"])  # fmt: skip
        except InvalidRequest as exc:
            form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        except (Conflict, NotFound) as exc:
            form.add_error("storage", exc.message)
            status = exc.status
        else:
            messages.success(request, _("Asked. You are told when a data manager has decided."))
            return redirect("data_mgmt:quota")
    return render(request, "data_mgmt/quota_ask.html", _ask_context(form, found), status=status)


def _ask_context(form: AskQuotaForm, found: tuple[places.StorageUse, ...]) -> dict[str, object]:
    return {"form": form, **rule_pages.quota(found, {}, [])}


@require_POST
@signed_in
def withdraw_quota(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Take a wish for quota back."""
    wish = quotas.find(request.user, pk)
    try:
        quotas.withdraw(request.user, wish)
    except Conflict as exc:
        messages.info(request, exc.message)
    return redirect("data_mgmt:quota")
