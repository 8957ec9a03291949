"""The page and the API of two sides: contents are compared on demand, and shown as a verdict is."""

from __future__ import annotations

import zlib
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis, Run, SideComparison
from reproducibility.services.side_by_side import find_side
from reproducibility.services.side_names import names_of
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.sides.turns import FIT, ask, give, look, turn, work
from vre_portal.errors import UpstreamUnavailable

API = "/api/v1/runs/compare"


def other_run(user: User, analysis: Analysis) -> Run:
    """Return a run with an output that nobody has compared."""
    run = Run.objects.create(user=user, analysis=analysis, version=analysis.newest, number=40)
    give(run, FIT, b'{"mass": 80}')
    return run


def page_of(client: Client, one: object, other: object, *, more: str = "") -> str:
    answer = client.get(f"/runs/compare?a={one}&b={other}{more}")
    assert answer.status_code == 200, answer.content.decode()[:300]
    return " ".join(answer.content.decode().split())


def told(client: Client, one: object, other: object) -> dict[str, Any]:
    answer = client.get(API, {"a": str(one), "b": str(other)})
    assert answer.status_code == 200, answer.content
    read: dict[str, Any] = answer.json()
    return read


def table(shift: float) -> bytes:
    """Return a column of numbers as CSV."""
    return ("mass\n" + "".join(f"{90 + n % 7 + shift}\n" for n in range(500))).encode()


