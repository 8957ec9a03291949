"""What the API's views of DIDs take: collections made, filled, closed, kept apart, erased."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest import user_of
from data_mgmt.backends import Did, DidInfo, DidType
from data_mgmt.metadata_forms import check_key, check_value
from data_mgmt.models_groups import CollectionChange
from data_mgmt.serializers import DidDetailSerializer
from data_mgmt.services import collecting, embargo, marking
from data_mgmt.services.collecting import MOST
from vre_portal.errors import InvalidRequest, PortalError


class DidListField(serializers.ListField):
    """DIDs as texts."""

    def __init__(self, **kwargs: Any) -> None:
        child = serializers.CharField(max_length=300)
        super().__init__(child=child, max_length=MOST, **kwargs)

    def to_internal_value(self, data: Any) -> list[Did]:
        """Return them as DIDs."""
        return [Did.parse(text) for text in super().to_internal_value(data)]


class MakeWish(serializers.Serializer[Any]):
    """A new dataset or container in a scope of yours or of a group for which you act."""

    did = serializers.CharField(max_length=300)
    type = serializers.ChoiceField(["dataset", "container"])
    dids = DidListField(default=list)
    metadata = serializers.DictField(child=serializers.JSONField(), default=dict)

    def validate_metadata(self, told: dict[str, Any]) -> dict[str, Any]:
        """Refuse what can't be metadata."""
        for key, value in told.items():
            if not isinstance(value, str | int | float | bool):
                words = f"{key}: a value is a text, a number, true or false."
                raise InvalidRequest(words, field=key)
        return {check_key(key): check_value(key, value) for key, value in told.items()}


class MembersWish(serializers.Serializer[Any]):
    """DIDs that go in or out."""

    dids = DidListField(allow_empty=False)


class EmbargoWish(serializers.Serializer[Any]):
    """Whose it is, and the last day; `sure` for an earlier end or another group."""

    group = serializers.CharField(max_length=200)
    until = serializers.DateField()
    sure = serializers.BooleanField(default=False)


class DidWish(serializers.Serializer[Any]):
    """One change: `open`, `erase` false to keep it after all, or `embargo`, null to lift it."""

    open = serializers.BooleanField(required=False)
    erase = serializers.BooleanField(required=False)
    embargo = EmbargoWish(required=False, allow_null=True)
    sure = serializers.BooleanField(default=False)


class ChangeSerializer(serializers.ModelSerializer[CollectionChange]):
    """A change of a collection; `account` is as whom it is done."""

    did = serializers.CharField()

    class Meta:
        model = CollectionChange
        fields = (
            "id", "kind", "did", "account", "state", "reason", "total", "settled", "refused",
            "created_at", "finished_at",
        )  # fmt: skip


class EmbargoSerializer(serializers.Serializer[Any]):
    """An embargo that holds now: where it is written, for whom, until when, and whether for you."""

    did = serializers.CharField(source="mark.did")
    groups = serializers.ListField(child=serializers.CharField(), source="mark.groups")
    until = serializers.DateField(source="mark.until", allow_null=True)
    open = serializers.BooleanField(source="is_open")
    message = serializers.CharField(source="sentence")
    ask = serializers.CharField()


class DidWithEmbargoSerializer(DidDetailSerializer):
    """A DID with its embargo, null for none, and when it is erased, null while it stays."""

    embargo = EmbargoSerializer(allow_null=True)
    embargo_problem = serializers.CharField(help_text="Why it is not known, else empty.")
    expires_at = serializers.DateTimeField(allow_null=True)


def embargo_told(request: Request, info: DidInfo) -> dict[str, Any]:
    """Return what a GET of a DID tells of its embargo, null for none; and its end."""
    try:
        found = embargo.embargo_of(user_of(request), info.did)
    except PortalError as exc:
        return {"embargo": None, "embargo_problem": exc.message, "expires_at": info.expires_at}
    told = EmbargoSerializer(found).data if found else None
    return {"embargo": told, "embargo_problem": "", "expires_at": info.expires_at}


def begun(change: CollectionChange) -> Response:
    """Answer with a change that was begun."""
    return Response(ChangeSerializer(change).data, status=status.HTTP_202_ACCEPTED)


class Making:
    """Makes DIDs."""

    @extend_schema(
        operation_id="data_dids_make", request=MakeWish, responses={202: ChangeSerializer}
    )
    def post(self, request: Request) -> Response:
        """Have a dataset or container made and filled; 409 where the name is taken."""
        wish = MakeWish(data=request.data)
        wish.is_valid(raise_exception=True)
        values = wish.validated_data
        return begun(
            collecting.make(
                user_of(request),
                Did.parse(values["did"]),
                DidType(values["type"]),
                children=values["dids"],
                metadata=values["metadata"],
            )
        )


class Filling:
    """Puts DIDs into a collection and takes them out."""

    @extend_schema(request=MembersWish, responses={202: ChangeSerializer})
    def post(self, request: Request, scope: str, name: str) -> Response:
        """Have DIDs put in; what becomes of each is told by the change."""
        wish = MembersWish(data=request.data)
        wish.is_valid(raise_exception=True)
        did, listed = Did(scope, name), wish.validated_data["dids"]
        return begun(collecting.attach(user_of(request), did, listed))

    @extend_schema(request=MembersWish, responses={202: ChangeSerializer})
    def delete(self, request: Request, scope: str, name: str) -> Response:
        """Have DIDs taken out."""
        wish = MembersWish(data=request.data)
        wish.is_valid(raise_exception=True)
        did, listed = Did(scope, name), wish.validated_data["dids"]
        return begun(collecting.detach(user_of(request), did, listed))


class Changing:
    """Closes, opens, keeps, erases a DID, and sets its embargo."""

    @extend_schema(request=DidWish, responses={200: {"type": "null"}, 202: ChangeSerializer})
    def patch(self, request: Request, scope: str, name: str) -> Response:
        """Change one thing; 202, for an embargo without a body: the metadata's history tells it."""
        wish = DidWish(data=request.data)
        wish.is_valid(raise_exception=True)
        values, user, did = wish.validated_data, user_of(request), Did(scope, name)
        if len({"open", "erase", "embargo"} & values.keys()) != 1:
            raise InvalidRequest("Change one thing: open, erase or embargo.", field="open")
        if "open" in values:
            return begun(collecting.set_open(user, did, is_open=values["open"]))
        if "erase" in values:
            if values["erase"]:
                raise InvalidRequest("To erase it, DELETE it with its name.", field="erase")
            return begun(collecting.keep(user, did))
        if values["embargo"] is None:
            edit = marking.lift_embargo(user, did, sure=values["sure"])
        else:
            edit = marking.set_embargo(user, did, **values["embargo"])
        code = status.HTTP_202_ACCEPTED if edit else status.HTTP_200_OK
        return Response(None, status=code)

    @extend_schema(
        parameters=[OpenApiParameter("confirm", str, description="Its name once more.")],
        responses={202: ChangeSerializer},
    )
    def delete(self, request: Request, scope: str, name: str) -> Response:
        """Have a collection erased after the site's time of grace."""
        typed = request.query_params.get("confirm", "")
        return begun(collecting.erase(user_of(request), Did(scope, name), typed=typed))
