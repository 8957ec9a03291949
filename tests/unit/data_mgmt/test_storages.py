"""The pages of storages, and where the copies of a DID are."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from data_mgmt.backends.values import Did
from data_mgmt.models import ReplicaRequest
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import UpstreamUnavailable

pytestmark = pytest.mark.django_db


def test_all_storages_are_listed_with_ones_own_use(browser: Client, alice: User) -> None:
    text = browser.get("/data/storages/").text

    assert 'href="/data/storages/LAPP-DISK/"' in text
    assert "0 B of 1 GiB" in text
    assert "no quota for you" in text
    assert 'href="/data/storages/"' in browser.get("/data/").text


def test_a_storage_tells_what_one_holds_and_what_is_there(
    browser: Client, asked: ReplicaRequest
) -> None:
    text = browser.get("/data/storages/LAPP-DISK/").text

    assert "Disk at France." in text
    assert 'href="/data/cms:dimuon"' in text
    assert "600 B" in text
    assert "greedyDeletion" in text
    assert "file:///LAPP-DISK/" in text
    assert "No dataset here" in text


def test_an_unknown_storage_is_not_found(browser: Client, data_backend: FakeDataBackend) -> None:
    assert browser.get("/data/storages/ATLANTIS/").status_code == 404
    assert browser.get("/api/v1/data/storages/ATLANTIS").status_code == 404


def test_a_storage_is_shown_without_what_rucio_does_not_tell(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    for method in ("usage", "list_rules", "datasets_at", "get_dids"):
        data_backend.fail_on(method, UpstreamUnavailable("busy", service="rucio"))

    answer = browser.get("/data/storages/CERN-DISK/")

    assert answer.status_code == 200
    assert "Not known at the moment" in answer.text


def test_the_api_tells_a_storage_in_full(browser: Client, asked: ReplicaRequest) -> None:
    told = browser.get("/api/v1/data/storages/CERN-DISK").json()

    assert (told["name"], told["writable"], told["min_free"]) == ("CERN-DISK", True, 1024)
    assert told["protocols"] == [
        {"scheme": "file", "address": "file:///CERN-DISK/"},
        {"scheme": "http", "address": "http://127.0.0.1/CERN-DISK/"},
    ]
    assert told["datasets"] == [
        {"did": "cms:dimuon", "files": 3, "files_total": 3, "bytes": 600, "complete": True}
    ]
    held = browser.get("/api/v1/data/storages/LAPP-DISK").json()["held"]
    assert [(row["did"], row["bytes"]) for row in held] == [("cms:dimuon", 600)]


def test_a_dids_page_says_what_is_missing_and_what_is_on_tape(
    browser: Client, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.files[Did("cms", "muons_1.root")].storages |= {"CNAF-TAPE", "LAPP-DISK"}
    data_backend.files[Did("cms", "muons_2.root")].storages |= {"LAPP-DISK"}

    text = browser.get(f"/data/{dimuon}").text

    assert "2 of 3 files are missing, on tape: reading takes hours" in text
    assert "1 of 3 files is missing" in text
    assert 'href="/data/storages/CNAF-TAPE/"' in text


def test_a_dids_page_says_who_made_it_and_what_it_is_part_of(browser: Client, dimuon: Did) -> None:
    text = browser.get(f"/data/{dimuon}").text

    assert "Where it comes from" in text
    assert "2 Jan 2026" in text
    assert 'href="/data/cms:all"' in text


def test_a_container_shows_which_dataset_is_where(
    browser: Client, dimuon: Did, data_backend: FakeDataBackend
) -> None:
    partly = [data_backend.add_file(f"cms:e_{n}", b"e", ["CERN-DISK"][:n]) for n in (0, 1)]
    electrons = data_backend.add_dataset("cms:electrons", *partly)
    both = data_backend.add_container("cms:both", dimuon, electrons)

    text = browser.get(f"/data/{both}?tab=contents").text

    assert "Which dataset is where" in text
    assert "1 of 2" in text


def test_a_large_container_shows_its_first_fifty_datasets(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    file = data_backend.add_file("cms:one", b"1", ["CERN-DISK"])
    parts = [data_backend.add_dataset(f"cms:part_{n:02}", file) for n in range(60)]
    data_backend.add_container("cms:large", *parts)

    text = browser.get("/data/cms:large?tab=contents").text

    assert "10 more datasets are not in this table." in text
