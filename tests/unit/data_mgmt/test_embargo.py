"""Embargo: whose it is, how far it reaches, when it ends, and that nothing leaks in doubt."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.services import embargo
from data_mgmt.services.embargo import check_contents
from tests.fakes.data import FakeDataBackend
from vre_portal.config import get_config
from vre_portal.errors import Forbidden, NotFound, UpstreamUnavailable

pytestmark = pytest.mark.django_db
BEFORE = datetime(2030, 1, 31, 23, 59, tzinfo=UTC)
AFTER = datetime(2030, 2, 1, 0, 0, tzinfo=UTC)
FILE = Did("cms", "muons_1.root")
ALL = Did("cms", "all")


@pytest.fixture
def held(data_backend: FakeDataBackend, dimuon: Did) -> Did:
    """The small world's dataset, proprietary to a group."""
    told = {"embargo_until": "2030-01-31", "embargo_group": "/escape/cms"}
    data_backend.descriptions[dimuon].update(told)
    return dimuon


def join(user: User, *groups: str) -> User:
    user.groups = list(groups)
    user.save()
    return user


@pytest.mark.parametrize("asked", [Did("cms", "dimuon"), FILE, ALL])
def test_it_keeps_the_dataset_its_files_and_what_holds_them_from_others(
    bob: User, held: Did, asked: Did
) -> None:
    with pytest.raises(Forbidden) as refused:
        check_contents(bob, asked, now=BEFORE)

    for part in (str(held), "/escape/cms", "31 January 2030", "Ask root"):
        assert part in refused.value.message


@pytest.mark.parametrize("asked", [Did("cms", "dimuon"), FILE, ALL])
def test_a_member_of_the_group_sees_all(bob: User, held: Did, asked: Did) -> None:
    join(bob, "/escape", "/escape/cms")

    check_contents(bob, asked, now=BEFORE)


def test_the_day_after_it_is_open_by_itself(bob: User, held: Did) -> None:
    with pytest.raises(Forbidden):
        check_contents(bob, held, now=BEFORE)

    check_contents(bob, held, now=AFTER)


def test_it_reaches_down_any_number_of_levels(
    bob: User, data_backend: FakeDataBackend, dimuon: Did
) -> None:
    top = ALL
    for level in range(6):
        top = data_backend.add_container(f"cms:level-{level}", top)
    data_backend.descriptions[top] = {"embargo_until": "2030-01-31", "embargo_group": "g"}

    with pytest.raises(Forbidden):
        check_contents(bob, FILE, now=BEFORE)


def test_a_file_that_is_in_another_dataset_too_is_kept_there_as_well(
    bob: User, held: Did, data_backend: FakeDataBackend
) -> None:
    free = data_backend.add_dataset("cms:free", FILE)

    with pytest.raises(Forbidden):
        check_contents(bob, free, now=BEFORE)


def test_collecting_others_files_does_not_open_them(
    bob: User, held: Did, data_backend: FakeDataBackend
) -> None:
    trick = data_backend.add_dataset(f"user.{bob.handle}:trick", FILE)
    around = data_backend.add_container(f"user.{bob.handle}:around", held)
    data_backend.owners |= {trick: bob.handle, around: bob.handle}

    for did in (trick, around):
        with pytest.raises(Forbidden):
            check_contents(bob, did, now=BEFORE)


def test_the_owner_sees_what_is_theirs(bob: User, held: Did, data_backend: FakeDataBackend) -> None:
    data_backend.owners[FILE] = bob.handle

    check_contents(bob, FILE, now=BEFORE)
    with pytest.raises(Forbidden):
        check_contents(bob, held, now=BEFORE)
    data_backend.owners[held] = bob.handle
    embargo.changed()
    check_contents(bob, ALL, now=BEFORE)


def test_data_managers_and_operators_are_no_exception(bob: User, held: Did) -> None:
    bob.roles = ["member", "datamanager", "operator"]
    bob.save()

    with pytest.raises(Forbidden):
        check_contents(bob, held, now=BEFORE)


@pytest.mark.parametrize("until", ["soon", "2030-13-01", 20300131.5, ""])
def test_a_day_that_can_not_be_read_has_no_end(
    bob: User, held: Did, data_backend: FakeDataBackend, until: object
) -> None:
    data_backend.descriptions[held]["embargo_until"] = until

    with pytest.raises(Forbidden, match="without an end"):
        check_contents(bob, held, now=AFTER)


