"""Captures as the API takes and tells them."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from reproducibility.capture.values import Author, Data, Role
from reproducibility.models import Capture, CapturedFile, Source
from reproducibility.serializers import AuthorSerializer
from reproducibility.services.captures.editing import LONGEST_SPECIFICATION, Edits, faults_of


class SourceSerializer(serializers.Serializer[object]):
    """From where: `kind` says which of the other members count."""

    kind = serializers.ChoiceField(
        choices=Source.choices, help_text="A `zip` or `crate` comes as multipart, in `file`."
    )
    session = serializers.UUIDField(
        required=False,
        help_text="session: one of yours. One that does not run is started by the portal, read, "
        "and stopped again unless you use it meanwhile; `message` tells how far it is.",
    )
    path = serializers.CharField(
        required=False, allow_blank=True, help_text="session: a folder or notebook; git: the entry."
    )
    repository = serializers.CharField(required=False, help_text="git: its https address.")
    ref = serializers.CharField(
        required=False, allow_blank=True, help_text="git: branch, tag or commit."
    )
    workflow = serializers.CharField(required=False, help_text="reana: name or id.")

    def wish(self) -> dict[str, str]:
        """Return what was asked for; only after `is_valid`."""
        return {k: str(v) for k, v in self.validated_data.items() if k != "kind"}


class CaptureWishSerializer(serializers.Serializer[object]):
    """What is to be captured, and of which analysis of one's own it is to be a new version."""

    source = SourceSerializer()  # type: ignore[assignment]  # the field is named as its base's
    analysis = serializers.CharField(required=False, allow_blank=True, default="")


class ArchiveWishSerializer(serializers.Serializer[object]):
    """A ZIP or RO-Crate that is to be captured."""

    file = serializers.FileField()
    analysis = serializers.CharField(required=False, allow_blank=True, default="")


class CapturedDataSerializer(serializers.Serializer[object]):
    """Data that an analysis reads: a DID, and the folder where its code expects it."""

    did = serializers.CharField()
    folder = serializers.CharField(required=False, allow_blank=True, default="data")


class CapturedFileSerializer(serializers.ModelSerializer[CapturedFile]):
    """A file that was found, and what it is to be; size in bytes."""

    class Meta:
        model = CapturedFile
        fields = ("path", "size", "sha256", "adler32", "role")


class FaultSerializer(serializers.Serializer[object]):
    """Something wrong in a reana.yaml; a hint hinders nothing."""

    line = serializers.IntegerField(allow_null=True)
    where = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()
    hint = serializers.BooleanField()


class CaptureSerializer(serializers.ModelSerializer[Capture]):
    """A capture on its way to an analysis."""

    analysis = serializers.SerializerMethodField()
    authors = AuthorSerializer(many=True)
    origin = serializers.JSONField()
    inputs = serializers.JSONField()
    tolerances = serializers.JSONField()
    surroundings = serializers.JSONField()
    code = serializers.JSONField()
    found = serializers.JSONField()
    files = CapturedFileSerializer(many=True)
    faults = serializers.SerializerMethodField()

    class Meta:
        model = Capture
        fields = (
            "id", "kind", "origin", "state", "message", "analysis", "title", "summary", "licence",
            "authors", "environment", "surroundings", "code", "inputs", "tolerances", "files",
            "specification", "faults", "found", "created_at",
        )  # fmt: skip

    def get_analysis(self, capture: Capture) -> str | None:
        """Return the slug of the analysis that it became."""
        return capture.analysis.slug if capture.analysis else None

    def get_faults(self, capture: Capture) -> list[dict[str, Any]]:
        """Return what is wrong in the specification."""
        faults = faults_of(capture) if capture.specification else []
        return list(FaultSerializer(faults, many=True).data)


class CaptureChangeSerializer(serializers.Serializer[object]):
    """What is to be changed; what is not named stays."""

    title = serializers.CharField(required=False, max_length=200)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    licence = serializers.CharField(required=False, allow_blank=True, max_length=80)
    authors = AuthorSerializer(many=True, required=False)
    specification = serializers.CharField(
        required=False, trim_whitespace=False, max_length=LONGEST_SPECIFICATION
    )
    inputs = CapturedDataSerializer(many=True, required=False)
    tolerances = serializers.DictField(
        child=serializers.DictField(), required=False,
        help_text="By path: rtol, atol, statistical, ignore.",
    )  # fmt: skip
    roles = serializers.DictField(
        child=serializers.ChoiceField(choices=[role.value for role in Role], allow_blank=True),
        required=False, help_text="By path: code, input, output, or empty to leave it out.",
    )  # fmt: skip
    tests = serializers.DictField(
        child=serializers.CharField(trim_whitespace=False), required=False,
        help_text="By path: the text of a file of tests.",
    )  # fmt: skip

    def edits(self) -> Edits:
        """Return it as a value; only after `is_valid`."""
        told = dict(self.validated_data)
        if "authors" in told:
            told["authors"] = authors_in(told["authors"])
        if "inputs" in told:
            told["inputs"] = tuple(Data(each["did"], each["folder"]) for each in told["inputs"])
        return Edits(**told)


class DescriptionSerializer(serializers.Serializer[object]):
    """What the owner of an analysis changes: its description, and whether it is published."""

    title = serializers.CharField(required=False, max_length=200)
    summary = serializers.CharField(required=False, allow_blank=True, max_length=10_000)
    licence = serializers.CharField(required=False, allow_blank=True, max_length=80)
    authors = AuthorSerializer(many=True, required=False)
    published = serializers.BooleanField(required=False)


class SpecificationSerializer(serializers.Serializer[object]):
    """A reana.yaml to be checked, and the paths that will be in its workspace."""

    text = serializers.CharField(
        trim_whitespace=False, allow_blank=True, max_length=LONGEST_SPECIFICATION
    )
    files = serializers.ListField(
        child=serializers.CharField(max_length=400), required=False, default=list, max_length=5_000
    )
    capture = serializers.UUIDField(
        required=False, help_text="One's own capture, whose files are in the workspace, too."
    )


class FaultsSerializer(serializers.Serializer[object]):
    """All that is wrong, in the order of its lines."""

    faults = FaultSerializer(many=True)


class SavedSerializer(serializers.Serializer[object]):
    """The version that was saved, and the run that proves it."""

    analysis = serializers.CharField(source="version.analysis.slug")
    version = serializers.IntegerField(source="version.number")
    proof = serializers.CharField(source="version.proof")
    run = serializers.UUIDField(source="run.pk")


def authors_in(told: list[dict[str, str]]) -> tuple[Author, ...]:
    """Return authors as values."""
    return tuple(Author(each["name"], each.get("orcid", "")) for each in told)
