"""What the API tells and takes of things that stay at the workflow service."""

from __future__ import annotations

from rest_framework import serializers

from reproducibility.backends import SecretKind
from reproducibility.services.workflow_account import MOST_BYTES

SECRET_KINDS = [str(kind) for kind in SecretKind]


class RetentionRuleSerializer(serializers.Serializer[object]):
    """Files that are deleted by themselves, `days` after the end."""

    pattern = serializers.CharField()
    days = serializers.IntegerField()
    due_at = serializers.DateTimeField(allow_null=True)


class RunShareSerializer(serializers.Serializer[object]):
    """Somebody who reads a run; `until` null: for good."""

    email = serializers.CharField()
    until = serializers.DateTimeField(allow_null=True)


class KeptSerializer(serializers.Serializer[object]):
    """A workspace: bytes, rules and shares, null where the service has no such thing."""

    size = serializers.IntegerField()
    rules = RetentionRuleSerializer(many=True, allow_null=True)
    shares = RunShareSerializer(many=True, allow_null=True)


class RunShareWishSerializer(serializers.Serializer[object]):
    """With whom, and to the end of which day (UTC)."""

    email = serializers.EmailField(max_length=254)
    until = serializers.DateField(allow_null=True, default=None)


class WorkflowUsageSerializer(serializers.Serializer[object]):
    """What is used; `limit` null: none."""

    used = serializers.IntegerField()
    limit = serializers.IntegerField(allow_null=True)


class WorkflowQuotaSerializer(serializers.Serializer[object]):
    """Processor time in milliseconds and files in bytes; null is not counted."""

    cpu = WorkflowUsageSerializer(allow_null=True)
    disk = WorkflowUsageSerializer(allow_null=True)


class WorkflowSecretSerializer(serializers.Serializer[object]):
    """A secret's name, and how jobs get it."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=SECRET_KINDS)


class SharedWorkflowSerializer(serializers.Serializer[object]):
    """A workflow that somebody shares."""

    id = serializers.CharField(source="workflow.id")
    name = serializers.CharField(source="workflow.name")
    state = serializers.CharField(source="workflow.state")
    owner = serializers.CharField()


class WorkflowAccountSerializer(serializers.Serializer[object]):
    """How one stands at the workflow service."""

    email = serializers.CharField(source="person.email")
    version = serializers.CharField(source="about.version")
    engines = serializers.ListField(child=serializers.CharField(), source="about.engines")
    quota = WorkflowQuotaSerializer()
    secrets = WorkflowSecretSerializer(many=True)
    shared = SharedWorkflowSerializer(many=True, allow_null=True)


class SecretWishSerializer(serializers.Serializer[object]):
    """A secret as text."""

    name = serializers.CharField(max_length=100)
    kind = serializers.ChoiceField(choices=SECRET_KINDS, default=SecretKind.VARIABLE)
    value = serializers.CharField(max_length=MOST_BYTES, trim_whitespace=False, write_only=True)
    overwrite = serializers.BooleanField(default=False)