def picture(shade: int) -> bytes:
    """Return a PNG of four pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content).to_bytes(4, "big")
        return len(content).to_bytes(4, "big") + kind + content + check

    head = (2).to_bytes(4, "big") * 2 + bytes([8, 0, 0, 0, 0])
    rows = zlib.compress(bytes([0, shade, 9, 0, 9, 9]))
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def test_by_default_checksums_are_compared_and_contents_offered(
    browser: Client, first: Run, second: Run
) -> None:
    page = page_of(browser, first.pk, second.pk)

    assert "by the checksum alone" in page
    assert "Compare the contents" in page
    assert not SideComparison.objects.exists()


def test_the_button_starts_it_once_and_leads_back(browser: Client, first: Run, second: Run) -> None:
    sides = {"a": str(first.pk), "b": str(second.pk), "only": "differences"}

    answer = browser.post("/runs/compare/contents", sides)
    browser.post("/runs/compare/contents", sides)

    job = SideComparison.objects.get()
    where = f"/runs/compare?a={first.pk}&b={second.pk}&only=differences"
    assert (answer.status_code, answer["Location"]) == (302, where)
    page = page_of(browser, first.pk, second.pk)
    assert f'data-live="comparison:{job.pk}"' in page
    assert "Waiting for its turn." in page
    assert "Compare the contents" not in page


def test_numbers_places_and_tolerance_are_shown(
    browser: Client, alice: User, analysis: Analysis, first: Run, second: Run
) -> None:
    analysis.newest.outputs.filter(path=FIT).update(tolerance={"rtol": 0.01})
    work(ask(alice, first.pk, second.pk).job)

    page = page_of(browser, first.pk, second.pk)

    for words in (
        "numerically equal", "1 of 2 values differs", "largest absolute difference 0.01",
        "rtol 0.01", ">mass<", ">91.19<", ">91.2<", "0.00011",
    ):  # fmt: skip
        assert words in page, words
    assert "by the checksum alone" not in page
    assert "Compare the contents" not in page


def test_the_live_part_alone_is_fetched(
    browser: Client, alice: User, first: Run, second: Run
) -> None:
    work(ask(alice, first.pk, second.pk).job)

    part = page_of(browser, first.pk, second.pk, more="&fragment=outputs")

    assert "91.19" in part
    assert "results/mass.png" in part
    assert "<html" not in part
    assert "Parameters" not in part


def test_histograms_and_pictures_are_drawn_with_the_names_of_the_sides(
    browser: Client, alice: User, first: Run, second: Run
) -> None:
    for run, shift, shade in ((first, 0.0, 9), (second, 0.1, 99)):
        give(run, "masses.csv", table(shift))
        give(run, "plot.png", picture(shade))
    work(ask(alice, first.pk, second.pk).job)

    page = page_of(browser, first.pk, second.pk)

    assert 'class="overlay"' in page
    assert "run 2; below, its ratio to run 1" in page
    assert "as recorded" not in page
    assert "Where the pixels of plot.png differ" in page


def test_what_could_not_be_compared_says_why_and_offers_another_try(
    browser: Client, alice: User, analysis: Analysis, second: Run
) -> None:
    analysis.newest.outputs.filter(path=FIT).update(content=b"", sha256="0" * 64)
    work(ask(alice, second.pk, analysis.newest.pk).job)

    page = page_of(browser, second.pk, analysis.newest.pk)

    assert "Recorded, version 1: Only its checksum is kept here" in page
    assert "Try again" in page


def test_an_end_before_the_end_says_why(
    browser: Client, alice: User, first: Run, second: Run, workflow_backend: FakeWorkflows
) -> None:
    second.outputs.filter(path=FIT).update(content=b"", size=2**23)
    with workflow_backend.down(UpstreamUnavailable("REANA does not answer.", service="reana")):
        work(ask(alice, first.pk, second.pk).job)

    page = page_of(browser, first.pk, second.pk)

    assert "The contents could not all be compared" in page
    assert "REANA does not answer." in page
    assert "Try again" in page


def test_words_in_a_file_stay_words(browser: Client, alice: User, first: Run, second: Run) -> None:
    give(first, FIT, b'{"<script>alert(1)</script>": 1}')
    give(second, FIT, b'{"<script>alert(1)</script>": 2}')
    work(ask(alice, first.pk, second.pk).job)

    page = page_of(browser, first.pk, second.pk)

    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_file_that_can_not_be_read_is_named_by_its_side(
    browser: Client, alice: User, first: Run, second: Run
) -> None:
    give(second, FIT, b"")
    work(ask(alice, first.pk, second.pk).job)

    page = page_of(browser, first.pk, second.pk)

    assert "The file of run 2 is empty." in page


def test_runs_of_two_analyses_are_told_apart_by_their_titles(
    alice: User, first: Run, second: Run
) -> None:
    other = Analysis.objects.create(slug="other", title="Other fit", summary="", owner=alice)
    other.current = other.versions.create(number=1, specification="{}", content_sha256="0" * 64)
    other.save()
    Run.objects.filter(pk=second.pk).update(analysis=other, version=other.current, number=1)

    names = names_of(find_side(alice, str(first.pk)), find_side(alice, str(second.pk)))

    assert names == ("Dimuon spectrum, run 1", "Other fit, run 1")


def test_the_api_tells_both_sides(browser: Client, first: Run, second: Run) -> None:
    read = told(browser, first.pk, second.pk)

    assert (read["a"]["run"], read["b"]["run"]) == (1, 2)
    sections = {each["key"]: each for each in read["sections"]}
    row = next(each for each in sections["parameters"]["rows"] if not each["same"])
    assert row == {"name": "bins", "a": "60", "b": "30", "same": False, "state": ""}
    outputs = {row["name"]: row for row in sections["outputs"]["rows"]}
    assert len(outputs[FIT]["a"]) == 64
    assert read["contents"] == {
        "state": "none", "message": "", "first": str(first.pk), "second": str(second.pk),
        "outputs": [], "problems": [], "pending": [FIT], "left_out": 0,
    }  # fmt: skip


def test_the_api_has_contents_compared(
    browser: Client, alice: User, first: Run, second: Run
) -> None:
    sides = {"a": str(first.pk), "b": str(second.pk)}

    asked = browser.post(API, sides, content_type="application/json")
    work(look(alice, first.pk, second.pk).job)

    assert asked.status_code == 202
    assert asked.json()["contents"]["state"] == "running"
    contents = told(browser, first.pk, second.pk)["contents"]
    assert (contents["state"], contents["pending"]) == ("done", [])
    assert contents["outputs"][0]["comparison"]["largest_absolute"]["where"] == "mass"


def test_the_recorded_side_has_no_run(browser: Client, analysis: Analysis, second: Run) -> None:
    read = told(browser, second.pk, analysis.newest.pk)

    assert read["b"]["run"] is None
    assert read["contents"]["first"] == str(analysis.newest.pk)
    assert read["contents"]["outputs"][0]["path"] == FIT


@pytest.mark.parametrize("order", [1, -1])
def test_a_stranger_finds_neither_page_nor_contents(
    bob: User, alice: User, analysis: Analysis, second: Run, order: int
) -> None:
    work(ask(alice, analysis.newest.pk, other_run(alice, analysis).pk).job)
    client = Client()
    sign_in(client, bob)
    a, b = [str(analysis.newest.pk), str(second.pk)][::order]

    answers = [
        client.get(f"/runs/compare?a={a}&b={b}"),
        client.get(f"/runs/compare?a={a}&b={b}&fragment=outputs"),
        client.post("/runs/compare/contents", {"a": a, "b": b}),
        client.get(API, {"a": a, "b": b}),
        client.post(API, {"a": a, "b": b}, content_type="application/json"),
    ]

    assert [answer.status_code for answer in answers] == [404] * 5
    assert SideComparison.objects.filter(user=bob).count() == 0


def test_what_is_no_id_is_no_side(browser: Client, first: Run) -> None:
    sides = {"a": str(first.pk), "b": "x"}

    assert browser.get(API, sides).status_code == 404
    assert browser.post(API, sides, content_type="application/json").status_code == 422


def test_progress_is_told_output_by_output(
    browser: Client, alice: User, first: Run, second: Run
) -> None:
    give(first, "a.txt", b"1\n")
    give(second, "a.txt", b"2\n")
    job = ask(alice, first.pk, second.pk).job
    assert job
    turn(job)

    page = page_of(browser, first.pk, second.pk)

    assert "Comparing output 1 of 2, a.txt." in page
    assert "1 of 1 value differs" in page
