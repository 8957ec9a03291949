"""The data manager's pages: what waits, decided at once or one by one, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import approval_pages
from data_mgmt.approval_forms import DenyForm, GrantForm, NoteForm, QueueQuery, keys_of, size_text
from data_mgmt.models_approvals import QuotaRequest, RuleAction, RuleVerb
from data_mgmt.services import approvals, managers, quotas, rule_actions
from vre_portal.errors import Conflict, InvalidRequest, PortalError
from vre_portal.paging import limit_of, page

P = ParamSpec("P")
SHOWN_DECIDED = 20
VERBS = {"approve": RuleVerb.APPROVE, "deny": RuleVerb.DENY}


def for_managers(
    view: Callable[Concatenate[SignedInRequest, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Show a page to data managers; to others it does not exist."""

    @wraps(view)
    @signed_in
    def guarded(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        managers.must_be_manager(request.user)
        return view(request, *args, **kwargs)

    return guarded


@require_GET
@for_managers
def queue(request: SignedInRequest) -> HttpResponseBase:
    """Show what waits for a data manager, or what was decided."""
    tab = request.GET.get("tab", approval_pages.RULES)
    wishes = quotas.waiting(request.user)
    parts = {approval_pages.QUOTA: _quota, approval_pages.DECIDED: _decided}
    context, total, status = parts.get(tab, _rules)(request)
    shown = tab if tab in parts else approval_pages.RULES
    return render(
        request,
        "data_mgmt/approvals.html",
        {
            **context,
            "tab": shown,
            "tabs": approval_pages.tabs(shown, rules=total, quota=len(wishes)),
            "wishes": [approval_pages.quota_row(row) for row in wishes],
        },
        status=status,
    )


def _rules(request: SignedInRequest) -> tuple[dict[str, object], int | None, int]:
    query = request.GET.dict()
    try:
        found = approvals.queue(
            request.user,
            QueueQuery.of(query).question,
            limit=limit_of(request),
            cursor=query.get("cursor", ""),
        )
    except (InvalidRequest, PortalError) as exc:
        if not (exc.retryable or isinstance(exc, InvalidRequest)):
            raise
        return approval_pages.silent(exc, query), None, exc.status
    return approval_pages.queue(found, query), found.total, 200


def _quota(request: SignedInRequest) -> tuple[dict[str, object], int | None, int]:
    rows = QuotaRequest.objects.visible_to(request.user).exclude(decided_by=None)
    decided = rows.filter(decided_at__isnull=False).select_related("user", "decided_by")
    lately = [approval_pages.quota_row(row) for row in decided.order_by("-decided_at")]
    return {"lately": lately[:SHOWN_DECIDED], "lead": _quota_lead(request)}, None, 200


def _quota_lead(request: SignedInRequest) -> str:
    count = len(quotas.waiting(request.user))
    if not count:
        return _("Nobody waits for quota.")
    words = ngettext("%(n)d person waits for quota.", "%(n)d wait for quota.", count)
    return words % {"n": count}


def _decided(request: SignedInRequest) -> tuple[dict[str, object], int | None, int]:
    rows = RuleAction.objects.decisions().select_related("user")
    found, more = page(rows, request)
    lead = _("What data managers decided through the portal, newest first.")
    return {**_as_outcomes(found), "lead": lead, "next": more}, None, 200


def _as_outcomes(rows: list[RuleAction]) -> dict[str, object]:
    return approval_pages.outcomes(rows) if rows else {"rows": []}


@require_POST
@for_managers
def decide(request: SignedInRequest) -> HttpResponseBase:
    """Ask about several rules at once, then approve or deny them."""
    verb = VERBS.get(request.POST.get("action", ""))
    if verb is None:
        raise InvalidRequest(_("action: give approve or deny."), field="action")
    try:
        keys = keys_of(request.POST.getlist("rule"), "rule")
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return redirect("data_mgmt:approvals")
    rules = approvals.chosen(request.user, keys)
    gone = len(set(keys)) - len(rules)
    if not rules:
        messages.info(request, _("None of them waits any more: somebody else was quicker."))
        return redirect("data_mgmt:approvals")
    confirmed = request.POST.get("confirmed") == "yes"
    form = (DenyForm if verb == RuleVerb.DENY else NoteForm)(request.POST if confirmed else None)
    if confirmed and form.is_valid():
        try:
            wish = rule_actions.Wish(verb, form.cleaned_data["note"])
            batch = rule_actions.begin(request.user, rules, wish)
            return redirect("data_mgmt:action-outcomes", batch=batch)
        except InvalidRequest as exc:
            form.add_error(exc.field, exc.message)
    context = approval_pages.question(rules, verb, form, gone)
    status = InvalidRequest.status if confirmed else 200
    return render(request, "data_mgmt/approvals_decide.html", context, status=status)


@require_GET
@signed_in
def outcomes(request: SignedInRequest, batch: UUID) -> HttpResponseBase:
    """Show what came of each rule of a batch."""
    context = approval_pages.outcomes(rule_actions.outcomes(request.user, batch))
    fragment = request.GET.get("fragment") == "rows"
    template = "data_mgmt/_outcomes.html" if fragment else "data_mgmt/outcomes.html"
    return render(request, template, context)


@require_POST
@for_managers
def decide_quotas(request: SignedInRequest) -> HttpResponseBase:
    """Grant several wishes for quota as they were asked."""
    try:
        keys = keys_of(request.POST.getlist("pk"), "pk")
    except InvalidRequest as exc:
        messages.warning(request, exc.message)
        return _to_quota()
    done = 0
    for key in keys:
        wish = quotas.find(request.user, key)
        try:
            quotas.grant(request.user, wish)
            done += 1
        except Conflict as exc:
            messages.info(request, f"{wish.user}, {wish.storage}: {exc.message}")
    if done:
        words = ngettext("%(n)d wish is being granted.", "%(n)d wishes are being granted.", done)
        messages.success(request, words % {"n": done})
    return _to_quota()


@require_http_methods(["GET", "POST"])
@for_managers
def decide_quota(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show one wish for quota, and take the decision about it."""
    wish = quotas.find(request.user, pk)
    if request.method == "GET":
        form = GrantForm(initial={"bytes": size_text(wish.bytes)})
        return _quota_page(request, wish, form)
    denies = request.POST.get("action") == "deny"
    form = GrantForm(request.POST)
    note = NoteForm(request.POST)
    if not (note.is_valid() if denies else form.is_valid()):
        return _quota_page(request, wish, form, InvalidRequest.status)
    try:
        if denies:
            quotas.deny(request.user, wish, note=note.cleaned_data["note"])
            messages.success(request, _("Denied. The asker is told."))
        else:
            told = form.cleaned_data
            quotas.grant(request.user, wish, size=told["bytes"], note=told["note"])
            messages.success(request, _("It is being granted. The asker is told."))
    except InvalidRequest as exc:
        form.is_valid()
        form.add_error(exc.field if exc.field in form.fields else None, exc.message)
        return _quota_page(request, wish, form, exc.status)
    except Conflict as exc:
        messages.info(request, exc.message)
    return _to_quota()


def _quota_page(
    request: SignedInRequest, wish: QuotaRequest, form: GrantForm, status: int = 200
) -> HttpResponseBase:
    context = {"wish": wish, "row": approval_pages.quota_row(wish), "form": form}
    return render(request, "data_mgmt/quota_decide.html", context, status=status)


def _to_quota() -> HttpResponseBase:
    answer = redirect("data_mgmt:approvals")
    answer["Location"] += "?tab=quota"
    return answer
