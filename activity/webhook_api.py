"""The API's webhook: where one's notices go as JSON."""

from __future__ import annotations

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import User
from accounts.rest import user_of
from activity.serializers import (
    NewWebhookSerializer,
    SecretSerializer,
    TriedSerializer,
    WebhookSerializer,
    WebhookWishSerializer,
)
from activity.services import webhooks
from activity.services.kinds import KINDS


class WebhookPart(APIView):
    """What concerns the person; tokens may read it and change nothing."""

    area = "account"


class WebhookView(WebhookPart):
    """One's webhook."""

    @extend_schema(responses=WebhookSerializer)
    def get(self, request: Request) -> Response:
        """Return where notices go and how that works; `url` is null where there is none."""
        return Response(_shown(user_of(request)))

    @extend_schema(
        request=WebhookWishSerializer,
        responses={200: WebhookSerializer, 201: NewWebhookSerializer},
    )
    def put(self, request: Request) -> Response:
        """Have these kinds go to an address, and switch the webhook on; a new one has a secret."""
        wish = WebhookWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        user = user_of(request)
        told = wish.validated_data
        saved = webhooks.save(user, url=told["url"], kinds=told["wanted"])
        if saved.secret:
            return Response({**_shown(user), "secret": saved.secret}, status=201)
        return Response(_shown(user))

    @extend_schema(responses={204: None})
    def delete(self, request: Request) -> Response:
        """Forget the address, its secret, and what waits for it."""
        webhooks.remove(user_of(request))
        return Response(status=204)


class WebhookTestView(WebhookPart):
    """Whether the address takes notices."""

    @extend_schema(request=None, responses=TriedSerializer)
    def post(self, request: Request) -> Response:
        """Send a test now, and return what came of it."""
        return Response(TriedSerializer(webhooks.send_test(user_of(request))).data)


class WebhookSecretView(WebhookPart):
    """What notices are signed with."""

    @extend_schema(request=None, responses={201: SecretSerializer})
    def post(self, request: Request) -> Response:
        """Make another secret; the old one holds for nothing any more."""
        return Response({"secret": webhooks.renew(user_of(request))}, status=201)


def _shown(user: User) -> dict[str, object]:
    row = webhooks.of(user)
    shown = {
        "url": row and row.url,
        "wanted": row.kinds if row else [],
        "state": row.state if row else "none",
        "problem": row.problem if row else "",
        "failing_since": row and row.failing_since,
        "off_since": row and row.off_since,
        "worked_at": row and row.worked_at,
        "kinds": KINDS,
    }
    return dict(WebhookSerializer(shown).data)


urlpatterns = [
    path("notices/webhook", WebhookView.as_view(), name="notices-webhook"),
    path("notices/webhook/test", WebhookTestView.as_view(), name="notices-webhook-test"),
    path("notices/webhook/secret", WebhookSecretView.as_view(), name="notices-webhook-secret"),
]
