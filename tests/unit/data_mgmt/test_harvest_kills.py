"""A worker that is killed anywhere between two writes: the index ends as if nothing had been."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from data_mgmt.backends import Did
from data_mgmt.models import IndexedDid, IndexedScope
from data_mgmt.services import harvest
from data_mgmt.services.harvest import Reading
from tests.fakes.data import FakeDataBackend

pytestmark = pytest.mark.django_db
KILLS = 4
MOST_SLICES = 10


class Killed(BaseException):
    """The worker is gone."""


class Kill:
    """In place of the harvest's writing: at one write the worker dies, before it or behind it."""

    def __init__(self, at: int, *, behind: bool) -> None:
        self._left, self._behind = at, behind
        self._commit = harvest._commit

    def __call__(self, reading: Reading, write: Callable[[], object]) -> None:
        self._left -= 1
        if self._left == 0 and not self._behind:
            raise Killed
        self._commit(reading, write)
        if self._left == 0:
            raise Killed


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {"BATCH": 3, "PART": 5, "TAIL": 12, "DETAILS": 7, "DESCRIBED": 4}
    for name, size in sizes.items():
        monkeypatch.setattr(harvest, name, size)


@pytest.fixture
def world(data_backend: FakeDataBackend) -> FakeDataBackend:
    """Forty files and six described datasets in a scope of their own."""
    files = [data_backend.add_file(f"bulk:run_{n:04d}.root", b"x" * n) for n in range(40)]
    for n in range(6):
        data_backend.add_dataset(f"bulk:set_{n}", *files[20 + n : 24 + n], number=n)
    harvest.find_scopes()
    return data_backend


def move_on(world: FakeDataBackend) -> None:
    """Delete, add and describe: what a next reading has to find."""
    now = timezone.now()
    for name in ("run_0000.root", "run_0017.root", "run_0039.root", "set_3"):
        did = Did("bulk", name)
        del world.types[did]
        world.descriptions.pop(did, None)
    for name in ("a_first", "run_0017.root_2", "zz_last"):
        world.registered_at[world.add_file(f"bulk:{name}", b"new")] = now
    edited = Did("bulk", "set_1")
    world.descriptions[edited] = {"number": 11, "colour": "blue"}
    world.described_at[edited] = now


def snapshot() -> list[tuple[object, ...]]:
    rows = IndexedDid.objects.filter(scope="bulk").order_by("name")
    fields = ("name", "type", "bytes", "files", "account", "is_open", "created_at", "metadata")
    return [*rows.values_list(*fields, "wanted")]


def read_to_the_end() -> None:
    for _slice in range(MOST_SLICES):
        if harvest.harvest("bulk"):
            return
    raise AssertionError("the reading does not end")


def read_with_kills(monkeypatch: pytest.MonkeyPatch, chance: random.Random) -> int:
    """Begin a whole reading, die in it again and again, and come to its end."""
    begun = IndexedScope.objects.get(pk="bulk").generation + 1
    killed = 0
    for _kill in range(KILLS):
        row = IndexedScope.objects.get(pk="bulk")
        with monkeypatch.context() as patch:
            kill = Kill(chance.randrange(1, 30), behind=chance.random() < 0.5)
            patch.setattr(harvest, "_commit", kill)
            try:
                harvest.harvest("bulk", whole=row.generation < begun)
            except Killed:
                killed += 1
        IndexedScope.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    read_to_the_end()
    return killed


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("is_first", [True, False], ids=["first reading", "next reading"])
def test_killed_anywhere_the_index_ends_as_if_it_was_read_anew(
    world: FakeDataBackend, monkeypatch: pytest.MonkeyPatch, seed: int, *, is_first: bool
) -> None:
    if not is_first:
        read_to_the_end()
        move_on(world)

    killed = read_with_kills(monkeypatch, random.Random(seed))

    row = IndexedScope.objects.get(pk="bulk")
    found = snapshot()
    IndexedDid.objects.all().delete()
    IndexedScope.objects.all().delete()
    harvest.find_scopes()
    read_to_the_end()
    assert killed
    assert found == snapshot()
    anew = IndexedScope.objects.get(pk="bulk")
    assert (row.dids, row.waiting, row.keys) == (anew.dids, anew.waiting, anew.keys)
    assert row.is_whole
    assert row.problem == ""


def test_a_new_scope_is_read_when_it_is_found(world: FakeDataBackend) -> None:
    read_to_the_end()
    world.add_file("fresh:first.root")

    assert harvest.find_scopes() == 1

    assert "fresh" in harvest.due(100)
    assert harvest.harvest("fresh")
    assert IndexedDid.objects.filter(scope="fresh").count() == 1
