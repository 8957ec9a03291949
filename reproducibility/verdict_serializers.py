"""Signed verdicts, how an analysis stands, and its schedule, as the API tells them."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.models import Analysis, SignedVerdict
from reproducibility.services.verdicts_history import standing
from reproducibility.services.verifying import LEAST_DAYS, MOST_DAYS


class SignedVerdictSerializer(serializers.ModelSerializer[SignedVerdict]):
    """A verdict with its signature: base64 over the UTF-8 of `statement`, by the key `key_id`."""

    class Meta:
        model = SignedVerdict
        fields = ("id", "statement", "signature", "key_id", "signed_at")


class ListedVerdictSerializer(serializers.ModelSerializer[SignedVerdict]):
    """A verdict in a list; whose run it was is not told."""

    version = serializers.IntegerField(source="version.number")

    class Meta:
        model = SignedVerdict
        fields = ("id", "version", "level", "environment", "inputs", "key_id", "signed_at")


class VerdictPageSerializer(serializers.Serializer[object]):
    """A page of verdicts."""

    items = ListedVerdictSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class StandingSerializer(serializers.Serializer[object]):
    """How the newest version stands over everybody's runs; `level` is empty before the first."""

    version = serializers.IntegerField()
    level = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField(allow_null=True)
    environment = serializers.CharField(allow_blank=True)
    verdict_id = serializers.UUIDField(allow_null=True)
    times = serializers.IntegerField(help_text="runs that reproduced it")
    verdicts = serializers.IntegerField(help_text="runs with a verdict")
    reproduced_at = serializers.DateTimeField(allow_null=True)
    stale_reason = serializers.CharField(allow_blank=True)
    stale_detail = serializers.CharField(allow_blank=True)


class VerificationSerializer(serializers.ModelSerializer[Analysis]):
    """How an analysis stands; `every_days`, `next_at` and `note` only for its owner."""

    standing = serializers.SerializerMethodField()
    every_days = serializers.SerializerMethodField()
    next_at = serializers.SerializerMethodField()
    note = serializers.SerializerMethodField()

    class Meta:
        model = Analysis
        fields = ("standing", "every_days", "next_at", "note")

    def get_standing(self, analysis: Analysis) -> StandingSerializer:
        """Return how it stands."""
        return StandingSerializer(standing(analysis)).data  # type: ignore[return-value]  # told so to the schema

    def get_every_days(self, analysis: Analysis) -> int | None:
        """Return the days from one verification to the next."""
        return analysis.verify_days if self._is_owner(analysis) else None

    def get_next_at(self, analysis: Analysis) -> str | None:
        """Return when the next one is due."""
        at = analysis.verify_at if self._is_owner(analysis) else None
        return at.isoformat() if at else None

    def get_note(self, analysis: Analysis) -> str:
        """Return why the last one could not be done."""
        return analysis.verify_note if self._is_owner(analysis) else ""

    def _is_owner(self, analysis: Analysis) -> bool:
        return bool(analysis.owner_id == self.context["user"].pk)


class ScheduleSerializer(serializers.Serializer[object]):
    """Every how many days an analysis is verified; null ends it."""

    every_days = serializers.IntegerField(
        min_value=LEAST_DAYS, max_value=MOST_DAYS, allow_null=True
    )
