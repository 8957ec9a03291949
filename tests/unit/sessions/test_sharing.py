"""A session is shared for a time: who comes in, at which level, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import suspension
from accounts.models import AuditEvent, Identity, User
from activity.models import Event
from sessions import services
from sessions.models import Guest, Session, SessionState, Share
from sessions.services import entering_shared, guests, share_ends, sharing
from sessions.services.recipients import Recipient, recipient
from tests.factories import make_identity, make_user
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning
from tests.unit.sessions.conftest import launched, work
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    QuotaExceeded,
    TooManyRequests,
    UpstreamUnavailable,
)
from vre_portal.models import Operation, OperationState

GROUP = "/escape/cms"
DOWN = UpstreamUnavailable("It does not answer.")


@pytest.fixture
def session(alice: User, running: FakeRunning) -> Session:
    """Alice's session, which runs."""
    return launched(alice)


def in_group(*people: User, group: str = GROUP) -> None:
    for one in people:
        one.groups = [group]
        one.save()


def shared(session: Session, to: User | str, level: str = "view", hours: int = 8) -> Share:
    meant = Recipient(group=to) if isinstance(to, str) else Recipient(to)
    return sharing.share(session, meant, level=level, hours=hours)


def over(share: Share) -> None:
    Share.objects.filter(pk=share.pk).update(until=timezone.now() - timedelta(seconds=1))


def in_hub(hub: FakeHub, session: Session) -> set[str]:
    return hub.servers[session.user.handle, session.server].guests


def in_session(running: FakeRunning, session: Session) -> dict[str, str]:
    return running.of(session.user.handle, session.server).guests


def told(user: User) -> list[str]:
    return list(
        Event.objects.filter(user=user, verb__contains="share").values_list("verb", flat=True)
    )


# -- whom one may name


def test_a_person_is_found_by_handle_or_verified_address(alice: User, bob: User) -> None:
    identity = make_identity(bob, issuer="https://escape.test/")
    Identity.objects.filter(pk=identity.pk).update(email="Bob@Home.test", email_verified=True)

    assert recipient(alice, person=bob.handle).user == bob
    assert recipient(alice, person=" bob@home.test ").user == bob


@pytest.mark.parametrize("changes", [
    {"email_verified": False}, {"lapsed_at": timezone.now()}, {"email": "other@home.test"},
])  # fmt: skip
def test_an_address_that_nobody_vouches_for_names_nobody(
    alice: User, bob: User, changes: dict[str, object]
) -> None:
    identity = make_identity(bob, issuer="https://escape.test/")
    rows = Identity.objects.filter(pk=identity.pk)
    rows.update(**{"email": "bob@home.test", "email_verified": True} | changes)

    with pytest.raises(InvalidRequest, match="Nobody here has exactly"):
        recipient(alice, person="bob@home.test")


def test_an_address_of_two_people_names_neither(alice: User, bob: User) -> None:
    for number, user in enumerate((bob, make_user("carol"))):
        identity = make_identity(user, issuer="https://escape.test/", subject=f"s-{number}")
        rows = Identity.objects.filter(pk=identity.pk)
        rows.update(email="office@home.test", email_verified=True)

    with pytest.raises(InvalidRequest, match="Nobody here has exactly"):
        recipient(alice, person="office@home.test")


def test_a_wrong_name_and_somebody_who_may_not_act_get_one_answer(alice: User, bob: User) -> None:
    answers = []
    bob.is_active = False
    bob.save()
    for name in ("nobody-t9999", bob.handle, bob.handle[:-1], bob.display_name):
        with pytest.raises(InvalidRequest) as wrong:
            recipient(alice, person=name)
        answers.append(wrong.value.message)

    assert len(set(answers)) == 1


def test_names_are_not_tried_by_the_dozen(alice: User) -> None:
    def tries() -> None:
        for number in range(100):
            with pytest.raises(InvalidRequest):
                recipient(alice, person=f"guess-{number}")

    with pytest.raises(TooManyRequests):
        tries()


@pytest.mark.parametrize("named", [{}, {"person": "a", "group": GROUP}, {"group": "/other"}])
def test_one_person_or_one_group_of_ones_own_is_named(alice: User, named: dict[str, str]) -> None:
    in_group(alice)

    with pytest.raises(InvalidRequest):
        recipient(alice, **named)


