"""The names of a scope as folders."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from data_mgmt.backends.values import Did, DidInfo, DidType
from data_mgmt.models_index import IndexedDid, IndexedScope
from data_mgmt.services import scope_paths
from tests.fakes.data import FakeDataBackend
from vre_portal.components.formats import NOTHING

pytestmark = pytest.mark.django_db
NAMES = ["/a/1/x", "/a/1/y", "/a/2", "/a/20/z", "b", "b/c", "b0"]
PAGE = "/data/scopes/lab/"


def of(names: list[str], asked: list[str] | None = None) -> scope_paths.After:
    """Return a catalogue with these names; `asked` gets what is asked."""

    def ask(prefix: str, behind: str, count: int) -> list[DidInfo]:
        (asked if asked is not None else []).append(behind)
        found = sorted(name for name in names if name.startswith(prefix) and name > behind)
        return [DidInfo(Did("lab", name), DidType.FILE, 1) for name in found[:count]]

    return ask


@pytest.mark.parametrize(
    ("path", "folders", "dids"),
    [
        ("", ["/", "b/"], ["b", "b0"]),
        ("/", ["/a/"], []),
        ("/a/", ["/a/1/", "/a/20/"], ["/a/2"]),
        ("b/", [], ["b/c"]),
        ("none/", [], []),
    ],
)
def test_a_folder_holds_what_is_directly_in_it(
    path: str, folders: list[str], dids: list[str]
) -> None:
    found = scope_paths.level(of(NAMES), path)

    assert [folder.path for folder in found.folders] == folders
    assert [info.did.name for info in found.dids] == dids


def test_a_full_folder_is_hopped_over_and_a_long_list_goes_on() -> None:
    asked: list[str] = []
    names = [f"full/{number:05d}" for number in range(5000)] + [f"z{n:03d}" for n in range(150)]

    first = scope_paths.level(of(names, asked), "")
    second = scope_paths.level(of(names), "", after=first.next)

    assert len(asked) == 2
    assert [folder.path for folder in first.folders] == ["full/"]
    shown = [info.did.name for info in (*first.dids, *second.dids)]
    assert shown == [f"z{number:03d}" for number in range(150)]


def test_what_takes_too_long_goes_on_on_the_next_page() -> None:
    names = [f"{number:02d}/{part:03d}" for number in range(4) for part in range(200)]

    first = scope_paths.level(of(names), "", goes_on=lambda: False)
    second = scope_paths.level(of(names), "", after=first.next)

    found = [folder.path for folder in (*first.folders, *second.folders)]
    assert found == ["00/", "01/", "02/", "03/"]
    assert len(first.folders) == 1


def test_rucio_is_asked_while_the_index_was_not_read_whole(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    for name in NAMES:
        data_backend.add_file(f"lab:{name}")

    text = browser.get(PAGE).text

    assert 'href="?path=b%2F"' in text
    assert 'href="/data/lab:b0"' in text
    assert f'<td class="num" data-label="Files">{NOTHING}</td>' in text


def test_the_index_counts_what_is_below(browser: Client, data_backend: FakeDataBackend) -> None:
    data_backend.scopes.add("lab")
    IndexedScope.objects.create(scope="lab", finished_at=timezone.now())
    for name in NAMES:
        IndexedDid.objects.create(scope="lab", name=name, type="file", bytes=1024)

    text = browser.get(f"{PAGE}?path=/a/").text

    assert "1/</a>" in text
    assert "2 KiB" in text
    assert data_backend.calls["search_dids"] == 0


def test_a_scope_that_one_does_not_see_is_not_found(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    IndexedDid.objects.create(scope="hidden", name="secret", type="file")
    IndexedScope.objects.create(scope="hidden", finished_at=timezone.now())

    answer = browser.get("/data/scopes/hidden/")

    assert answer.status_code == 404
    assert "secret" not in answer.text
