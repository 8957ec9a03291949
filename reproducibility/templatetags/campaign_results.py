"""``{% load campaign_results %}``: how the table of a campaign is taken out, as a card."""

from __future__ import annotations

from typing import Any

from django import template

from accounts.models import User
from reproducibility.models import Campaign
from reproducibility.services.campaigns import datasets, exporting
from vre_portal.components.formats import NOTHING

register = template.Library()


@register.filter
def cell(value: object) -> object:
    """Return a value as a table shows it: numbers to six digits, small and large ones with e.

    >>> cell(1.5e-150), cell(0.06974753969812104), cell(12345678)
    ('1.5e-150', '0.0697475', 12345678)
    """
    if isinstance(value, float):
        return f"{value:.6g}"
    return NOTHING if value is None else value


@register.inclusion_tag("reproducibility/_campaign_dataset.html")
def campaign_dataset(campaign: Campaign, user: User) -> dict[str, Any]:
    """Return the formats of the table and, for the campaign's owner, its datasets in Rucio."""
    is_mine = campaign.user_id == user.pk
    return {
        "campaign": campaign,
        "formats": [(str(each), each.word) for each in exporting.formats()],
        "is_mine": is_mine,
        "can_register": is_mine and datasets.why_not(campaign) is None,
        "found": datasets.of_campaign(campaign) if is_mine else [],
    }
