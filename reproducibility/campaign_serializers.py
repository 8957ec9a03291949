"""What the API tells and takes of campaigns."""

from __future__ import annotations

from uuid import UUID

from rest_framework import serializers

from reproducibility.models import CampaignState, Point, PointState
from reproducibility.points.plans import LARGEST_SEED, Way
from reproducibility.services.campaigns.costs import Basis
from reproducibility.services.campaigns.making import LONGEST_TITLE


class DeclaredResultSerializer(serializers.Serializer[object]):
    """A value that is read of each run: `where` is written like ``fits[0].chi2``."""

    name = serializers.CharField(max_length=200)
    path = serializers.CharField(max_length=400)
    where = serializers.CharField(max_length=200)


class PlanSerializer(serializers.Serializer[object]):
    """How points are made: a text a parameter; `points` and `seed` are for ways by chance."""

    way = serializers.ChoiceField(choices=[str(way) for way in Way])
    fields = serializers.DictField(  # type: ignore[assignment]  # the name that the form has, too
        child=serializers.CharField(max_length=5_000, allow_blank=True)
    )
    points = serializers.IntegerField(default=0, min_value=0)
    seed = serializers.IntegerField(default=0, min_value=0, max_value=LARGEST_SEED)


class _HowSerializer(serializers.Serializer[object]):
    """A campaign without its points: the analysis (id or slug), and how it is to be run."""

    analysis = serializers.CharField(max_length=80)
    version = serializers.CharField(max_length=9, default="", allow_blank=True)
    title = serializers.CharField(max_length=LONGEST_TITLE)
    results = DeclaredResultSerializer(many=True, default=list)
    at_once = serializers.IntegerField(default=10, min_value=1)
    first = serializers.IntegerField(default=0, min_value=0)
    retries = serializers.IntegerField(default=3, min_value=0, max_value=10)
    priority = serializers.IntegerField(default=0, min_value=-100, max_value=100)


class CampaignWishSerializer(_HowSerializer):
    """A campaign and its points: a `plan`, or `columns` (parameters) and `rows` of values."""

    plan = PlanSerializer(required=False)
    columns = serializers.ListField(
        child=serializers.CharField(max_length=200), min_length=1, required=False
    )
    rows = serializers.ListField(
        child=serializers.ListField(child=serializers.JSONField(allow_null=True)), required=False
    )


class CampaignTableSerializer(_HowSerializer):
    """A campaign with its points in a CSV, JSON or Parquet file."""

    file = serializers.FileField()


class CampaignChangeSerializer(serializers.Serializer[object]):
    """What can be changed until it has ended."""

    at_once = serializers.IntegerField(min_value=1, required=False)
    priority = serializers.IntegerField(min_value=-100, max_value=100, required=False)


class ColumnSerializer(serializers.Serializer[object]):
    """A parameter over all points; `low` and `high` are null where it has no numbers."""

    name = serializers.CharField()
    low = serializers.FloatField(allow_null=True)
    high = serializers.FloatField(allow_null=True)
    distinct = serializers.IntegerField()


class QuotaShareSerializer(serializers.Serializer[object]):
    """What is needed of a quota and what is left of it; null where that is not known."""

    needed = serializers.FloatField(allow_null=True)
    left = serializers.IntegerField(allow_null=True)
    is_short = serializers.BooleanField()


class CostSerializer(serializers.Serializer[object]):
    """What points may cost: `seconds` from start to end, `cpu` in seconds, `disk` in bytes.

    `basis` says whose runs that comes from: `points` of the campaign, `runs` of its analysis, or
    `nothing`. `problem` says why the quota is not known.
    """

    points = serializers.IntegerField()
    at_once = serializers.IntegerField()
    basis = serializers.ChoiceField(choices=[str(each) for each in Basis])
    seconds = serializers.FloatField(allow_null=True)
    cpu = QuotaShareSerializer()
    disk = QuotaShareSerializer()
    is_short = serializers.BooleanField()
    problem = serializers.CharField()


class CampaignPreviewSerializer(serializers.Serializer[object]):
    """What a campaign would be: its points in figures, the first of them, and their cost."""

    points = serializers.IntegerField()
    columns = ColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.ListField(child=serializers.JSONField()))
    cost = CostSerializer()


class CampaignSerializer(serializers.Serializer[object]):
    """A campaign and how far it is."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    analysis = serializers.CharField(source="version.analysis.slug")
    version = serializers.IntegerField(source="version.number")
    state = serializers.ChoiceField(choices=CampaignState.choices)
    message = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    source = serializers.JSONField()  # type: ignore[assignment]  # the model's name for it
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
    public = serializers.BooleanField()
    again_of = serializers.UUIDField(source="again_of_id", allow_null=True)


class DifferenceSerializer(serializers.Serializer[object]):
    """A result of a point that is another one than before."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    before = serializers.JSONField(allow_null=True)
    now = serializers.JSONField(allow_null=True)


class ComparisonSerializer(serializers.Serializer[object]):
    """How two campaigns over the same points compare, in points; the first that differ."""

    is_reproduced = serializers.BooleanField()
    same = serializers.IntegerField()
    differ = serializers.IntegerField()
    missing = serializers.IntegerField()
    first = DifferenceSerializer(many=True)


class CampaignPageSerializer(serializers.Serializer[object]):
    """A page of campaigns."""

    items = CampaignSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class PointSerializer(serializers.Serializer[object]):
    """A point: its values, its run, and what came of it."""

    number = serializers.IntegerField()
    values = serializers.DictField()
    state = serializers.ChoiceField(choices=PointState.choices)
    run = serializers.SerializerMethodField(help_text="null as well where it is somebody else's")
    attempts = serializers.IntegerField()
    cause = serializers.CharField()
    reason = serializers.CharField()
    results = serializers.DictField()
    seconds = serializers.FloatField(allow_null=True)

    def get_run(self, point: Point) -> UUID | None:
        """Return the run where it is the reader's own."""
        return point.run_id if self.context["is_mine"] else None


class PointPageSerializer(serializers.Serializer[object]):
    """A page of points, by number; `next` is the number to go on behind, null at the end."""

    items = PointSerializer(many=True)
    next = serializers.IntegerField(allow_null=True)


class MatrixSerializer(serializers.Serializer[object]):
    """The state of each point as a letter: waiting, running, finished, failed (x), cancelled."""

    letters = serializers.CharField()
