"""Collections: made, filled, emptied, closed, erased and kept, each DID told what became of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt.backends import Did, DidType
from data_mgmt.models import CollectionChange, CollectionItem, MetadataEdit
from data_mgmt.services import collecting, collecting_steps, damage
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal import operations
from vre_portal.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    NotFound,
    UpstreamUnavailable,
)
from vre_portal.models import Operation

pytestmark = pytest.mark.django_db
FILES = [Did("cms", f"muons_{n}.root") for n in (1, 2, 3)]
DATASET, CONTAINER = DidType.DATASET, DidType.CONTAINER


@pytest.fixture
def scope(alice: User, data_backend: FakeDataBackend) -> str:
    """Alice's own scope."""
    name = f"user.{alice.handle}"
    data_backend.scopes.add(name)
    return name


@pytest.fixture
def mine(alice: User, data_backend: FakeDataBackend, scope: str) -> Did:
    """An open dataset of Alice's with one file."""
    did = data_backend.add_dataset(f"{scope}:mine", FILES[0])
    data_backend.open.add(did)
    return did


def settled(change: CollectionChange) -> CollectionChange:
    """Return a change after the worker's turn."""
    work()
    work()  # what the change itself began
    change.refresh_from_db()
    return change


def told(change: CollectionChange) -> dict[str, str]:
    return {item.did_name: item.state for item in change.items.all()}


def test_a_dataset_is_made_and_filled(
    alice: User, data_backend: FakeDataBackend, scope: str
) -> None:
    did = Did(scope, "picked")

    change = settled(
        collecting.make(alice, did, DATASET, children=FILES, metadata={"title": "Picked"})
    )

    assert (change.state, change.settled, change.refused) == ("done", 3, 0)
    assert data_backend.children[did] == FILES
    assert data_backend.owners[did] == alice.handle
    assert data_backend.descriptions[did] == {"title": "Picked"}
    assert MetadataEdit.objects.get(did_name="picked").state == "done"
    assert AuditEvent.objects.get(action="collection.make").detail["as"] == alice.handle
    assert f"Made {did}" in Event.objects.get(verb="collection-change.done").text


