"""Requests while they stand: kept longer, described, boosted, ended later, several at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt import services
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest, RequestState
from data_mgmt.services import Changes, changes
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import tick, work
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, UpstreamUnavailable
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db


def lifetime(days: int | None) -> Changes:
    return Changes(days, keeps_lifetime=False)


def told(request: ReplicaRequest) -> list[str]:
    return [*Event.objects.filter(subject_id=str(request.pk)).values_list("text", flat=True)]


def test_an_extension_moves_the_end_of_the_rule(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    services.change(asked, lifetime(30))
    work()

    asked.refresh_from_db()
    end = data_backend.rules[asked.rule_id].rule.expires_at
    assert asked.lifetime_days == 30
    assert asked.expires_at == end
    assert end is not None
    assert abs(end - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


def test_a_lifetime_may_be_taken_away(data_backend: FakeDataBackend, asked: ReplicaRequest) -> None:
    services.change(asked, lifetime(30))
    work()
    services.change(asked, lifetime(None))
    work()

    asked.refresh_from_db()
    assert (asked.lifetime_days, asked.expires_at) == (None, None)
    assert data_backend.rules[asked.rule_id].rule.expires_at is None


def test_an_extension_before_the_rule_is_made_counts_too(
    alice: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")
    services.change(request, lifetime(7))

    work()
    work()

    request.refresh_from_db()
    assert request.expires_at is not None
    assert request.expires_at == data_backend.rules[request.rule_id].rule.expires_at


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_a_lifetime_out_of_bounds_names_its_field(asked: ReplicaRequest, days: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        services.change(asked, lifetime(days))

    assert refused.value.field == "lifetime_days"
    asked.refresh_from_db()
    assert asked.lifetime_days is None


def test_nothing_to_change_is_told(asked: ReplicaRequest) -> None:
    with pytest.raises(InvalidRequest, match="what is to change"):
        services.change(asked, Changes())


def test_a_comment_reaches_the_rule(data_backend: FakeDataBackend, asked: ReplicaRequest) -> None:
    services.change(asked, Changes(comment="for the thesis, 100 %"))
    work()

    assert data_backend.rules[asked.rule_id].rule.comment == "for the thesis, 100 %"


def test_a_stuck_request_is_boosted(data_backend: FakeDataBackend, asked: ReplicaRequest) -> None:
    data_backend.stick(asked.rule_id, "the source is away")
    tick(asked)

    services.change(asked, Changes(boost=True))
    work()

    assert data_backend.calls["boost_rule"] == 1


def test_what_is_not_stuck_cannot_be_boosted(asked: ReplicaRequest) -> None:
    with pytest.raises(Conflict, match="boost: only what is stuck or on its way"):
        services.change(asked, Changes(boost=True))

    assert not Operation.objects.filter(kind=changes.BOOST).exists()


def test_an_end_in_an_hour_may_still_be_extended(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    services.end_later(asked)
    work()
    asked.refresh_from_db()
    soon = asked.expires_at
    services.change(asked, lifetime(90))
    work()

    asked.refresh_from_db()
    assert soon is not None
    assert timedelta(minutes=59) < soon - timezone.now() <= timedelta(hours=1)
    assert asked.expires_at is not None
    assert asked.expires_at - timezone.now() > timedelta(days=89)
    assert asked.is_active


def test_without_a_rule_nothing_ends_later(
    alice: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    request = services.request_replica(alice, dimuon, storage="LAPP-DISK")

    with pytest.raises(Conflict, match="cancel it instead"):
        services.end_later(request)


def test_what_has_ended_cannot_be_changed(asked: ReplicaRequest) -> None:
    services.cancel(asked)
    with pytest.raises(Conflict, match="being cancelled"):
        services.change(asked, lifetime(30))
    work()
    asked.refresh_from_db()

    with pytest.raises(Conflict, match="ended already"):
        services.change(asked, lifetime(30))
    with pytest.raises(Conflict, match="ended already"):
        services.end_later(asked)


def test_a_refused_extension_is_told_and_taken_back(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.fail_on("set_lifetime", Forbidden("Rucio does not let your account do 100 %."))

    services.change(asked, lifetime(30))
    work()

    asked.refresh_from_db()
    assert asked.lifetime_days is None
    assert (
        "The lifetime of cms:dimuon at LAPP-DISK could not be changed: "
        "Rucio does not let your account do 100 %."
    ) in told(asked)


def test_a_change_waits_while_rucio_is_away(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.fail_on("set_lifetime", UpstreamUnavailable("Rucio does not answer"))
    services.change(asked, lifetime(30))
    work()
    data_backend.fail_on("set_lifetime", None)

    work()

    asked.refresh_from_db()
    assert asked.expires_at is not None


def test_a_change_of_a_rule_that_is_gone_ends_the_request(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    services.change(asked, lifetime(30))
    data_backend.remove(asked.rule_id)
    work()

    tick(asked)

    assert asked.state == RequestState.CANCELLED


def test_a_lifetime_that_rucio_cuts_is_told(
    data_backend: FakeDataBackend, asked: ReplicaRequest
) -> None:
    data_backend.longest_lifetime = timedelta(days=14)

    services.change(asked, lifetime(365))
    work()

    assert any("only until" in text for text in told(asked))


def test_each_change_is_told_and_written_down(asked: ReplicaRequest) -> None:
    services.change(asked, Changes(30, keeps_lifetime=False, comment="mine"))
    services.end_later(asked)

    actions = AuditEvent.objects.filter(object_id=str(asked.pk)).values_list("action", flat=True)
    assert {
        "replica-request.extended",
        "replica-request.commented",
        "replica-request.ending",
    } <= {*actions}
    assert "Asked to keep cms:dimuon at LAPP-DISK for 30 days from now" in told(asked)


def test_several_are_extended_by_an_operation_each(alice: User, asked: ReplicaRequest) -> None:
    other = services.request_replica(alice, Did("cms", "muons_1.root"), storage="LAPP-DISK")
    ended = services.request_replica(alice, Did("cms", "muons_2.root"), storage="LAPP-DISK")
    work()
    services.cancel(ended)

    chosen = services.chosen(alice, [asked.pk, other.pk, ended.pk])
    refused = services.extend_all(chosen, 30)

    assert [each.request for each in refused] == [ended]
    assert Operation.objects.filter(kind=changes.LIFETIME).count() == 2


def test_several_are_cancelled_by_an_operation_each(
    alice: User, asked: ReplicaRequest, data_backend: FakeDataBackend
) -> None:
    other = services.request_replica(alice, Did("cms", "muons_1.root"), storage="LAPP-DISK")
    work()

    assert services.cancel_all(services.chosen(alice, [asked.pk, other.pk])) == []
    work()

    assert data_backend.rules == {}


def test_nobody_chooses_the_requests_of_another(bob: User, asked: ReplicaRequest) -> None:
    with pytest.raises(InvalidRequest, match="at least one"):
        services.chosen(bob, [asked.pk])
