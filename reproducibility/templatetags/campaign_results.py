"""``{% load campaign_results %}``: how the table of a campaign is taken out, as a card."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import User
from reproducibility.models import Campaign
from reproducibility.services.campaigns import datasets, exporting

register = template.Library()


@register.inclusion_tag("reproducibility/_campaign_dataset.html")
def campaign_dataset(campaign: Campaign, user: User) -> dict[str, Any]:
    """Return the formats of the table and, for the campaign's owner, its datasets in Rucio."""
    is_mine = campaign.user_id == user.pk
    return {
        "campaign": campaign,
        "formats": [(str(each), each.title) for each in exporting.formats()],
        "is_mine": is_mine,
        "can_register": is_mine and datasets.why_not(campaign) is None,
        "found": datasets.of_campaign(campaign) if is_mine else [],
    }
