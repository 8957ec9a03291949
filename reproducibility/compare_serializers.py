"""Two sides, and what is known of their contents, as the API tells them."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.models import ComparisonState
from reproducibility.serializers import OutputVerdictSerializer


class SidesSerializer(serializers.Serializer[object]):
    """Two sides: a run or a version by its id, each."""

    a = serializers.UUIDField()
    b = serializers.UUIDField()


class SideSerializer(serializers.Serializer[object]):
    """A run, or what a version recorded (`run` is null then), and its date."""

    id = serializers.UUIDField(source="key")
    analysis = serializers.CharField(source="analysis.slug")
    version = serializers.IntegerField(source="version.number")
    run = serializers.IntegerField(source="run.number", allow_null=True, default=None)
    at = serializers.DateTimeField()


class SideRowSerializer(serializers.Serializer[object]):
    """One thing on both sides; null where a side does not have it."""

    name = serializers.CharField()
    a = serializers.CharField(source="left.value", allow_null=True)
    b = serializers.CharField(source="right.value", allow_null=True)
    same = serializers.BooleanField()
    state = serializers.CharField(allow_blank=True, help_text="such as a level of equality")


class SideSectionSerializer(serializers.Serializer[object]):
    """One kind of things; `unknown`: one side does not say what it had. Texts have `lines`."""

    key = serializers.CharField()
    differs = serializers.BooleanField()
    unknown = serializers.BooleanField()
    rows = SideRowSerializer(many=True)
    lines = serializers.ListField(child=serializers.CharField(), help_text="a unified difference")


class ProblemSerializer(serializers.Serializer[object]):
    """Why an output could not be looked into."""

    path = serializers.CharField()
    message = serializers.CharField()


class SideContentsSerializer(serializers.Serializer[object]):
    """What is known of the contents; `first` is the side that the other is measured by."""

    state = serializers.ChoiceField(choices=ComparisonState.choices)
    message = serializers.CharField(allow_blank=True)
    first = serializers.UUIDField()
    second = serializers.UUIDField()
    outputs = OutputVerdictSerializer(many=True)
    problems = ProblemSerializer(many=True)
    pending = serializers.ListField(child=serializers.CharField(), help_text="paths")
    left_out = serializers.IntegerField(help_text="outputs beyond those that are looked into")


class SideBySideSerializer(serializers.Serializer[object]):
    """Two sides, part by part, and their contents."""

    a = SideSerializer()
    b = SideSerializer()
    sections = SideSectionSerializer(many=True)
    contents = SideContentsSerializer()