@pytest.mark.parametrize(
    ("name", "field"), [("x", "name"), ("two words", "name"), ("tab\there", "name")]
)
def test_a_name_that_can_not_be_is_refused(alice: User, scope: str, name: str, field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        collecting.make(alice, Did(scope, name), DATASET)

    assert refused.value.field == field


def test_nothing_is_made_in_the_scope_of_others(alice: User, scope: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        collecting.make(alice, Did("cms", "new"), DATASET)

    assert refused.value.field == "scope"


def test_a_name_that_is_taken_is_told(alice: User, mine: Did) -> None:
    with pytest.raises(Conflict, match="exists already"):
        collecting.make(alice, mine, DATASET)


def test_a_worker_killed_after_making_goes_on(
    alice: User, data_backend: FakeDataBackend, scope: str
) -> None:
    did = Did(scope, "again")
    change = collecting.make(alice, did, DATASET, children=FILES[:1])
    data_backend.types[did] = DATASET
    data_backend.owners[did] = alice.handle
    data_backend.open.add(did)
    data_backend.made[did] = datetime.now(UTC)

    assert settled(change).state == "done"
    assert data_backend.children[did] == FILES[:1]


def test_one_that_somebody_else_made_meanwhile_is_not_taken(
    alice: User, data_backend: FakeDataBackend, scope: str
) -> None:
    did = Did(scope, "raced")
    change = collecting.make(alice, did, DATASET)
    data_backend.add_dataset(str(did))

    change = settled(change)

    assert (change.state, change.reason) == ("failed", "This exists already.")


def test_each_did_is_told_what_became_of_it(
    alice: User, data_backend: FakeDataBackend, mine: Did, dimuon: Did
) -> None:
    listed = [*FILES, Did("cms", "no-such-thing"), dimuon, mine]

    change = settled(collecting.attach(alice, mine, listed))

    assert (change.state, change.settled, change.refused) == ("partly", 6, 3)
    assert told(change) == {
        "muons_1.root": "there", "muons_2.root": "done", "muons_3.root": "done",
        "no-such-thing": "refused", "dimuon": "refused", "mine": "refused",
    }  # fmt: skip
    reasons = {item.did_name: item.reason for item in change.items.exclude(reason="")}
    assert "no such file" in reasons["no-such-thing"]
    assert "holds files only" in reasons["dimuon"]
    assert "itself" in reasons["mine"]
    assert data_backend.children[mine] == FILES


def test_a_container_holds_one_kind(
    alice: User, data_backend: FakeDataBackend, scope: str, dimuon: Did
) -> None:
    box = data_backend.add_container(f"{scope}:box")
    data_backend.open.add(box)

    change = settled(collecting.attach(alice, box, [FILES[0], dimuon, Did("cms", "all")]))

    assert told(change) == {"muons_1.root": "refused", "dimuon": "done", "all": "refused"}


def test_a_container_is_not_put_into_what_it_holds(
    alice: User, data_backend: FakeDataBackend, scope: str
) -> None:
    inner = data_backend.add_container(f"{scope}:inner")
    outer = data_backend.add_container(f"{scope}:outer", inner)
    free = data_backend.add_container(f"{scope}:free")
    data_backend.open |= {inner, outer, free}

    change = settled(collecting.attach(alice, inner, [outer, free]))

    assert told(change) == {"outer": "refused", "free": "done"}
    assert "holds this collection itself" in change.items.get(state="refused").reason


def test_nothing_goes_into_a_closed_one(
    alice: User, data_backend: FakeDataBackend, mine: Did
) -> None:
    data_backend.open.discard(mine)
    with pytest.raises(Conflict, match="closed"):
        collecting.attach(alice, mine, FILES)

    data_backend.open.add(mine)
    change = collecting.attach(alice, mine, FILES)
    data_backend.open.discard(mine)

    change = settled(change)
    assert change.state == "failed"
    assert "closed" in change.reason


def test_dids_are_taken_out(alice: User, data_backend: FakeDataBackend, mine: Did) -> None:
    change = settled(collecting.detach(alice, mine, FILES[:2]))

    assert told(change) == {"muons_1.root": "done", "muons_2.root": "refused"}
    assert data_backend.children[mine] == []


def test_a_list_of_which_nothing_is_taken_has_failed(alice: User, mine: Did) -> None:
    change = settled(collecting.detach(alice, mine, FILES[1:]))

    assert change.state == "failed"
    assert "None of the list" in change.reason


def test_a_long_list_is_worked_off_in_parts_and_goes_on_after_a_fault(
    alice: User, data_backend: FakeDataBackend, mine: Did, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting_steps, "CHUNK", 10)
    listed = [data_backend.add_file(f"cms:many_{n:03}.root", b"x") for n in range(35)]
    change = collecting.attach(alice, mine, listed)
    data_backend.fail_on("attach", UpstreamUnavailable("Rucio does not answer."))
    work()
    change.refresh_from_db()
    assert (change.state, change.settled) == ("waiting", 0)

    data_backend.fail_on("attach", None)
    change = settled(change)

    assert (change.state, change.settled) == ("done", 35)
    assert data_backend.calls["attach"] == 5


def test_too_long_and_empty_lists_are_refused(
    alice: User, mine: Did, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST", 2)

    for listed in ([], FILES):
        with pytest.raises(InvalidRequest) as refused:
            collecting.attach(alice, mine, listed)
        assert refused.value.field == "dids"
    assert not CollectionItem.objects.exists()


@pytest.mark.parametrize("what", ["attach", "detach", "close", "erase", "keep"])
def test_what_belongs_to_others_is_not_changed(alice: User, dimuon: Did, what: str) -> None:
    actions = {
        "attach": lambda: collecting.attach(alice, dimuon, FILES),
        "detach": lambda: collecting.detach(alice, dimuon, FILES),
        "close": lambda: collecting.set_open(alice, dimuon, is_open=False),
        "erase": lambda: collecting.erase(alice, dimuon, typed="dimuon"),
        "keep": lambda: collecting.keep(alice, dimuon),
    }

    with pytest.raises(Forbidden, match="owner of the scope cms"):
        actions[what]()

    assert not CollectionChange.objects.exists()


def test_while_rucio_is_silent_nobody_is_told_that_it_is_not_theirs(
    alice: User, data_backend: FakeDataBackend, mine: Did
) -> None:
    data_backend.fail_on("may_describe", UpstreamUnavailable("Rucio does not answer."))

    with pytest.raises(UpstreamUnavailable):
        collecting.detach(alice, mine, FILES)


def test_it_is_closed_and_opened_again(
    alice: User, data_backend: FakeDataBackend, mine: Did
) -> None:
    assert settled(collecting.set_open(alice, mine, is_open=False)).state == "done"
    assert mine not in data_backend.open
    with pytest.raises(Conflict):
        collecting.set_open(alice, mine, is_open=False)

    assert settled(collecting.set_open(alice, mine, is_open=True)).state == "done"
    assert mine in data_backend.open


def test_a_site_that_opens_nothing_again_says_so(
    alice: User, data_backend: FakeDataBackend, mine: Did
) -> None:
    data_backend.open.discard(mine)
    data_backend.fail_on("set_open", Forbidden("Rucio does not let your account do this."))

    change = settled(collecting.set_open(alice, mine, is_open=True))

    assert (change.state, change.reason) == ("failed", "Rucio does not let your account do this.")


def test_it_is_erased_by_its_name_after_a_time_of_grace(
    alice: User, data_backend: FakeDataBackend, mine: Did
) -> None:
    with pytest.raises(InvalidRequest) as refused:
        collecting.erase(alice, mine, typed="min")
    assert refused.value.field == "typed"

    assert settled(collecting.erase(alice, mine, typed=" mine ")).state == "done"

    left = data_backend.ends[mine] - datetime.now(UTC)
    assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
    with pytest.raises(Conflict, match="being erased already"):
        collecting.erase(alice, mine, typed="mine")


def test_it_can_be_kept_after_all(alice: User, data_backend: FakeDataBackend, mine: Did) -> None:
    settled(collecting.erase(alice, mine, typed="mine"))

    assert settled(collecting.keep(alice, mine)).state == "done"

    assert mine not in data_backend.ends
    with pytest.raises(Conflict):
        collecting.keep(alice, mine)


def test_a_file_is_no_collection(alice: User, data_backend: FakeDataBackend, scope: str) -> None:
    file = data_backend.add_file(f"{scope}:file.root")

    with pytest.raises(InvalidRequest):
        collecting.erase(alice, file, typed="file.root")


@pytest.fixture
def dana(alice: User) -> User:
    """Alice as a data manager."""
    alice.roles = ["member", "datamanager"]
    alice.save()
    return alice


def test_a_data_manager_declares_a_copy_bad(dana: User, data_backend: FakeDataBackend) -> None:
    data_backend.data_managers.add(dana.handle)
    data_backend.files[FILES[0]].storages.add("LAPP-DISK")

    change = damage.declare_bad(dana, FILES[0], storage="CERN-DISK", reason=" wrong  checksum ")

    assert settled(change).state == "done"
    assert data_backend.bad == {(FILES[0], "CERN-DISK"): "wrong checksum"}


def test_the_last_good_copy_needs_a_second_yes(dana: User, data_backend: FakeDataBackend) -> None:
    data_backend.data_managers.add(dana.handle)
    with pytest.raises(InvalidRequest, match="only good copy") as refused:
        damage.declare_bad(dana, FILES[0], storage="CERN-DISK", reason="bad")
    assert refused.value.field == "may_lose"

    change = damage.declare_bad(dana, FILES[0], storage="CERN-DISK", reason="bad", may_lose=True)

    assert settled(change).state == "done"


def test_who_is_no_data_manager_declares_nothing(alice: User) -> None:
    with pytest.raises(Forbidden, match="Data managers"):
        damage.declare_bad(alice, FILES[0], storage="CERN-DISK", reason="bad")


@pytest.mark.parametrize(
    ("did", "storage", "reason", "error"),
    [
        (FILES[0], "LAPP-DISK", "bad", NotFound),
        (FILES[0], "CERN-DISK", " ", InvalidRequest),
        (FILES[0], "CERN-DISK", "x" * 251, InvalidRequest),
        (Did("cms", "dimuon"), "CERN-DISK", "bad", InvalidRequest),
        (Did("cms", "nothing"), "CERN-DISK", "bad", NotFound),
    ],
)
def test_what_can_not_be_declared_is_told(
    dana: User, did: Did, storage: str, reason: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        damage.declare_bad(dana, did, storage=storage, reason=reason)


def test_a_worker_killed_after_declaring_finds_it_done(
    dana: User, data_backend: FakeDataBackend
) -> None:
    data_backend.data_managers.add(dana.handle)
    data_backend.files[FILES[0]].storages.add("LAPP-DISK")
    change = damage.declare_bad(dana, FILES[0], storage="CERN-DISK", reason="bad")
    data_backend.bad[FILES[0], "CERN-DISK"] = "bad"
    Operation.objects.update(attempts=1)

    operations.advance(Operation.objects.get().pk)

    change.refresh_from_db()
    assert change.state == "done"
