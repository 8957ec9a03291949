"""What tests of decisions share: a data manager, and copies that wait."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.test import Client

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest
from data_mgmt.services import replicas
from tests.factories import make_user, sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.conftest import give_token
from tests.unit.data_mgmt.steps import work
from vre_portal import operations


def a_manager(fake: FakeDataBackend, name: str = "dana") -> User:
    """Return somebody whom both the portal and Rucio take for a data manager."""
    user = make_user(name)
    user.roles = ["member", "datamanager"]
    user.save()
    fake.data_managers.add(user.handle)
    return give_token(user, fake)


def browser_of(user: User) -> Client:
    """Return somebody's browser."""
    client = Client()
    sign_in(client, user)
    return client


def a_waiting_request(user: User, did: Did, storage: str = "LAPP-DISK") -> ReplicaRequest:
    """Return a request whose rule was made and waits for approval."""
    request = ReplicaRequest.objects.create(
        user=user,
        did_scope=did.scope,
        did_name=did.name,
        storage=storage,
        ask_approval=True,
        comment="for the thesis",
        state="preparing",
    )
    operations.begin(replicas.CREATE, subject=request.pk, user_id=user.pk)
    work()
    ReplicaRequest.objects.filter(pk=request.pk).update(state="waiting_approval")
    request.refresh_from_db()
    return request


def rule_of(request: ReplicaRequest) -> UUID:
    """Return the id of a request's rule."""
    return UUID(request.rule_id)


def decided(desk: Client, request: ReplicaRequest, verb: str, note: str = "") -> Any:
    """Return the answer to a confirmed decision, with its work done."""
    told = {"rule": request.rule_id, "action": verb, "confirmed": "yes", "note": note}
    answer = desk.post("/data/approvals/decide", told)
    work()
    request.refresh_from_db()
    return answer
