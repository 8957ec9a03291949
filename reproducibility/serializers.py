"""Analyses and runs as the API tells them."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.models import Analysis, AnalysisInput, RecordedOutput, Run


class InputSerializer(serializers.ModelSerializer[AnalysisInput]):
    """Data that an analysis reads."""

    did = serializers.CharField()

    class Meta:
        model = AnalysisInput
        fields = ("did", "folder")


class OutputSerializer(serializers.ModelSerializer[RecordedOutput]):
    """A recorded output."""

    class Meta:
        model = RecordedOutput
        fields = ("path", "sha256", "size")


class AuthorSerializer(serializers.Serializer[object]):
    """Who made an analysis; the ORCID is empty where it is not known."""

    name = serializers.CharField()
    orcid = serializers.CharField(allow_blank=True)


class AnalysisSerializer(serializers.ModelSerializer[Analysis]):
    """A finished analysis."""

    authors = AuthorSerializer(many=True)
    version = serializers.IntegerField(source="newest.number")
    environment = serializers.CharField(source="newest.environment")
    proof = serializers.CharField(source="newest.proof")
    inputs = InputSerializer(many=True, source="newest.inputs")
    outputs = OutputSerializer(many=True, source="newest.outputs")

    class Meta:
        model = Analysis
        fields = (
            "id", "slug", "title", "summary", "authors", "licence", "published", "version", "proof",
            "environment", "inputs", "outputs", "created_at",
        )  # fmt: skip


class AnalysisPageSerializer(serializers.Serializer[object]):
    """A page of analyses."""

    items = AnalysisSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class StepSerializer(serializers.Serializer[object]):
    """A step of a run; seconds once it has ended."""

    name = serializers.CharField()
    state = serializers.CharField()
    started = serializers.DateTimeField(allow_null=True)
    seconds = serializers.FloatField(allow_null=True)


class OutputVerdictSerializer(serializers.Serializer[object]):
    """The comparison of one output."""

    path = serializers.CharField()
    level = serializers.CharField()
    sha256 = serializers.CharField(allow_blank=True)
    expected_sha256 = serializers.CharField()
    detail = serializers.CharField()
    tolerance = serializers.JSONField(
        required=False, allow_null=True, help_text="rtol, atol, statistical, ignore, as declared"
    )
    comparison = serializers.JSONField(
        required=False,
        allow_null=True,
        help_text="Counts, largest differences, tests and figures; only the verdict itself has it.",
    )


class VerdictSerializer(serializers.Serializer[object]):
    """The comparison of a run with what was recorded."""

    level = serializers.CharField()
    environment = serializers.CharField()
    inputs = serializers.CharField()
    outputs = OutputVerdictSerializer(many=True)


class TestSerializer(serializers.Serializer[object]):
    """How a scenario of the analysis's own tests went; null: it could not be judged."""

    feature = serializers.CharField()
    scenario = serializers.CharField(allow_blank=True)
    passed = serializers.BooleanField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)


class RunSerializer(serializers.ModelSerializer[Run]):
    """A run."""

    analysis = serializers.SlugRelatedField[Analysis](slug_field="slug", read_only=True)
    version = serializers.IntegerField(source="version.number")
    steps = StepSerializer(many=True)
    verdict = VerdictSerializer(allow_null=True)
    tests = TestSerializer(many=True)
    jobs = serializers.JSONField(
        source="seen", help_text="total, running, finished, failed; the workspace's size in bytes"
    )
    inputs = serializers.JSONField()
    replaced_inputs = serializers.DictField(child=serializers.CharField())
    environment = serializers.JSONField()

    class Meta:
        model = Run
        fields = (
            "id", "analysis", "version", "kind", "number", "state", "message", "parameters",
            "steps", "inputs", "replaced_inputs", "environment",
            "verdict", "tests", "jobs", "created_at", "finished_at",
        )  # fmt: skip


class RunPageSerializer(serializers.Serializer[object]):
    """A page of runs."""

    items = RunSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class RunRequestSerializer(serializers.Serializer[object]):
    """What starts a run."""

    parameters = serializers.DictField(required=False, default=dict)
    replaced_inputs = serializers.DictField(
        child=serializers.CharField(), required=False, default=dict,
        help_text="Recorded input to what is read instead, both by DID.",
    )  # fmt: skip


class LogSerializer(serializers.Serializer[object]):
    """What a command of a step said."""

    step = serializers.CharField()
    state = serializers.CharField()
    command = serializers.CharField()
    text = serializers.CharField()


class RunFileSerializer(serializers.Serializer[object]):
    """An output that a run gave."""

    path = serializers.CharField()
    size = serializers.IntegerField()
    sha256 = serializers.CharField()
