"""The shapes of the API of campaigns' datasets."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.files_serializers import RegistrationSerializer


class CampaignDatasetWishSerializer(serializers.Serializer[object]):
    """Which dataset the table becomes, and where it is stored."""

    dataset = serializers.CharField(
        max_length=250, required=False, default="",
        help_text="`<slug>-campaign-<id>-<times that it was set going>` unless given.",
    )  # fmt: skip
    scope = serializers.CharField(
        max_length=30, required=False, default="", help_text="Your own unless given."
    )
    storage = serializers.CharField(
        max_length=255, required=False, default="", allow_blank=True,
        help_text="The first disk with room unless given.",
    )  # fmt: skip
    lifetime_days = serializers.IntegerField(required=False, allow_null=True, default=None)


class CampaignDatasetSerializer(RegistrationSerializer):
    """A registration of a campaign's table: how far it is, and what it says of the campaign."""

    run = None  # type: ignore[assignment]  # it is of no run
    campaign = serializers.UUIDField(source="campaign_id")


class CampaignDatasetPageSerializer(serializers.Serializer[object]):
    """The registrations of a campaign's table."""

    items = CampaignDatasetSerializer(many=True)
    next = serializers.CharField(allow_null=True)
