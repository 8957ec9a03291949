"""Who sees a campaign beside its owner, and how it is cited."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import audit
from accounts.models import User
from reproducibility.capture.values import Author
from reproducibility.crate.citation import Citation
from reproducibility.crate.cited import DOI
from reproducibility.models import Campaign, CampaignState, DepositState
from reproducibility.services.campaigns import making
from reproducibility.services.campaigns.driving import TOPIC
from vre_portal.config import get_config
from vre_portal.errors import Conflict


def show(user: User, campaign_id: UUID | str) -> Campaign:
    """Show a campaign to all who may see its version.

    Raises
    ------
    Conflict
        It has not finished, or nobody else sees its version.
    """
    with making.locked(user, campaign_id) as campaign:
        if campaign.state != CampaignState.FINISHED:
            raise Conflict(_("Only a campaign that has finished can be shown to others."))
        if not (campaign.version.public and campaign.version.analysis.published):
            raise Conflict(_("Nobody else sees this version of the analysis. Publish it first."))
        _set(user, campaign, public=True)
    return campaign


def hide(user: User, campaign_id: UUID | str) -> Campaign:
    """Keep a campaign to its owner again."""
    with making.locked(user, campaign_id) as campaign:
        _set(user, campaign, public=False)
    return campaign


def _set(user: User, campaign: Campaign, *, public: bool) -> None:
    campaign.public = public
    campaign.save(update_fields=["public"])
    verb = "shown" if public else "hidden"
    audit.record(f"campaign.{verb}", actor=user, about=(TOPIC, campaign.pk))


def citation_of(campaign: Campaign) -> Citation:
    """Return how a campaign is cited: who ran it, what it ran, and how to make it again."""
    ended = campaign.finished_at or campaign.created_at
    return Citation(
        title=campaign.title,
        authors=(Author(str(campaign.user)),),
        version=str(campaign.version.number),
        released=ended.date(),
        abstract=" ".join(_told(campaign)),
        licence=campaign.version.analysis.licence,
        url=get_config().public_url + reverse("reproducibility:campaign", args=[campaign.pk]),
    )


def _told(campaign: Campaign) -> list[str]:
    words = ngettext(
        "%(count)s point of %(analysis)s, version %(version)s.",
        "%(count)s points of %(analysis)s, version %(version)s.",
        campaign.total,
    )
    analysis, version = campaign.version.analysis, campaign.version
    count = {"count": campaign.total, "analysis": analysis.title, "version": version.number}
    told = [words % count]
    deposits = version.deposits.filter(state=DepositState.PUBLISHED).order_by("-published_at")
    if (deposit := deposits.first()) is not None:
        told.append(_("The analysis is %s.") % f"{DOI}{deposit.doi}")
    if (seed := campaign.source.get("seed")) is not None:
        told.append(_("Seed of the points: %s.") % seed)
    return told