def test_nobody_shares_with_themself(alice: User) -> None:
    with pytest.raises(InvalidRequest, match="That is you"):
        recipient(alice, person=alice.handle)


# -- sharing


def test_a_share_is_told_to_its_guest_and_opens_nothing_by_itself(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)

    assert told(bob) == ["session.shared"]
    assert Event.objects.get(user=bob, verb="session.shared").url == f"/sessions/shared/{made.pk}"
    assert not in_hub(hub, session)
    assert not in_session(running, session)
    (event,) = AuditEvent.objects.filter(action="session.shared")
    assert (event.actor, event.detail["with"]) == (session.user_id, bob.handle)


def test_a_group_share_is_told_to_its_members_only(
    session: Session, alice: User, bob: User
) -> None:
    in_group(alice, bob)
    stranger = make_user("carol")

    shared(session, GROUP)

    assert told(bob) == ["session.shared"]
    assert not told(alice)
    assert not told(stranger)


@pytest.mark.parametrize(("level", "hours"), [("admin", 8), ("view", 9), ("view", 0)])
def test_only_known_levels_and_times_are_taken(
    session: Session, bob: User, level: str, hours: int
) -> None:
    with pytest.raises(InvalidRequest):
        shared(session, bob, level, hours)


def test_the_same_share_again_gets_the_new_time(session: Session, bob: User) -> None:
    first = shared(session, bob, hours=1)

    again = shared(session, bob, hours=24)

    assert again.pk == first.pk
    assert again.until - timezone.now() > timedelta(hours=23)
    assert Share.objects.count() == 1


def test_a_session_that_has_ended_is_not_shared(session: Session, bob: User) -> None:
    services.stop(session)
    work()
    session.refresh_from_db()

    with pytest.raises(Conflict):
        shared(session, bob)


def test_one_session_is_not_shared_without_end(
    session: Session, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sharing, "MOST_SHARES", 1)
    shared(session, bob)

    with pytest.raises(QuotaExceeded):
        shared(session, make_user("carol"))


# -- coming in


def test_a_guest_is_let_in_at_their_level(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob, "view")

    url = entering_shared.open_shared(bob, made.pk)

    assert url == f"http://hub.test{session.url}"
    assert in_hub(hub, session) == {bob.handle}
    assert in_session(running, session) == {bob.handle: "view"}
    (event,) = AuditEvent.objects.filter(action="session.share-opened")
    assert (event.actor, event.object_id) == (bob.pk, str(session.pk))


def test_work_wins_when_somebody_has_both(
    session: Session, alice: User, bob: User, running: FakeRunning
) -> None:
    in_group(alice, bob)
    work_for_bob = shared(session, bob, "work")
    view_for_all = shared(session, GROUP, "view")

    entering_shared.open_shared(bob, work_for_bob.pk)
    entering_shared.open_shared(bob, view_for_all.pk)

    assert in_session(running, session) == {bob.handle: "work"}


def test_everybody_who_is_in_stays_in_when_another_comes(
    session: Session, bob: User, running: FakeRunning
) -> None:
    carol = make_user("carol")
    for guest, level in ((bob, "work"), (carol, "view")):
        entering_shared.open_shared(guest, shared(session, guest, level).pk)

    assert in_session(running, session) == {bob.handle: "work", carol.handle: "view"}


def test_strangers_and_the_owner_find_no_share(session: Session, bob: User) -> None:
    made = shared(session, bob)

    for other in (make_user("carol"), session.user):
        with pytest.raises(NotFound):
            entering_shared.open_shared(other, made.pk)
        assert not entering_shared.shared_with(other)


def test_whoever_left_the_group_does_not_come_in(
    session: Session, alice: User, bob: User, hub: FakeHub
) -> None:
    in_group(alice, bob)
    made = shared(session, GROUP)
    in_group(bob, group="/other")

    with pytest.raises(NotFound):
        entering_shared.open_shared(bob, made.pk)
    assert not in_hub(hub, session)


def test_a_guest_who_has_not_accepted_the_terms_does_not_come_in(
    session: Session, hub: FakeHub
) -> None:
    newcomer = make_user("newcomer", accepted=False)
    made = shared(session, newcomer)

    with pytest.raises(Forbidden):
        entering_shared.open_shared(newcomer, made.pk)
    assert not in_hub(hub, session)


