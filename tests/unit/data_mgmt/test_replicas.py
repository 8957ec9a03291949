"""Replica requests: made once, cancelled, and told in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import User
from activity.services import timeline
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import replicas
from tests.factories import make_identity, make_user
from tests.fakes.data import FakeDataBackend
from tests.fakes.provider import FakeProvider
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    UpstreamUnavailable,
)
from vre_portal.models import Operation, OperationState

pytestmark = pytest.mark.django_db


def test_a_request_is_saved_before_the_rule_is_made(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK", comment="near me")

    assert request.state == RequestState.PREPARING
    assert (request.files_total, request.bytes_total) == (3, 600)
    assert data_backend.calls["add_rule"] == 0
    assert Operation.objects.filter(subject=request.pk, state="waiting").count() == 1


def test_the_rule_is_made_for_the_users_own_account(
    alice: User, data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    rule = data_backend.rules[asked.rule_id].rule

    assert (rule.account, rule.storage, rule.did) == (alice.handle, "LAPP-DISK", asked.did)


def test_a_worker_killed_after_making_the_rule_makes_no_second_one(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    rule_id = asked.rule_id
    ReplicaRequest.objects.filter(pk=asked.pk).update(rule_id="")
    Operation.objects.filter(subject=asked.pk).update(state="waiting", lease=None)

    work()

    asked.refresh_from_db()
    assert asked.rule_id == rule_id
    assert len(data_backend.rules) == 1


def test_asking_twice_gives_the_same_request(alice: User, dimuon: Did) -> None:
    first = services.request_replica(alice, dimuon, storage="LAPP-DISK")

    second = services.request_replica(alice, dimuon, storage="LAPP-DISK")

    assert second.pk == first.pk


def test_an_unknown_dataset_is_not_found(alice: User) -> None:
    with pytest.raises(NotFound, match="no such file, dataset or container"):
        services.request_replica(alice, Did("cms", "nothing"), storage="LAPP-DISK")


def test_an_unknown_storage_is_not_found_by_name(alice: User, dimuon: Did) -> None:
    with pytest.raises(NotFound, match="ATLANTIS"):
        services.request_replica(alice, dimuon, storage="ATLANTIS")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"copies": 2}, "copies"),
        ({"copies": 0}, "copies"),
        ({"lifetime_days": 0}, "lifetime_days"),
        ({"lifetime_days": 4000}, "lifetime_days"),
        ({"comment": "x" * 251}, "comment"),
    ],
)
def test_a_wish_out_of_bounds_names_its_field(
    alice: User, dimuon: Did, wish: dict[str, int], field: str
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.request_replica(alice, dimuon, storage="LAPP-DISK", **wish)  # type: ignore[arg-type]

    assert refused.value.field == field
    assert not ReplicaRequest.objects.exists()


def test_a_wish_beyond_the_quota_gives_the_numbers(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 500)

    with pytest.raises(QuotaExceeded) as refused:
        services.request_replica(alice, dimuon, storage="LAPP-DISK")

    assert refused.value.members() == {"need": 600, "limit": 500, "used": 0}


def test_the_lifetime_reaches_the_rule(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    services.request_replica(alice, dimuon, storage="LAPP-DISK", lifetime_days=2)
    work()

    (kept,) = data_backend.rules.values()

    assert kept.rule.expires_at is not None
    assert kept.rule.created_at is not None
    assert kept.rule.expires_at - kept.rule.created_at == timedelta(days=2)


def test_cancelling_ends_the_rule_and_then_the_request(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    services.cancel(asked)
    assert asked.is_cancelling

    work()

    asked.refresh_from_db()
    assert asked.state == RequestState.CANCELLED
    assert data_backend.rules == {}


def test_cancelling_twice_is_the_same_as_once(asked: ReplicaRequest) -> None:
    services.cancel(asked)
    services.cancel(asked)

    assert Operation.objects.filter(kind=replicas.CANCEL).count() == 1


def test_a_request_cancelled_before_its_rule_makes_none(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    services.cancel(request)

    work()

    request.refresh_from_db()
    assert request.state == RequestState.CANCELLED
    assert data_backend.calls["add_rule"] == 0


def test_an_ended_request_cannot_be_cancelled(asked: ReplicaRequest) -> None:
    ReplicaRequest.objects.update(state=RequestState.EXPIRED)
    asked.refresh_from_db()

    with pytest.raises(Conflict):
        services.cancel(asked)


def test_a_refusal_fails_the_request_with_its_reason_and_can_be_tried_again(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    data_backend.fail_on("add_rule", QuotaExceeded("Your quota at this storage does not suffice."))
    work()
    request.refresh_from_db()
    assert (request.state, request.reason) == (
        RequestState.FAILED,
        "Your quota at this storage does not suffice.",
    )
    data_backend.fail_on("add_rule", None)

    services.retry(request)
    work()

    request.refresh_from_db()
    assert request.state == RequestState.PREPARING
    assert request.rule_id in data_backend.rules


def test_rucio_down_is_tried_again_and_nothing_is_lost(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    data_backend.fail_on("add_rule", UpstreamUnavailable("Rucio does not answer"))
    work()
    assert Operation.objects.get(subject=request.pk).state == OperationState.WAITING
    data_backend.fail_on("add_rule", None)

    work()

    request.refresh_from_db()
    assert request.rule_id in data_backend.rules


def test_nobody_sees_the_request_of_another(bob: User, asked: ReplicaRequest) -> None:
    with pytest.raises(NotFound):
        services.find(bob, asked.pk)
    with pytest.raises(NotFound):
        services.present_state(bob.pk, str(asked.pk))


def test_an_id_that_is_none_is_not_found(alice: User) -> None:
    with pytest.raises(NotFound):
        services.find(alice, "not-a-uuid")


def test_what_happened_stands_on_the_timeline(
    alice: User, data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.arrive(asked.rule_id)

    tick(asked)

    texts = [event.text for event in timeline(alice, ("replica-request", asked.pk))]
    assert texts == [
        "cms:dimuon is complete at LAPP-DISK",
        "Asked for a copy of cms:dimuon at LAPP-DISK",
    ]


def test_the_estimate_leaves_out_what_is_there(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.files[Did("cms", "muons_3.root")].storages.add("LAPP-DISK")

    found = services.estimate(alice, dimuon, storage="LAPP-DISK")

    assert (found.files_to_move, found.bytes_to_move) == (2, 300)
    assert found.fits


def test_the_estimate_says_when_it_does_not_fit(
    alice: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    data_backend.set_limit(alice.handle, "LAPP-DISK", 10)

    found = services.estimate(alice, dimuon, storage="LAPP-DISK")

    assert not found.fits
    assert "does not suffice" in found.problem


def test_the_account_is_made_once_and_found_again(
    alice: User, data_backend: FakeDataBackend
) -> None:
    from data_mgmt.services.provisioning import provision

    data_backend.accounts["older-name"] = {
        ("https://escape.test/", f"sub-{alice.handle}"),
    }

    assert provision(alice) == "older-name"
    assert provision(alice) == "older-name"


def test_no_account_is_made_for_somebody_who_gets_no_token_for_it(
    data_backend: FakeDataBackend, provider: FakeProvider
) -> None:
    from data_mgmt.services.provisioning import provision

    carol = make_user("carol")
    make_identity(carol, issuer=provider.issuer)
    provider.refuse["token-exchange"] = (400, "unsupported_grant_type")

    with pytest.raises(PortalError, match="gives no token for Rucio"):
        provision(carol)

    assert data_backend.accounts == {}


def test_a_failed_provisioning_is_told_as_it_is(alice: User, data_backend: FakeDataBackend) -> None:
    from data_mgmt.services.provisioning import provision

    data_backend.fail_on("ensure_account", UpstreamUnavailable("Rucio does not answer"))

    with pytest.raises(PortalError, match="does not answer"):
        provision(alice)