def test_without_a_group_it_is_for_nobody_but_the_owner(
    bob: User, held: Did, data_backend: FakeDataBackend
) -> None:
    del data_backend.descriptions[held]["embargo_group"]
    join(bob, "")

    with pytest.raises(Forbidden, match="nobody but its owner"):
        check_contents(bob, held, now=BEFORE)


def test_several_groups_may_see(bob: User, held: Did, data_backend: FakeDataBackend) -> None:
    data_backend.descriptions[held]["embargo_group"] = ["/escape/cms", "km3net"]
    join(bob, "km3net")

    check_contents(bob, held, now=BEFORE)


def test_membership_counts_as_it_is_now(bob: User, held: Did) -> None:
    join(bob, "/escape/cms")
    check_contents(bob, held, now=BEFORE)
    join(bob)

    with pytest.raises(Forbidden):
        check_contents(bob, held, now=BEFORE)


def test_while_rucio_is_silent_nothing_is_handed_out(
    bob: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    with (
        data_backend.down(UpstreamUnavailable("Rucio does not answer.")),
        pytest.raises(UpstreamUnavailable, match="under embargo"),
    ):
        check_contents(bob, dimuon, now=BEFORE)


@pytest.mark.parametrize("method", ["parents_of", "list_files", "metadata_of"])
def test_a_part_of_the_answer_is_not_enough(
    bob: User, dimuon: Did, data_backend: FakeDataBackend, method: str
) -> None:
    data_backend.fail_on(method, UpstreamUnavailable("Rucio does not answer."))

    with pytest.raises(UpstreamUnavailable):
        check_contents(bob, dimuon, now=BEFORE)


def test_what_is_not_there_is_not_found(bob: User, data_backend: FakeDataBackend) -> None:
    with pytest.raises(NotFound):
        check_contents(bob, Did("cms", "no-such-thing"), now=BEFORE)


def test_an_answer_is_kept_and_forgotten_at_a_change(
    bob: User, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    check_contents(bob, dimuon, now=BEFORE)
    asked = dict(data_backend.calls)
    check_contents(bob, dimuon, now=BEFORE)
    assert data_backend.calls == asked
    data_backend.descriptions[dimuon] |= {"embargo_until": "2030-01-31", "embargo_group": "g"}

    embargo.changed()

    with pytest.raises(Forbidden):
        check_contents(bob, dimuon, now=BEFORE)


def test_what_stands_in_too_many_collections_is_kept(
    bob: User, dimuon: Did, data_backend: FakeDataBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embargo, "COLLECTIONS", 5)
    monkeypatch.setattr(embargo, "FILES", 0)
    for number in range(6):
        data_backend.add_dataset(f"cms:copy-{number}", FILE)

    with pytest.raises(Forbidden, match="too many"):
        check_contents(bob, FILE, now=BEFORE)


@pytest.mark.parametrize(("scopes", "opens"), [("astro,user.*", True), ("cms", False), ("", True)])
def test_a_site_says_in_which_scopes_embargoes_count(
    bob: User, held: Did, monkeypatch: pytest.MonkeyPatch, scopes: str, opens: bool
) -> None:
    monkeypatch.setenv("VRE_EMBARGO_SCOPES", scopes)
    monkeypatch.setenv("VRE_DATA_BACKEND", "tests.fakes.data.FakeDataBackend")
    get_config.cache_clear()

    if opens:
        check_contents(bob, held, now=BEFORE)
        return
    with pytest.raises(Forbidden):
        check_contents(bob, held, now=BEFORE)


def test_who_may_see_is_listed_for_them_alone(alice: User, bob: User, held: Did) -> None:
    join(alice, "/escape/cms")
    mine = embargo.embargo_of(alice, held, now=BEFORE)
    theirs = embargo.embargo_of(bob, held, now=BEFORE)
    assert mine is not None
    assert theirs is not None

    assert embargo.members(alice, mine) == ["Alice"]
    assert embargo.members(bob, theirs) == []
    assert (mine.is_open, theirs.is_open) == (True, False)


def test_the_owner_is_named_whom_to_ask(
    alice: User, bob: User, held: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.owners[held] = alice.handle

    with pytest.raises(Forbidden) as refused:
        check_contents(bob, held, now=BEFORE)

    assert f"Ask Alice ({alice.handle})" in refused.value.message