def test_a_session_that_starts_is_not_opened(alice: User, bob: User, running: FakeRunning) -> None:
    queued = services.launch(alice, environment="physics")
    made = shared(queued, bob)

    with pytest.raises(Conflict, match="not ready"):
        entering_shared.open_shared(bob, made.pk)


def test_a_share_that_is_over_opens_nothing_before_the_clock_looks(
    session: Session, bob: User, hub: FakeHub
) -> None:
    made = shared(session, bob)
    over(made)

    with pytest.raises(NotFound):
        entering_shared.open_shared(bob, made.pk)
    assert not in_hub(hub, session)


def test_nobody_is_let_in_at_the_hub_before_the_session_knows_their_level(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    running.fail_on("set_guests", NotFound("There is no such thing in the session."))

    with pytest.raises(Conflict, match="can't take guests"):
        entering_shared.open_shared(bob, made.pk)

    assert not in_hub(hub, session)
    assert not Guest.objects.exists()


def test_with_the_hub_silent_the_guest_is_told_and_tries_again(
    session: Session, bob: User, hub: FakeHub
) -> None:
    made = shared(session, bob)
    hub.fail_on("let_in", DOWN, times=1)

    with pytest.raises(UpstreamUnavailable):
        entering_shared.open_shared(bob, made.pk)
    entering_shared.open_shared(bob, made.pk)

    assert in_hub(hub, session) == {bob.handle}


def test_a_share_that_ends_while_its_guest_comes_in_is_taken_back(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    ensure_user = hub.ensure_user

    def revoked_meanwhile(credential: object, handle: str) -> None:
        ensure_user(credential, handle)  # type: ignore[arg-type]
        sharing.revoke(made)
        work()

    hub.ensure_user = revoked_meanwhile  # type: ignore[method-assign]
    with pytest.raises(NotFound, match="just ended"):
        entering_shared.open_shared(bob, made.pk)
    work()

    assert not in_hub(hub, session)
    assert not in_session(running, session)
    assert not Guest.objects.exists()


# -- the end


def test_a_revoked_guest_is_put_out_and_told(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob, "work")
    entering_shared.open_shared(bob, made.pk)

    sharing.revoke(made)
    work()

    assert not in_hub(hub, session)
    assert not in_session(running, session)
    assert not Guest.objects.exists()
    assert sorted(told(bob)) == ["session.share-ended", "session.shared"]
    with pytest.raises(NotFound):
        entering_shared.open_shared(bob, made.pk)


def test_the_portals_own_door_is_shut_before_the_hub_hears(
    session: Session, bob: User, hub: FakeHub
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    hub.fail_on("shut_out", DOWN)

    sharing.revoke(made)

    with pytest.raises(NotFound):
        entering_shared.open_shared(bob, made.pk)
    assert not entering_shared.shared_with(bob)


def test_with_the_hub_silent_the_session_puts_out_at_once_and_the_hub_hears_later(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    hub.fail_on("shut_out", DOWN)
    sharing.revoke(made)

    work(turns=1)
    while_silent = dict(in_session(running, session))
    hub.recover()
    work()

    assert not while_silent
    assert not in_hub(hub, session)
    assert not Guest.objects.exists()


def test_a_revocation_that_was_given_up_is_begun_again_by_the_clock(
    session: Session, bob: User, hub: FakeHub
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    hub.fail_on("shut_out", DOWN)
    sharing.revoke(made)
    work()
    gave_up = Operation.objects.filter(kind=guests.SETTLE, state=OperationState.FAILED).count()

    hub.recover()
    share_ends.end_shares()
    work()

    assert gave_up == 1
    assert not in_hub(hub, session)


def test_who_has_another_share_stays_in_by_that(
    session: Session, alice: User, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    in_group(alice, bob)
    to_bob, to_group = shared(session, bob, "work"), shared(session, GROUP, "view")
    for one in (to_bob, to_group):
        entering_shared.open_shared(bob, one.pk)

    sharing.revoke(to_bob)
    work()

    assert in_hub(hub, session) == {bob.handle}
    assert in_session(running, session) == {bob.handle: "view"}


def test_one_guests_end_leaves_the_other_in(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    carol = make_user("carol")
    first, second = shared(session, bob), shared(session, carol, "work")
    entering_shared.open_shared(bob, first.pk)
    entering_shared.open_shared(carol, second.pk)

    sharing.revoke(first)
    work()

    assert in_hub(hub, session) == {carol.handle}
    assert in_session(running, session) == {carol.handle: "work"}


def test_a_share_ends_with_its_time_once(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    over(made)

    share_ends.end_shares()
    share_ends.end_shares()
    work()

    assert not in_hub(hub, session)
    assert not in_session(running, session)
    assert told(bob).count("session.share-ended") == 1


def test_a_share_ends_with_its_session(session: Session, bob: User, hub: FakeHub) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    services.stop(session)
    work()

    share_ends.end_shares()
    work()

    made.refresh_from_db()
    assert made.revoked_at is not None
    assert not Guest.objects.exists()
    assert "session.share-ended" in told(bob)


def test_a_session_that_restarts_keeps_its_shares_but_not_its_guests(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)
    Session.objects.filter(pk=session.pk).update(
        state=SessionState.STOPPED, restart_with={"memory_gb": "4"}
    )
    share_ends.end_shares()
    Session.objects.filter(pk=session.pk).update(
        state=SessionState.READY, restart_with=None, ready_at=timezone.now()
    )

    share_ends.end_shares()
    work()
    after = dict(in_session(running, session))
    entering_shared.open_shared(bob, made.pk)

    assert not after
    assert in_session(running, session) == {bob.handle: "view"}


def test_leaving_the_group_puts_a_guest_out_within_a_tick(
    session: Session, alice: User, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    carol = make_user("carol")
    in_group(alice, bob, carol)
    made = shared(session, GROUP, "work")
    for guest in (bob, carol):
        entering_shared.open_shared(guest, made.pk)
    in_group(bob, group="/other")

    share_ends.end_shares()
    work()

    assert in_hub(hub, session) == {carol.handle}
    assert in_session(running, session) == {carol.handle: "work"}


def test_a_group_that_its_owner_left_lets_nobody_in(
    session: Session, alice: User, bob: User, hub: FakeHub
) -> None:
    in_group(alice, bob)
    made = shared(session, GROUP)
    entering_shared.open_shared(bob, made.pk)
    in_group(alice, group="/other")

    share_ends.end_shares()
    work()

    assert not in_hub(hub, session)
    assert not entering_shared.shared_with(bob)


def test_a_suspended_guest_is_put_out_at_once_and_for_good(
    session: Session, bob: User, hub: FakeHub, running: FakeRunning
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)

    suspension.suspend(bob, reason="incident")
    work()
    suspension.reinstate(bob)

    assert not in_hub(hub, session)
    assert not in_session(running, session)
    assert not entering_shared.shared_with(bob)


def test_a_suspended_member_of_a_group_is_put_out(
    session: Session, alice: User, bob: User, hub: FakeHub
) -> None:
    in_group(alice, bob)
    made = shared(session, GROUP)
    entering_shared.open_shared(bob, made.pk)

    suspension.suspend(bob, reason="incident")
    work()

    assert not in_hub(hub, session)


def test_an_owner_who_is_suspended_shares_nothing_any_more(
    session: Session, alice: User, bob: User, hub: FakeHub
) -> None:
    made = shared(session, bob)
    entering_shared.open_shared(bob, made.pk)

    suspension.suspend(alice, reason="incident")
    work()

    assert not hub.servers
    assert not entering_shared.shared_with(bob)
    assert not Guest.objects.exists()


def test_another_time_counts_from_now(session: Session, bob: User) -> None:
    made = shared(session, bob, hours=168)

    sharing.change_time(made, hours=1)

    made.refresh_from_db()
    assert made.until - timezone.now() < timedelta(hours=1, seconds=1)
    assert AuditEvent.objects.filter(action="session.share-changed").exists()


def test_a_share_that_is_taken_back_is_not_found_again(session: Session, bob: User) -> None:
    made = shared(session, bob)
    sharing.revoke(made)

    with pytest.raises(NotFound):
        sharing.share_of(session, made.pk)
