"""The page where the table of a campaign becomes a dataset in Rucio."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from data_mgmt import services as data
from data_mgmt.services.acting import writable_scopes
from reproducibility import files_pages
from reproducibility.campaign_dataset_forms import CampaignDatasetForm
from reproducibility.models import Campaign, Registration
from reproducibility.services.campaigns import datasets, making
from vre_portal.errors import Conflict, InvalidRequest, PortalError, QuotaExceeded

PAGE = "reproducibility:campaign-dataset"


@require_http_methods(["GET", "POST"])
@signed_in
def dataset(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show how far the registrations of a campaign's table are, and register it."""
    campaign = making.own(request.user, pk)
    found = datasets.of_campaign(campaign)
    if request.GET.get("fragment") == "body" and found:
        return render(request, "reproducibility/_register.html", _shown(campaign, found[0]))
    context: dict[str, Any] = {"campaign": campaign, "found": found}
    if found:
        context |= _shown(campaign, found[0])
    why_not = datasets.why_not(campaign) if request.method == "GET" else None
    if why_not is None:
        form = _form(request, campaign)
        if request.method == "POST" and _is_taken(request, campaign, form):
            return redirect(PAGE, pk=pk)
        context["form"] = form
    else:
        context["why_not"] = why_not
    is_wrong = "form" in context and bool(context["form"].errors)
    status = InvalidRequest.status if is_wrong else 200
    return render(request, "reproducibility/campaign_dataset.html", context, status=status)


def _is_taken(request: SignedInRequest, campaign: Campaign, form: CampaignDatasetForm) -> bool:
    if not form.is_valid():
        return False
    try:
        datasets.register(request.user, campaign.pk, form.asked())
    except (InvalidRequest, Conflict, QuotaExceeded) as exc:
        form.refuse(exc.members().get("field"), exc.message)
        return False
    return True


def _form(request: SignedInRequest, campaign: Campaign) -> CampaignDatasetForm:
    return CampaignDatasetForm(
        request.POST if request.method == "POST" else None,
        scopes=[scope.name for scope in writable_scopes(request.user)],
        storages=_storages(request),
        initial={"dataset": datasets.proposed_name(campaign)},
    )


def _storages(request: SignedInRequest) -> list[str]:
    try:
        return [each.name for each in data.storages(request.user) if each.is_writable]
    except PortalError:
        return []  # the first with room may still be had


def _shown(campaign: Campaign, found: Registration) -> dict[str, Any]:
    retry_url = reverse("reproducibility:campaign-dataset-retry", args=(campaign.pk, found.pk))
    return files_pages.registered(found) | {"retry_url": retry_url}


@require_POST
@signed_in
def retry(request: SignedInRequest, pk: UUID, dataset_id: UUID) -> HttpResponseBase:
    """Go on with a registration that failed."""
    try:
        datasets.retry(request.user, pk, dataset_id)
    except Conflict as exc:
        messages.warning(request, exc.message)
    return redirect(PAGE, pk=pk)


urlpatterns = [
    path("campaigns/<uuid:pk>/dataset", dataset, name="campaign-dataset"),
    path(
        "campaigns/<uuid:pk>/dataset/<uuid:dataset_id>/retry",
        retry,
        name="campaign-dataset-retry",
    ),
]
