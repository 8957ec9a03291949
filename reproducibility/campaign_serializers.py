"""What the API tells and takes of campaigns."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.models import CampaignState, PointState


class DeclaredResultSerializer(serializers.Serializer[object]):
    """A value that is read of each run: `where` is written like ``fits[0].chi2``."""

    name = serializers.CharField(max_length=200)
    path = serializers.CharField(max_length=400)
    where = serializers.CharField(max_length=200)


class CampaignWishSerializer(serializers.Serializer[object]):
    """A campaign: the analysis (id or slug), its points, and how it is to be run.

    `columns` are parameters, `rows` a list of their values each.
    """

    analysis = serializers.CharField(max_length=80)
    version = serializers.CharField(max_length=9, default="", allow_blank=True)
    title = serializers.CharField(max_length=200)
    columns = serializers.ListField(child=serializers.CharField(max_length=200), min_length=1)
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True))
    )
    results = DeclaredResultSerializer(many=True, default=list)
    at_once = serializers.IntegerField(default=10, min_value=1)
    first = serializers.IntegerField(default=0, min_value=0)
    retries = serializers.IntegerField(default=3, min_value=0, max_value=10)
    priority = serializers.IntegerField(default=0, min_value=-100, max_value=100)


class CampaignSerializer(serializers.Serializer[object]):
    """A campaign and how far it is."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    analysis = serializers.CharField(source="version.analysis.slug")
    version = serializers.IntegerField(source="version.number")
    state = serializers.ChoiceField(choices=CampaignState.choices)
    message = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    results = DeclaredResultSerializer(many=True)
    total = serializers.IntegerField()
    counts = serializers.DictField(child=serializers.IntegerField())
    at_once = serializers.IntegerField()
    first = serializers.IntegerField()
    retries = serializers.IntegerField()
    priority = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    started_at = serializers.DateTimeField(allow_null=True)
    finished_at = serializers.DateTimeField(allow_null=True)


class CampaignPageSerializer(serializers.Serializer[object]):
    """A page of campaigns."""

    items = CampaignSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PointSerializer(serializers.Serializer[object]):
    """A point: its values, its run, and what came of it."""

    number = serializers.IntegerField()
    values = serializers.DictField()
    state = serializers.ChoiceField(choices=PointState.choices)
    run = serializers.UUIDField(source="run_id", allow_null=True)
    attempts = serializers.IntegerField()
    cause = serializers.CharField()
    reason = serializers.CharField()
    results = serializers.DictField()
    seconds = serializers.FloatField(allow_null=True)


class PointPageSerializer(serializers.Serializer[object]):
    """A page of points, by number; `next` is the number to go on behind, null at the end."""

    items = PointSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class MatrixSerializer(serializers.Serializer[object]):
    """The state of each point as a letter: waiting, running, finished, failed (x), cancelled."""

    letters = serializers.CharField()
