"""The API of environments: as the portal shows them, and as KubeSpawner takes them."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.authentication import Bearer
from accounts.decorators import acts_as_operator, is_operator
from accounts.models import TokenScope
from accounts.rest import user_of
from sessions import environments, services
from sessions.definitions.kubespawner import profile_list, runs_on_kubernetes
from sessions.environment_serializers import EnvironmentPageSerializer
from sessions.services import capacity

KUBESPAWNER = "kubespawner"


class KubeSpawnerRenderer(JSONRenderer):
    """JSON in the shape of KubeSpawner's `profile_list`, by `?format=kubespawner`."""

    format = KUBESPAWNER


class EnvironmentsView(APIView):
    """What sessions may be started with; tokens open it by the scope `sessions`."""

    area = "sessions"
    renderer_classes = [JSONRenderer, KubeSpawnerRenderer]

    @extend_schema(
        parameters=[OpenApiParameter("format", enum=["json", KUBESPAWNER])],
        responses=EnvironmentPageSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return every environment; `available` says whether you may use it.

        With `?format=kubespawner` the answer is `{"profile_list": [...], "left_out": [...]}` of
        what you may use, of all when an operator asks; `left_out` has the slugs without an image.
        """
        user = user_of(request)
        if getattr(request.accepted_renderer, "format", "") == KUBESPAWNER:
            every = _operates(request)
            known = environments.all_environments() if every else environments.usable(user)
            left_out = [each.slug for each in known if not runs_on_kubernetes(each)]
            return Response({"profile_list": profile_list(known), "left_out": left_out})
        known = environments.told_of(user)
        usual = services.usual_seconds_of(user, [each.slug for each in known])
        found = {"items": known, "next": None, "room": capacity.room(user)}
        context = {"user": user, "usual": usual}
        return Response(EnvironmentPageSerializer(found, context=context).data)


def _operates(request: Request) -> bool:
    """Whether an operator asks: with a token for administration, or at their own browser."""
    if isinstance(request.auth, Bearer):
        return TokenScope.ADMIN in request.auth.scopes and is_operator(user_of(request))
    return acts_as_operator(request._request)
