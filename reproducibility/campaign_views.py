"""Pages of campaigns: the list, one with its matrix, a point, and what is done with them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.decorators import SignedInRequest, signed_in
from reproducibility import services
from reproducibility.campaign_forms import CampaignForm, ChangeForm
from reproducibility.campaign_outcome_views import context_of
from reproducibility.campaign_plot_form import PlotForm
from reproducibility.campaign_tables import Files, table_of
from reproducibility.models import AnalysisVersion, Campaign, CampaignState
from reproducibility.services.campaigns import (
    costs,
    listing,
    looking,
    making,
    plotting,
    previewing,
)
from vre_portal.components import states
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, NotFound
from vre_portal.paging import page

#: Rows of the table of results that a page shows.
SHOWN = 50
#: What is told at a field of the form.
REFUSED = (InvalidRequest, Forbidden)


@require_GET
@signed_in
def campaigns(request: SignedInRequest) -> HttpResponseBase:
    """Show one's campaigns, newest first; `?state=` shows those in one state."""
    state = request.GET.get("state", "")
    mine = making.mine(request.user)
    rows, following = page(mine.filter(state=state) if state else mine, request)
    context = {
        "campaigns": listing.listed(rows),
        "next": following,
        "state": state,
        "states": list(_tabs(state)),
        "first": "cursor" not in request.GET,
    }
    return render(request, "reproducibility/campaigns.html", context)


def _tabs(chosen: str) -> Iterator[dict[str, Any]]:
    """Yield all states as parts of the list."""
    yield {"word": _("all"), "url": "?", "current": not chosen}
    for state in CampaignState.values:
        word = states.look(state).word
        yield {"word": word, "url": f"?state={state}", "current": state == chosen}


@require_http_methods(["GET", "POST"])
@signed_in
def new(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show the form that makes a campaign of an analysis, and make it."""
    version = _version(request, slug)
    with table_of(request) as files:
        form = _form(request, version, files)
        if form.is_valid():
            try:
                made = making.create(request.user, version, form.wish())
            except REFUSED as exc:
                form.refuse(exc)
            else:
                return redirect("reproducibility:campaign", pk=made.pk)
        return _answer(request, "campaign_new", form)


@require_http_methods(["GET", "POST"])
@signed_in
def preview(request: SignedInRequest, slug: str) -> HttpResponseBase:
    """Show what the form would make and what that may cost; nothing of it is written."""
    version, told = _version(request, slug), {}
    if request.method == "GET":  # loaded again, without what was entered
        return redirect(_urls(version)["new_url"])
    with table_of(request) as files:
        form = _form(request, version, files)
        if form.is_valid():
            try:
                told["preview"] = previewing.preview(request.user, version, form.wish())
            except REFUSED as exc:
                form.refuse(exc)
        is_part = "HX-Request" in request.headers
        name = "_campaign_preview" if is_part else "campaign_new"
        return _answer(request, name, form, had_file=bool(files), **told)


def _version(request: SignedInRequest, slug: str) -> AnalysisVersion:
    analysis = services.find_analysis(request.user, slug)
    return services.find_version(request.user, analysis, request.GET.get("version", ""))


def _form(request: SignedInRequest, version: AnalysisVersion, files: Files) -> CampaignForm:
    if request.method != "POST":
        return CampaignForm(version, initial=CampaignForm.entered(version))
    return CampaignForm(version, request.POST, files)


def _answer(
    request: SignedInRequest, name: str, form: CampaignForm, **told: Any
) -> HttpResponseBase:
    version = form.version
    context = {"analysis": version.analysis, "version": version, "form": form}
    context |= {**_urls(version), **told}
    status = InvalidRequest.status if form.errors else 200
    return render(request, f"reproducibility/{name}.html", context, status=status)


def _urls(version: AnalysisVersion) -> dict[str, str]:
    where = {"new_url": "campaign-new", "preview_url": "campaign-preview"}
    slug, query = version.analysis.slug, urlencode({"version": version.number})
    return {
        name: f"{reverse(f'reproducibility:{to}', args=[slug])}?{query}"
        for name, to in where.items()
    }


@require_GET
@signed_in
def campaign(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Show a campaign: how far it is, all points at a glance, what failed, what came out."""
    found = making.find(request.user, pk)
    context: dict[str, Any] = {
        "campaign": found,
        "standing": looking.standing(found),
        "can_start": found.state in {CampaignState.DRAFT, CampaignState.PAUSED},
        "is_mine": found.user_id == request.user.pk,
    }
    # What it may cost is measured by its owner's quota, which is nobody else's to see.
    if request.GET.get("fragment") != "body" and context["is_mine"]:
        context |= _before_it_goes_on(found)
    if request.GET.get("fragment") != "head":
        form = PlotForm(found, request.GET)
        context |= context_of(request.user, found) | {
            "columns": looking.columns_of(found),
            "rows": list(looking.rows_of(found, SHOWN)),
            "plot_form": form,
            "plot": plotting.plotted(found, form.choice()),
        }
    fragments = {"head": "_campaign_head", "body": "_campaign"}
    template = fragments.get(request.GET.get("fragment", ""), "campaign")
    return render(request, f"reproducibility/{template}.html", context)


def _before_it_goes_on(campaign: Campaign) -> dict[str, Any]:
    """Return what is shown while points wait for a word, or while the campaign can be changed."""
    change_form = ChangeForm(campaign) if campaign.state in making.OPEN else None
    if campaign.state == CampaignState.RUNNING:  # asked for again and again
        return {"change_form": change_form}
    cost = costs.of_campaign(campaign) if change_form else None
    return {
        "cost": cost,
        "estimate": cost.seconds if cost else None,
        "change_form": change_form,
        "runs": campaign.points.exclude(run=None).count(),
    }


@require_GET
@signed_in
def point(request: SignedInRequest, pk: UUID, number: int) -> HttpResponseBase:
    """Show a point: its values, what came of it, and its run."""
    found = making.find(request.user, pk)
    one = found.points.select_related("run").filter(number=number).first()
    if one is None:
        raise NotFound(_("The campaign has no such point."))
    context = {
        "campaign": found,
        "point": one,
        "values": one.values.items(),
        "is_mine": found.user_id == request.user.pk,
    }
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
def change(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Change whose turn comes first, and how many runs go on at the same time."""
    form = ChangeForm(making.find(request.user, pk), request.POST)
    try:
        if not form.is_valid():
            raise InvalidRequest(" ".join(form.errors_in_words()))
        making.change(request.user, pk, **form.cleaned_data)
    except (Conflict, InvalidRequest) as exc:
        messages.warning(request, exc.message)
    else:
        messages.success(request, _("Changed. It counts from the next points on."))
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
    words = _("The campaign is deleted. Files of its runs at REANA go within minutes.")
    messages.success(request, words)
    return redirect("reproducibility:campaigns")


urlpatterns = [
    path("analyses/<slug:slug>/campaign", new, name="campaign-new"),
    path("analyses/<slug:slug>/campaign/preview", preview, name="campaign-preview"),
    path("campaigns/", campaigns, name="campaigns"),
    path("campaigns/<uuid:pk>", campaign, name="campaign"),
    path("campaigns/<uuid:pk>/points/<int:number>", point, name="campaign-point"),
    path("campaigns/<uuid:pk>/change", change, name="campaign-change"),
    path("campaigns/<uuid:pk>/delete", delete, name="campaign-delete"),
    *(
        path(f"campaigns/<uuid:pk>/{verb}", act, {"verb": verb}, name=f"campaign-{verb}")
        for verb in ACTS
    ),
]
