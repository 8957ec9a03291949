"""The API of what a reproduction will take, before it is started."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility import services
from reproducibility.services import preflight


class PreflightCheckSerializer(serializers.Serializer[object]):
    """One thing that was looked at: ok, warning, bad (it stops a run) or unknown."""

    standing = serializers.CharField()
    text = serializers.CharField()


class InputCheckSerializer(PreflightCheckSerializer):
    """One input: how much it is, and the storages that have most of it; bytes."""

    did = serializers.CharField()
    folder = serializers.CharField()
    files = serializers.IntegerField()
    bytes = serializers.IntegerField()
    storages = serializers.ListField(child=serializers.CharField())


class PreflightSerializer(serializers.Serializer[object]):
    """All that is known before a run; `blocked` says why it can't be started, or is empty."""

    engine = serializers.CharField()
    steps = serializers.ListField(child=serializers.CharField())
    seconds = serializers.FloatField(allow_null=True)
    bytes = serializers.IntegerField()
    blocked = serializers.CharField(allow_blank=True)
    service = PreflightCheckSerializer()
    environment = PreflightCheckSerializer()
    room = PreflightCheckSerializer()
    inputs = InputCheckSerializer(many=True)


class PreflightView(APIView):
    """What a reproduction will take."""

    area = "workflows"

    @extend_schema(
        operation_id="analyses_preflight",
        parameters=[OpenApiParameter("version", OpenApiTypes.INT)],
        responses=PreflightSerializer,
    )
    def get(self, request: Request, key: str) -> Response:
        """Look at inputs, service, environment and quota with one's own tokens."""
        user = user_of(request)
        analysis = services.find_analysis(user, key)
        version = services.find_version(user, analysis, request.query_params.get("version", ""))
        usual = services.usual_seconds(analysis)
        looked = preflight.look(user, version, seconds=usual, others={})
        return Response(PreflightSerializer(looked).data)
