"""What the API tells and takes of deposits."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.models import Deposit


class DepositedFileSerializer(serializers.Serializer[object]):
    """A file of a deposit that has arrived whole."""

    key = serializers.CharField()
    size = serializers.IntegerField()
    md5 = serializers.CharField()


class DepositFaultSerializer(serializers.Serializer[object]):
    """What the repository does not accept, by the field as it names it."""

    field = serializers.CharField(allow_blank=True)
    reason = serializers.CharField()


class DepositSerializer(serializers.ModelSerializer[Deposit]):
    """A version of an analysis in a repository; the DOI is reserved first, then registered."""

    version = serializers.IntegerField(source="version.number")
    files = DepositedFileSerializer(many=True)
    faults = DepositFaultSerializer(many=True)
    description = serializers.JSONField(help_text="as the draft was last described")
    page = serializers.CharField(allow_blank=True, help_text="its page at the repository")

    class Meta:
        model = Deposit
        fields = (
            "id", "version", "service", "service_name", "state", "message", "waiting", "faults",
            "doi", "page", "description", "files", "created_at", "published_at",
        )  # fmt: skip


class DepositPageSerializer(serializers.Serializer[object]):
    """The deposits of an analysis, the newest first."""

    items = DepositSerializer(many=True)
    next = serializers.CharField(allow_null=True)


class DepositWishSerializer(serializers.Serializer[object]):
    """Which version to deposit: the newest that people see unless another is named."""

    version = serializers.IntegerField(required=False, min_value=1, max_value=2**31 - 1)


class ConfirmationSerializer(serializers.Serializer[object]):
    """That somebody has looked at the draft: a published record stays for good."""

    confirmed = serializers.BooleanField()
