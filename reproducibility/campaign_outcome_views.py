"""What becomes of a campaign: it is made again, shown to others, cited."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import path
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from accounts.decorators import SignedInRequest, signed_in
from accounts.models import User
from reproducibility.crate.citation import PATH, written
from reproducibility.crate.cited import bibtex, sentence
from reproducibility.landing_links import BIB, YAML
from reproducibility.models import Campaign, CampaignState
from reproducibility.services.campaigns import citing, making
from reproducibility.services.campaigns.again import again, comparison, repeated
from vre_portal.config import get_config
from vre_portal.errors import PortalError

#: How a showing and a hiding is done, and what is said then.
SHOWING: dict[str, tuple[making.Act, str | Promise]] = {
    "show": (citing.show, lazy("Whoever may see the analysis sees this campaign, too.")),
    "hide": (citing.hide, lazy("The campaign is yours alone again.")),
}


def context_of(user: User, campaign: Campaign) -> dict[str, Any]:
    """Return what the page of a campaign tells of its outcome."""
    before = repeated(user, campaign)
    ended = campaign.state == CampaignState.FINISHED
    citation = citing.citation_of(campaign) if ended else None
    return {
        "before": before,
        "comparison": comparison(campaign, before),
        "citation": sentence(citation, publisher=get_config().brand_name) if citation else "",
        "may_show": ended and campaign.version.public and campaign.version.analysis.published,
    }


@require_POST
@signed_in
def make_again(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Make the same campaign again; it starts on a word."""
    return _told(
        request, pk, lambda: again(request.user, pk),
        _("These are the same points again. Nothing of them has started yet."),
    )  # fmt: skip


@require_POST
@signed_in
def showing(request: SignedInRequest, pk: UUID, verb: str) -> HttpResponseBase:
    """Show a campaign to others, or to nobody else."""
    act, words = SHOWING[verb]
    return _told(request, pk, lambda: act(request.user, pk), str(words))


def _told(
    request: SignedInRequest, pk: UUID, act: Callable[[], Campaign], words: str
) -> HttpResponseBase:
    found = making.find(request.user, pk)
    try:
        found = act()
    except PortalError as exc:
        if exc.retryable:
            raise
        messages.warning(request, exc.message)
    else:
        messages.success(request, words)
    return redirect("reproducibility:campaign", pk=found.pk)


@require_GET
@signed_in
def citation_file(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the CITATION.cff."""
    text = written(citing.citation_of(making.find(request.user, pk)))
    return _file(text, YAML, PATH)


@require_GET
@signed_in
def bibliography(request: SignedInRequest, pk: UUID) -> HttpResponseBase:
    """Give the citation as BibTeX."""
    citation = citing.citation_of(making.find(request.user, pk))
    text = bibtex(citation, key=f"campaign_{str(pk)[:8]}", publisher=get_config().brand_name)
    return _file(text, f"{BIB}; charset=utf-8", f"campaign-{pk}.bib")


def _file(text: str, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(text, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


urlpatterns = [
    path("campaigns/<uuid:pk>/again", make_again, name="campaign-again"),
    path("campaigns/<uuid:pk>/CITATION.cff", citation_file, name="campaign-citation"),
    path("campaigns/<uuid:pk>/citation.bib", bibliography, name="campaign-bibtex"),
    *(
        path(f"campaigns/<uuid:pk>/{verb}", showing, {"verb": verb}, name=f"campaign-{verb}")
        for verb in SHOWING
    ),
]
