"""What the index reads, on the fake and on Rucio; and the whole way from Rucio to a search."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from data_mgmt.backends import Did, DidType, get_backend
from data_mgmt.backends.rucio import rest
from data_mgmt.models import IndexedDid, IndexedScope
from data_mgmt.query.text import parse
from data_mgmt.services import harvest, index_search
from data_mgmt.services.index_search import Extent
from tests.contract.test_data_backend import DATASET, KINDS, World, _fake, _real
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import PortalError

SOON = timedelta(minutes=2)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module", params=KINDS)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """The small world of the data backend's cases."""
    yield from (_real() if request.param == "real" else _fake())


@pytest.fixture
def mine(world: World) -> Did:
    """A new dataset, described, in the person's own scope."""
    did = Did(f"user.{world.who.account}", f"indexed_{uuid.uuid4().hex[:12]}")
    described = {"colour": "blue", "run": 7}
    if isinstance(world.backend, FakeDataBackend):
        now = datetime.now(UTC)
        world.backend.add_dataset(str(did), **described)
        world.backend.registered_at[did] = world.backend.described_at[did] = now
    else:
        rest.ask(world.who, "POST", f"/dids/{rest.did_path(did)}", body={"type": "DATASET"})
        rest.ask(world.who, "POST", f"/dids/{rest.did_path(did)}/meta", body={"meta": described})
    return did


def test_all_names_come_in_parts_that_fit_together(world: World) -> None:
    who = world.backend.service_credential()
    whole = {info.did for info in world.backend.names_between(who, "cms")}
    middle = sorted(did.name for did in whole)[len(whole) // 2]

    first = [info.did for info in world.backend.names_between(who, "cms", until=middle)]
    rest_ = [info.did for info in world.backend.names_between(who, "cms", after=middle)]
    some = [*world.backend.names_between(who, "cms", limit=2)]

    assert {*first} | {*rest_} == whole
    assert not {*first} & {*rest_}
    assert Did("cms", middle) in first
    assert len(some) == 2
    assert DATASET in whole


def test_what_was_registered_or_described_since_is_told(world: World, mine: Did) -> None:
    who, since = world.backend.service_credential(), datetime.now(UTC) - SOON

    registered = [info.did for info in world.backend.registered_since(who, mine.scope, since)]
    described = [*world.backend.described_since(who, mine.scope, since)]

    assert mine in registered
    assert mine in described
    later = datetime.now(UTC) + SOON
    assert mine not in [i.did for i in world.backend.registered_since(who, mine.scope, later)]
    assert mine not in [*world.backend.described_since(who, mine.scope, later)]
    assert DATASET in [*world.backend.described_since(who, "cms", LONG_AGO)]


def test_details_are_told_of_those_that_there_are(world: World, mine: Did) -> None:
    who, gone = world.backend.service_credential(), Did(mine.scope, "no-such-thing")

    (told,) = world.backend.details_of(who, [gone, mine], described=True)
    (plain,) = world.backend.details_of(who, [mine], described=False)

    assert told.info.did == mine
    assert told.info.type is DidType.DATASET
    assert told.metadata is not None
    assert {key: told.metadata[key] for key in ("colour", "run")} == {"colour": "blue", "run": 7}
    assert told.created_at is not None
    assert not (plain.metadata or {}).get("colour")


@pytest.mark.parametrize("name", ["true_story", "a*b", "12345", "2026-01-01 00:00:00", "None", ""])
def test_a_name_that_rucio_misreads_is_no_bound(name: str) -> None:
    from data_mgmt.backends.rucio import RucioBackend

    assert not RucioBackend().may_bound(name)
    assert RucioBackend().may_bound("run0001/frame-1.gwf")


def test_an_unknown_scope_has_nothing_or_is_refused(world: World) -> None:
    who = world.backend.service_credential()
    try:
        found = [*world.backend.names_between(who, "no-such-scope")]
    except PortalError:
        return
    assert found == []


@pytest.mark.django_db
def test_a_scope_goes_from_rucio_into_the_index(
    world: World, mine: Did, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harvest, "PART", 6)
    monkeypatch.setattr(harvest, "BATCH", 4)
    get_backend.cache_clear()
    monkeypatch.setattr("data_mgmt.services.harvest.get_backend", lambda: world.backend)
    harvest.find_scopes()

    for scope in ("cms", mine.scope):
        # The second reading goes in parts.
        assert harvest.harvest(scope)
        assert harvest.harvest(scope, whole=True)

    row = IndexedScope.objects.get(pk="cms")
    who = world.backend.service_credential()
    names = {info.did.name for info in world.backend.names_between(who, "cms")}
    assert {*IndexedDid.objects.filter(scope="cms").values_list("name", flat=True)} == names
    assert row.is_whole
    over = Extent(("cms", mine.scope), (row,), is_narrowed=True)
    page = index_search.search(over, parse(f"colour=blue run=7 {mine.name}"), limit=10)
    assert [each.info.did for each in page.rows] == [mine]
    assert index_search.search(over, parse("instrument=synthetic type:dataset"), limit=10).rows
