"""Pages of campaigns: the list, one with its matrix, a point, and what is done with them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import services
from reproducibility.campaign_forms import CampaignForm
from reproducibility.campaign_plot_form import PlotForm
from reproducibility.models import CampaignState
from reproducibility.services.campaigns import looking, making, plotting
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound
from vre_portal.paging import page

#: Rows of the table of results that a page shows.
SHOWN = 50


@require_GET
@signed_in
def campaigns(request: SignedInRequest) -> HttpResponseBase:
    """Show one's campaigns, newest first."""
    rows, following = page(making.mine(request.user), request)
    context = {"campaigns": rows, "next": following}
    return render(request, "reproducibility/campaigns.html", context)


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show the form that makes a campaign of an analysis, and make it."""
    analysis = services.find_analysis(request.user, slug)
    version = services.find_version(request.user, analysis, request.GET.get("version", ""))
    form = CampaignForm(
        version, request.POST or None, request.FILES or None, initial=CampaignForm.entered(version)
    )
    if form.is_valid():
        try:
            made = making.create(request.user, version, form.wish())
        except (InvalidRequest, Forbidden) as exc:
            form.refuse(exc)
        else:
            return redirect("reproducibility:campaign", pk=made.pk)
    context = {"analysis": analysis, "version": version, "form": form}
    status = InvalidRequest.status if form.errors else 200
    return render(request, "reproducibility/campaign_new.html", context, status=status)


@require_GET
@signed_in
def campaign(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a campaign: how far it is, all points at a glance, what failed, what came out."""
    found = making.find(request.user, pk)
    context: dict[str, Any] = {
        "campaign": found,
        "standing": looking.standing(found),
        "estimate": looking.estimate(found) if found.state == CampaignState.DRAFT else None,
        "can_start": found.state in {CampaignState.DRAFT, CampaignState.PAUSED},
    }
    if request.GET.get("fragment") != "head":
        form = PlotForm(found, request.GET)
        context |= {
            "columns": looking.columns_of(found),
            "rows": list(looking.rows_of(found, SHOWN)),
            "plot_form": form,
            "plot": plotting.plotted(found, form.choice()),
        }
    fragments = {"head": "_campaign_head", "body": "_campaign"}
    template = fragments.get(request.GET.get("fragment", ""), "campaign")
    return render(request, f"reproducibility/{template}.html", context)


@require_GET
@signed_in
def point(request: SignedInRequest, pk: UUID, number: int) -> HttpResponseBase:
    """Show a point: its values, what came of it, and its run."""
    found = making.find(request.user, pk)
    one = found.points.select_related("run").filter(number=number).first()
    if one is None:
        raise NotFound(_("The campaign has no such point."))
    context = {"campaign": found, "point": one, "values": one.values.items()}
    return render(request, "reproducibility/campaign_point.html", context)


#: What can be done with a campaign, by the last part of its address, and what is said then.
ACTS: dict[str, tuple[making.Act, str | Promise]] = {
    "start": (making.go_on, lazy("The campaign goes on.")),
    "pause": (making.pause, lazy("No more points start. What runs goes on to its end.")),
    "cancel": (making.cancel, lazy("The campaign is being stopped.")),
    "retry": (making.retry_failed, lazy("The points that failed wait for another run.")),
}


@require_POST
@signed_in
def act(request: SignedInRequest, pk: UUID, verb: str) -> HttpResponseBase:
    """Do something with a campaign."""
    making.find(request.user, pk)
    done, words = ACTS[verb]
    try:
        done(request.user, pk)
    except Conflict as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, str(words))
    return redirect("reproducibility:campaign", pk=pk)


@require_POST
@signed_in
def delete(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Delete a campaign with its runs."""
    try:
        making.delete(request.user, pk)
    except Conflict as exc:
        messages.warning(request, exc.message)
        return redirect("reproducibility:campaign", pk=pk)
    messages.success(request, _("The campaign is deleted."))
    return redirect("reproducibility:campaigns")


urlpatterns = [
    path("analyses/<slug:slug>/campaign", new, name="campaign-new"),
    path("campaigns/", campaigns, name="campaigns"),
    path("campaigns/<uuid:pk>", campaign, name="campaign"),
    path("campaigns/<uuid:pk>/points/<int:number>", point, name="campaign-point"),
    path("campaigns/<uuid:pk>/delete", delete, name="campaign-delete"),
    *(
        path(f"campaigns/<uuid:pk>/{verb}", act, {"verb": verb}, name=f"campaign-{verb}")
        for verb in ACTS
    ),
]
