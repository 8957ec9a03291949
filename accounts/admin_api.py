"""The API of operators: find people, suspend and reinstate them, read the audit log."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import audit, people, suspension
from accounts.api import IdentitySerializer
from accounts.authentication import Bearer
from accounts.decorators import is_operator, lacks_factor
from accounts.forms import AuditForm
from accounts.models import AuditEvent, TokenScope, User
from accounts.rest import user_of
from vre_portal.errors import Forbidden, InvalidRequest, NotFound
from vre_portal.paging import PAGE_PARAMETERS, page

QUESTION = [
    OpenApiParameter(name, str, description=f"{field.label}.")
    for name, field in AuditForm.base_fields.items()
]


class AdminPart(APIView):
    """What operators do: by a token with `admin`, or in a browser as on their pages."""

    area = TokenScope.ADMIN.value

    def check_permissions(self, request: Request) -> None:
        """Refuse others; to whoever is no operator there is nothing here."""
        super().check_permissions(request)
        if not is_operator(user_of(request)):
            raise NotFound("There is nothing at this address.")
        if not isinstance(request.auth, Bearer):
            _check_factor(request._request)


def _check_factor(request: HttpRequest) -> None:
    lacking = lacks_factor(request)
    if lacking is not None:
        raise Forbidden(f"Sign in at {lacking.name} with a second factor first.")


class PersonSerializer(serializers.ModelSerializer[User]):
    """Somebody, as operators see them."""

    identities = IdentitySerializer(many=True)

    class Meta:
        model = User
        fields = (
            "id", "handle", "display_name", "email", "groups", "roles", "is_active",
            "suspended_at", "suspension_reason", "last_login", "created_at", "identities",
        )  # fmt: skip


class PeopleSerializer(serializers.Serializer[Any]):
    """Who was found, whoever signed in last first."""

    items = PersonSerializer(many=True)


class PeopleView(AdminPart):
    """Who is here."""

    @extend_schema(
        operation_id="people_list",
        parameters=[OpenApiParameter("q", str, description="A name, handle, e-mail, group or sub")],
        responses=PeopleSerializer,
    )
    def get(self, request: Request) -> Response:
        """Find people, at most fifty."""
        found = people.find(request.query_params.get("q", "").strip())
        return Response(PeopleSerializer({"items": found}).data)


class ReasonSerializer(serializers.Serializer[Any]):
    """Why somebody is suspended."""

    reason = serializers.CharField(max_length=300)


class SuspendView(AdminPart):
    """Stop somebody everywhere."""

    @extend_schema(request=ReasonSerializer, responses=PersonSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Suspend them."""
        wish = ReasonSerializer(data=request.data)
        wish.is_valid(raise_exception=True)
        found = get_object_or_404(User, pk=pk)
        suspension.suspend(found, by=user_of(request), **wish.validated_data)
        return Response(PersonSerializer(found).data)


class ReinstateView(AdminPart):
    """Let somebody in again."""

    @extend_schema(request=None, responses=PersonSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Reinstate them."""
        found = get_object_or_404(User, pk=pk)
        suspension.reinstate(found, by=user_of(request))
        return Response(PersonSerializer(found).data)


class EntrySerializer(serializers.ModelSerializer[AuditEvent]):
    """An entry of the audit log."""

    class Meta:
        model = AuditEvent
        fields = (
            "id", "at", "action", "result", "actor", "actor_name", "issuer", "subject",
            "object_kind", "object_id", "request_id", "address", "detail",
        )  # fmt: skip


class EntriesSerializer(serializers.Serializer[Any]):
    """A page of the log, newest first."""

    items = EntrySerializer(many=True)
    next = serializers.URLField(allow_null=True)


class AuditView(AdminPart):
    """The audit log."""

    @extend_schema(
        operation_id="audit_list",
        parameters=[*QUESTION, *PAGE_PARAMETERS],
        responses=EntriesSerializer,
    )
    def get(self, request: Request) -> Response:
        """Return the entries that fit every filter."""
        form = AuditForm(request.query_params)
        for field, faults in form.errors.items():
            raise InvalidRequest(f"{field}: {faults[0]}", field=field)
        items, following = page(audit.search(form.question()), request, by="at")
        return Response(EntriesSerializer({"items": items, "next": following}).data)


urlpatterns = [
    path("people", PeopleView.as_view(), name="people"),
    path("people/<uuid:pk>/suspend", SuspendView.as_view(), name="suspend"),
    path("people/<uuid:pk>/reinstate", ReinstateView.as_view(), name="reinstate"),
    path("audit", AuditView.as_view(), name="audit"),
]
