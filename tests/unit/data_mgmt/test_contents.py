"""A collection as a tree, as a list and as folders; the way one came; what used a DID."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from urllib.parse import quote

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from data_mgmt.backends import Did, FileEntry
from data_mgmt.services import contents, paths
from data_mgmt.services.contents import Smallest
from reproducibility.models import Analysis, Run
from sessions.models import Session
from tests.fakes.data import FakeDataBackend
from vre_portal.errors import UpstreamRefused, UpstreamUnavailable

pytestmark = pytest.mark.django_db
PAGE = "/data/cms:dimuon"
DOWN = UpstreamUnavailable("Rucio does not answer", service="rucio")


@pytest.fixture
def paths_dataset(data_backend: FakeDataBackend) -> Did:
    """A dataset whose files lie in folders: 2 in run1, 1 in run2, 1 beside them."""
    names = ["/d/run1/b.root", "/d/run1/a.root", "/d/run2/sub/c.root", "/d/read.me"]
    files = [data_backend.add_file(f"cms:{name}", b"x" * 10, ["CERN-DISK"]) for name in names]
    return data_backend.add_dataset("cms:/d", *files)


@pytest.mark.parametrize("backwards", [True, False])
def test_the_smallest_names_are_kept_once_each_out_of_any_order(backwards: bool) -> None:
    kept: Smallest[FileEntry] = Smallest(3, after="f02")
    names = [f"f{number:02d}" for number in range(50)]

    for name in [*(reversed(names) if backwards else names), "f04"]:
        kept.add(name, FileEntry(Did("s", name), 1))

    assert [row.did.name for row in kept.rows()] == ["f03", "f04", "f05"]


def test_files_come_part_by_part_without_gap_or_repetition(
    alice: User, data_backend: FakeDataBackend
) -> None:
    files = [data_backend.add_file(f"cms:f{number:02d}") for number in reversed(range(25))]
    many = data_backend.add_dataset("cms:many", *files)
    names: list[str] = []
    after = ""

    for _ in range(3):
        part = contents.files(alice, many, after=after, limit=10)
        names += [row.did.name for row in part.items]
        after = part.next

    assert names == [f"f{number:02d}" for number in range(25)]
    assert after == ""


def test_the_files_tab_lists_and_goes_on(browser: Client, data_backend: FakeDataBackend) -> None:
    files = [data_backend.add_file(f"cms:f{number:03d}") for number in range(250)]
    data_backend.add_dataset("cms:many", *files)

    first = browser.get("/data/cms:many?tab=files").text
    second = browser.get("/data/cms:many?tab=files&after=cms:f199").text

    assert "f000" in first
    assert "f199" in first
    assert ">f200<" not in first
    assert "after=cms%3Af199" in first
    assert ">f200<" in second
    assert ">f199<" not in second
    assert "First page" in second


def test_a_long_list_of_files_streams_and_has_a_way_without_a_script(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    files = [data_backend.add_file(f"cms:f{number:04d}") for number in range(1001)]
    data_backend.add_dataset("cms:long", *files)
    before = data_backend.calls["each_file"]

    text = browser.get("/data/cms:long?tab=files").text

    assert 'data-stream="/api/v1/data/dids/cms/long/files"' in text
    assert "This list is not complete" in text
    assert "by=name" in text
    assert data_backend.calls["each_file"] == before
    assert ">f0000<" in browser.get("/data/cms:long?tab=files&by=name").text


def test_the_page_itself_never_asks_for_the_files(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    for tab in ("where", "metadata", "rules", "used"):
        assert browser.get(f"{PAGE}?tab={tab}").status_code == 200

    assert data_backend.calls["list_files"] == data_backend.calls["each_file"] == 0
    assert data_backend.calls["list_contents"] == data_backend.calls["list_replicas"] == 0


def test_without_rucio_the_files_are_those_of_the_last_time(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    browser.get(f"{PAGE}?tab=files")

    with data_backend.down(DOWN):
        text = browser.get(f"{PAGE}?tab=files").text

    assert "muons_1.root" in text
    assert "Rucio does not answer" in text


def test_files_that_nobody_knows_are_not_told_as_none(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    browser.get(PAGE)

    with data_backend.down(DOWN):
        text = browser.get(f"{PAGE}?tab=files").text

    assert "Not known at the moment" in text
    assert "No file yet" not in text


def test_a_list_that_breaks_off_is_never_shown_as_whole(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    cache.clear()
    data_backend.fail_on("each_file", UpstreamRefused("Rucio broke off its answer. Try again."))

    answer = browser.get(f"{PAGE}?tab=files")

    assert "broke off its answer" in answer.text
    assert "muons_1.root" not in answer.text


def test_a_container_is_a_tree_that_keeps_the_way(browser: Client) -> None:
    text = browser.get("/data/cms:all?tab=contents").text

    assert 'href="/data/cms:dimuon?via=cms%3Aall"' in text
    assert "3 files" in text
    assert 'hx-get="/data/tree?did=cms%3Adimuon&amp;via=cms%3Aall"' in text
    assert 'href="/data/cms:dimuon?tab=files&amp;via=cms%3Aall"' in text


def test_a_branch_opens_in_place(browser: Client) -> None:
    text = browser.get("/data/tree?did=cms:dimuon&via=cms:all").text

    assert text.count('class="node"') == 3
    assert 'href="/data/cms:muons_1.root?via=cms%3Aall+cms%3Adimuon"' in text
    assert "<html" not in text


def test_a_long_branch_goes_on_by_a_button(browser: Client, data_backend: FakeDataBackend) -> None:
    files = [data_backend.add_file(f"cms:f{number:03d}") for number in range(150)]
    data_backend.add_dataset("cms:many", *files)

    first = browser.get("/data/tree?did=cms:many").text
    more = browser.get("/data/tree?did=cms:many&after=cms:f099").text

    assert 'hx-get="/data/tree?did=cms%3Amany&amp;after=cms%3Af099"' in first
    assert more.count('class="node"') == 50
    assert "<ul" not in more


def test_a_branch_tells_why_it_is_not_here(browser: Client, data_backend: FakeDataBackend) -> None:
    with data_backend.down(DOWN):
        answer = browser.get("/data/tree?did=cms:dimuon")

    assert answer.status_code == 200
    assert "Rucio does not answer" in answer.text
    assert 'href="/data/cms:dimuon?tab=contents"' in answer.text


def test_the_branch_of_nothing_is_not_found(browser: Client) -> None:
    assert browser.get("/data/tree?did=cms:none").status_code == 404
    assert browser.get("/data/tree?did=rubbish").status_code == 422


def test_the_breadcrumbs_keep_the_way_that_one_came(
    browser: Client, data_backend: FakeDataBackend
) -> None:
    data_backend.add_container("cms:other", Did("cms", "dimuon"))

    came = browser.get(f"{PAGE}?via=cms:top+cms:other").text
    straight = browser.get(PAGE).text
    wrong = browser.get(f"{PAGE}?via=cms:nowhere").text

    assert 'href="/data/cms:other?via=cms%3Atop">other</a>' in came
    assert "?tab=files&amp;via=cms%3Atop+cms%3Aother" in came
    assert 'href="/data/cms:all">all</a>' in straight
    crumbs = wrong.partition('class="crumbs"')[2].partition("</nav>")[0]
    assert "nowhere" not in crumbs
    assert "cms:all" in crumbs


def test_all_parents_are_shown(browser: Client, data_backend: FakeDataBackend) -> None:
    data_backend.add_container("cms:other", Did("cms", "dimuon"))

    text = browser.get(PAGE).text

    assert 'href="/data/cms:other"' in text.partition("Part of")[2]
    assert 'href="/data/cms:all"' in text.partition("Part of")[2]


def test_names_with_slashes_are_folders_with_their_sizes(alice: User, paths_dataset: Did) -> None:
    found = paths.in_collection(alice, paths_dataset, None)

    assert found.path == "/d/"
    assert [(each.name, each.files, each.bytes) for each in found.folders] == [
        ("run1", 2, 20),
        ("run2", 1, 10),
    ]
    assert [file.did.name for file in found.files] == ["/d/read.me"]
    assert (found.counted, found.is_whole) == (4, True)


def test_a_folder_leads_to_those_in_it_and_above_it(browser: Client, paths_dataset: Did) -> None:
    top = browser.get("/data/cms:/d?tab=files&view=path").text
    inner = browser.get("/data/cms:/d?tab=files&view=path&path=/d/run2").text

    assert "path=%2Fd%2Frun1%2F" in top
    assert "read.me" in top
    assert "sub/" in inner
    assert "run1" not in inner
    assert "path=%2Fd%2F" in inner


def test_folders_of_a_container_are_those_of_all_its_datasets(
    browser: Client, data_backend: FakeDataBackend, paths_dataset: Did
) -> None:
    data_backend.add_container("cms:box", paths_dataset)

    assert "run1/" in browser.get("/data/cms:box?tab=contents&view=path").text


def test_a_folder_that_takes_too_long_to_count_says_how_far_it_came() -> None:
    rows = (FileEntry(Did("s", f"run{number % 7}/{number}"), 1) for number in count())
    ticks: Iterator[int] = count()

    found = paths.fold(paths.Timely(rows, 4.5, lambda: float(next(ticks))), None)

    assert found.counted == 6 * paths.CHECK_EVERY
    assert not found.is_whole
    assert len(found.folders) == 7


def test_more_folders_than_a_page_holds_are_told() -> None:
    rows = [FileEntry(Did("s", f"{number}/x"), 1) for number in range(paths.SHOWN + 3)]

    found = paths.fold(paths.Timely(rows, 1.0, lambda: 0.0), "")

    assert len(found.folders) == paths.SHOWN
    assert found.folders_total == paths.SHOWN + 3


def test_what_used_it_is_told_of_ones_own_only(
    browser: Client, alice: User, bob: User, dimuon: Did
) -> None:
    for user, name in ((alice, "my look"), (bob, "secret look")):
        Session.objects.create(
            user=user, name=name, environment="e", environment_name="E", datasets=[str(dimuon)]
        )
    hidden = Analysis.objects.create(slug="hidden", title="Hidden", owner=bob)
    shown = Analysis.objects.create(slug="shown", title="Dimuon mass", owner=bob, published=True)
    for analysis in (hidden, shown):
        analysis.current = analysis.versions.create(number=1)
        analysis.save()
        analysis.current.inputs.create(scope=dimuon.scope, name=dimuon.name, folder="data")
    files = [{"dataset": str(dimuon), "did": "cms:muons_1.root", "verified": True}]
    Run.objects.create(analysis=shown, version=shown.newest, user=alice, number=1, inputs=files)
    Run.objects.create(analysis=shown, version=shown.newest, user=bob, number=2, inputs=files)

    text = browser.get(f"{PAGE}?tab=used").text
    of_file = browser.get("/data/cms:muons_1.root?tab=used").text

    assert "my look" in text
    assert "Dimuon mass, run 1" in text
    assert "Dimuon mass, run 1" in of_file
    assert 'href="/analyses/shown"' in text
    assert "secret look" not in text
    assert "run 2" not in text
    assert "Hidden" not in text
    assert "Nothing used it yet" in browser.get("/data/cms:all?tab=used").text


@pytest.mark.parametrize(
    "name",
    ["a" * 250, "<b>bold</b>", "\u202egnp.exe", "שלום", "a'b\"c", "100%", "a#b?c=d&e", "a+b"],
)
def test_odd_names_stand_on_each_page_as_they_are(
    browser: Client, data_backend: FakeDataBackend, name: str
) -> None:
    file = data_backend.add_file(f"cms:{name}", at=["CERN-DISK"])
    data_backend.add_dataset("cms:odd", file)
    data_backend.add_container("cms:box", file)
    address = f"/data/cms:{quote(name, safe='')}"

    for page in (address, "/data/cms:odd?tab=files", "/data/cms:box?tab=contents"):
        text = browser.get(page).text
        assert "<b>bold" not in text
        assert 'class="mono' in text

    assert browser.get(address).status_code == 200
    assert browser.get(f"/data/cms:box?via=cms:{quote(name)}").status_code == 200
