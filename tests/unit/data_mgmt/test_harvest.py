"""Reading Rucio into the index: whole, new, changed and gone, through cuts and kills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from data_mgmt.backends import Did, DidInfo
from data_mgmt.models import IndexedDid, IndexedScope
from data_mgmt.services import harvest, index_keys, index_store
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """The worker is gone."""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts and batches so small that a few DIDs are many of them."""
    monkeypatch.setattr(harvest, "BATCH", 3)
    monkeypatch.setattr(harvest, "PART", 5)
    monkeypatch.setattr(harvest, "TAIL", 12)


@pytest.fixture
def files(data_backend: FakeDataBackend) -> list[str]:
    """Forty files in a scope of their own."""
    names = [f"run_{number:04d}.root" for number in range(40)]
    for name in names:
        data_backend.add_file(f"bulk:{name}", b"x" * 10)
    harvest.find_scopes()
    return names


def known(scope: str = "bulk") -> list[str]:
    rows = IndexedDid.objects.filter(scope=scope).order_by("name")
    return [*rows.values_list("name", flat=True)]


def read(scope: str = "bulk", *, whole: bool = False) -> IndexedScope:
    harvest.harvest(scope, whole=whole)
    return IndexedScope.objects.get(pk=scope)


def test_a_scope_is_read_with_sizes_types_and_metadata(data_backend: FakeDataBackend) -> None:
    harvest.find_scopes()

    row = read("cms")

    assert known("cms") == ["all", "dimuon", "muons_1.root", "muons_2.root", "muons_3.root"]
    dataset = IndexedDid.objects.get(name="dimuon")
    assert (dataset.type, dataset.bytes, dataset.files) == ("dataset", 600, 3)
    assert dataset.metadata == {"instrument": "CMS", "energy_tev": 13.0}
    assert dataset.created_at is not None
    assert (row.dids, row.waiting, row.problem) == (5, 0, "")
    assert row.is_whole
    assert {key["name"]: key["kind"] for key in row.keys} == {
        "energy_tev": "number", "instrument": "text",
    }  # fmt: skip


@pytest.mark.usefixtures("small")
def test_a_long_scope_is_read_in_parts(data_backend: FakeDataBackend, files: list[str]) -> None:
    assert read().is_whole

    assert known() == files
    assert len(data_backend.parts_read) > 4


@pytest.mark.usefixtures("small")
def test_a_list_that_breaks_off_removes_nothing_and_is_gone_on_with(
    data_backend: FakeDataBackend, files: list[str]
) -> None:
    read()
    data_backend.cut_names_after = 2

    row = read(whole=True)

    assert "broke off" in row.problem
    assert known() == files
    data_backend.cut_names_after = None
    assert read().problem == ""
    assert known() == files


@pytest.mark.usefixtures("small")
def test_a_list_that_is_cut_without_a_word_removes_nothing(
    data_backend: FakeDataBackend, files: list[str]
) -> None:
    read()
    data_backend.cut_names_after, data_backend.cut_silently = 1, True

    read(whole=True)

    assert known() == files


@pytest.mark.usefixtures("small")
def test_what_is_gone_is_found_and_removed(data_backend: FakeDataBackend, files: list[str]) -> None:
    read()
    for name in (files[3], files[-1]):
        del data_backend.types[Did("bulk", name)]

    read(whole=True)

    assert known() == [name for name in files if name not in {files[3], files[-1]}]


