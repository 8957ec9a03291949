"""The API of what stays at the workflow service: a run's shares and files, quota and secrets."""

from __future__ import annotations

from uuid import UUID

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest import user_of
from reproducibility.backends import SecretKind
from reproducibility.keeping_serializers import (
    KeptSerializer,
    RunShareWishSerializer,
    SecretWishSerializer,
    WorkflowAccountSerializer,
)
from reproducibility.services import find_run, keeping, workflow_account

EMAIL = OpenApiParameter("email", OpenApiTypes.EMAIL, required=True)


class _Part(APIView):
    """A part of the API that tokens open by the scope `workflows`."""

    area = "workflows"


class KeptView(_Part):
    """The files of a run at the workflow service."""

    @extend_schema(operation_id="runs_kept", responses=KeptSerializer)
    def get(self, request: Request, run_id: UUID) -> Response:
        """Return their bytes, what is deleted by itself and when, and who else reads them."""
        return Response(KeptSerializer(keeping.look(user_of(request), run_id)).data)

    @extend_schema(operation_id="runs_kept_delete", responses={204: None})
    def delete(self, request: Request, run_id: UUID) -> Response:
        """Delete them; verdict, log and compared outputs stay."""
        keeping.delete_files(user_of(request), run_id)
        return Response(status=204)


class SharesView(_Part):
    """Who else reads a run at the workflow service."""

    @extend_schema(
        operation_id="runs_share", request=RunShareWishSerializer, responses={201: KeptSerializer}
    )
    def post(self, request: Request, run_id: UUID) -> Response:
        """Let somebody read its specification, log and files there."""
        user = user_of(request)
        find_run(user, run_id)
        wish = RunShareWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        keeping.share(user, run_id, told["email"], told["until"])
        return Response(KeptSerializer(keeping.look(user, run_id)).data, status=201)

    @extend_schema(operation_id="runs_unshare", parameters=[EMAIL], responses={204: None})
    def delete(self, request: Request, run_id: UUID) -> Response:
        """Take that back."""
        keeping.unshare(user_of(request), run_id, request.query_params.get("email", ""))
        return Response(status=204)


class AccountView(_Part):
    """One's account at the workflow service."""

    @extend_schema(operation_id="workflow_account", responses=WorkflowAccountSerializer)
    def get(self, request: Request) -> Response:
        """Return what is used, the names of secrets, and what others share."""
        found = workflow_account.look(user_of(request))
        return Response(WorkflowAccountSerializer(found).data)


class SecretsView(_Part):
    """Secrets that one's jobs get."""

    @extend_schema(
        operation_id="workflow_secrets_add", request=SecretWishSerializer, responses={204: None}
    )
    def post(self, request: Request) -> Response:
        """Keep a secret at the service, and nowhere else."""
        wish = SecretWishSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        told = wish.validated_data
        workflow_account.add_secret(
            user_of(request),
            told["name"],
            told["value"].encode(),
            kind=SecretKind(told["kind"]),
            overwrite=told["overwrite"],
        )
        return Response(status=204)


class SecretView(_Part):
    """One secret."""

    @extend_schema(operation_id="workflow_secrets_remove", responses={204: None})
    def delete(self, request: Request, name: str) -> Response:
        """Forget it."""
        workflow_account.remove_secret(user_of(request), name)
        return Response(status=204)


urlpatterns = [
    path("runs/<uuid:run_id>/kept", KeptView.as_view(), name="run-kept"),
    path("runs/<uuid:run_id>/shares", SharesView.as_view(), name="run-shares"),
    path("workflow-account", AccountView.as_view(), name="workflow-account"),
    path("workflow-account/secrets", SecretsView.as_view(), name="workflow-secrets"),
    path("workflow-account/secrets/<str:name>", SecretView.as_view(), name="workflow-secret"),
]