@pytest.mark.usefixtures("small")
def test_a_kill_in_the_middle_loses_a_batch_at_most(
    data_backend: FakeDataBackend, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    read()
    IndexedDid.objects.all().update(bytes=1)
    merge, calls = index_store.merge, 0

    def killed(infos: Sequence[DidInfo]) -> int:
        nonlocal calls
        calls += 1
        if calls == 8:
            raise Killed
        return merge(infos)

    monkeypatch.setattr(index_store, "merge", killed)
    with pytest.raises(Killed):
        harvest.harvest("bulk", whole=True)

    row = IndexedScope.objects.get(pk="bulk")
    written = IndexedDid.objects.filter(scope="bulk", bytes=10).count()
    assert written == 7 * 3
    assert row.cursor == files[17], "three parts of two batches are done"
    monkeypatch.setattr(index_store, "merge", merge)
    data_backend.parts_read.clear()
    assert not harvest.harvest("bulk"), "the lease of the killed worker still holds"
    IndexedScope.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert read().is_whole
    assert data_backend.parts_read[0][0] == files[17], "it goes on where it was"
    assert IndexedDid.objects.filter(scope="bulk", bytes=10).count() == 40


@pytest.mark.usefixtures("small")
def test_a_first_reading_that_is_killed_is_gone_on_with(
    data_backend: FakeDataBackend, files: list[str]
) -> None:
    data_backend.cut_names_after = 7

    row = read()

    assert not row.is_whole
    assert known() == files[:6], "whole batches are kept"
    data_backend.cut_names_after = None
    assert read().is_whole
    assert known() == files


def test_only_one_worker_reads_a_scope(files: list[str]) -> None:
    row = harvest._take("bulk")
    assert row is not None

    assert not harvest.harvest("bulk")
    assert known() == []
    assert "bulk" not in harvest.due(10)


def test_a_worker_that_lost_its_lease_writes_nothing_more(
    data_backend: FakeDataBackend, files: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stolen: list[int] = []
    merge: Callable[[Sequence[DidInfo]], int] = index_store.merge

    def steal(infos: Sequence[DidInfo]) -> int:
        stolen.append(len(infos))
        merged = merge(infos)
        IndexedScope.objects.update(lease=None, lease_until=None)
        return merged

    monkeypatch.setattr(harvest, "BATCH", 10)
    monkeypatch.setattr(index_store, "merge", steal)

    assert not harvest.harvest("bulk")
    assert stolen == [10]


def test_new_and_newly_described_data_come_without_reading_all_names(
    data_backend: FakeDataBackend, files: list[str]
) -> None:
    read()
    now = timezone.now()
    data_backend.registered_at[data_backend.add_file("bulk:new.root")] = now
    described = Did("bulk", files[5])
    data_backend.descriptions[described] = {"run": 7}
    data_backend.described_at[described] = now
    data_backend.parts_read.clear()

    row = read()

    assert "new.root" in known()
    assert IndexedDid.objects.get(name=files[5]).metadata == {"run": 7}
    assert data_backend.parts_read == []
    assert row.dids == 41


def test_a_closed_dataset_is_seen_by_the_next_whole_reading(data_backend: FakeDataBackend) -> None:
    harvest.find_scopes()
    read("cms")
    IndexedDid.objects.filter(name="dimuon").update(is_open=True)

    read("cms", whole=True)

    assert IndexedDid.objects.get(name="dimuon").is_open is False


def test_what_somebody_opens_is_brought_up_to_date(data_backend: FakeDataBackend) -> None:
    lone = data_backend.add_file("cms:lone.root")
    harvest.find_scopes()
    read("cms")
    data_backend.descriptions[Did("cms", "dimuon")] = {"instrument": "other"}
    del data_backend.types[lone]

    harvest.refresh([Did("cms", "dimuon"), lone, Did("nowhere", "x")])

    assert IndexedDid.objects.get(name="dimuon").metadata == {"instrument": "other"}
    assert "lone.root" not in known("cms")


def test_rucio_that_is_down_is_tried_again_later(
    data_backend: FakeDataBackend, files: list[str]
) -> None:
    data_backend.fail_on("names_between", UpstreamUnavailable("Rucio is down.", service="rucio"))

    row = read()

    assert row.problem == "Rucio is down."
    assert row.next_at > timezone.now()
    assert row.lease is None
    assert "bulk" not in harvest.due(10)


def test_metadata_that_the_database_can_not_hold_is_left_out(data_backend: FakeDataBackend) -> None:
    odd = {"nul": "a\x00b", "nan": float("nan"), "half": "\ud800", "good": [1, {"a": None}]}
    data_backend.descriptions[Did("cms", "dimuon")] = odd
    harvest.find_scopes()

    read("cms")

    assert IndexedDid.objects.get(name="dimuon").metadata == {"good": [1, {"a": None}]}


def test_the_command_reads_what_it_is_told(
    data_backend: FakeDataBackend, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("harvest", "cms")

    assert "cms: 5 DIDs in" in capsys.readouterr().out
    with pytest.raises(CommandError, match="There is no scope nowhere"):
        call_command("harvest", "nowhere")


def test_keys_of_several_scopes_are_added_up() -> None:
    first = IndexedScope(scope="a", keys=[{"name": "run", "kind": "number", "dids": 3}])
    second = IndexedScope(scope="b", keys=[{"name": "run", "kind": "text", "dids": 4}])

    assert index_keys.keys_of([first, second]) == [index_keys.Key("run", "text", 7)]
