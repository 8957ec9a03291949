"""Any two runs, or a run and what was recorded, side by side."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from reproducibility import services
from reproducibility.models import Analysis, AnalysisInput, Run
from reproducibility.services import side_by_side
from reproducibility.side_rows import Section, sections_of
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, SPECIFICATION, finish
from vre_portal.errors import NotFound

OTHER_FIT = b'{\n "mass": 91.20\n}\n'


@pytest.fixture
def first(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run that gave what was recorded."""
    workflow_backend.runs_by_itself = True
    return finish(run)


@pytest.fixture
def second(first: Run, alice: User, analysis: Analysis, workflow_backend: FakeWorkflows) -> Run:
    """A run with another parameter and one other output."""
    workflow_backend.workflows.clear()
    workflow_backend.gives({**RECORDED, "results/fit.json": OTHER_FIT})
    return finish(services.start_run(alice, analysis, parameters={"bins": 30}))


def sections(user: User, one: object, other: object) -> dict[str, Section]:
    left, right = (side_by_side.find_side(user, str(key)) for key in (one, other))
    return {section.key: section for section in sections_of(left, right)}


def page_of(client: Client, one: object, other: object, *, more: str = "") -> str:
    answer = client.get(f"/runs/compare?a={one}&b={other}{more}")
    assert answer.status_code == 200, answer.content.decode()[:300]
    return " ".join(answer.content.decode().split())


def test_outputs_that_differ_come_before_those_that_do_not(
    alice: User, first: Run, second: Run
) -> None:
    outputs = sections(alice, first.pk, second.pk)["outputs"]

    assert [(row.name, row.state) for row in outputs.differing] == [
        ("results/fit.json", "different")
    ]
    assert [(row.name, row.state) for row in outputs.same] == [
        ("results/mass.png", "bit-identical")
    ]
    (row,) = outputs.differing
    assert row.left.url == f"/runs/{first.pk}/outputs/results/fit.json"
    assert row.right.url == f"/runs/{second.pk}/outputs/results/fit.json"


def test_the_parameters_that_differ_are_told(alice: User, first: Run, second: Run) -> None:
    parameters = sections(alice, first.pk, second.pk)["parameters"]

    (row,) = parameters.differing
    assert (row.name, row.left.text, row.right.text) == ("bins", "60", "30")
    assert len(parameters.same) == 3


def test_parts_with_differences_come_first(alice: User, first: Run, second: Run) -> None:
    made = list(sections(alice, first.pk, second.pk).values())

    assert [section.differs for section in made] == sorted(
        (section.differs for section in made), reverse=True
    )
    assert not made[-1].differs


def test_packages_are_told_as_added_removed_or_changed(
    alice: User, first: Run, second: Run
) -> None:
    Run.objects.filter(pk=second.pk).update(
        environment={**second.environment, "packages": ["numpy==2.4.0", "awkward==2.8"]}
    )

    packages = sections(alice, first.pk, second.pk)["packages"]

    assert {row.name: row.state for row in packages.differing} == {
        "numpy": "changed", "uproot": "removed", "awkward": "added",
    }  # fmt: skip


def test_the_specifications_are_shown_as_lines(
    alice: User, first: Run, second: Run, analysis: Analysis
) -> None:
    newer = analysis.versions.create(
        number=2, specification=SPECIFICATION.replace("bins: 60", "bins: 90"),
        content_sha256="0" * 64,
    )  # fmt: skip
    Run.objects.filter(pk=second.pk).update(version=newer)

    lines = sections(alice, first.pk, second.pk)["specification"].lines

    gone, new = (next(line.text for line in lines if line.kind == kind) for kind in ("gone", "new"))
    assert "bins: 60" in gone
    assert "bins: 90" in new


def test_the_same_run_twice_differs_in_nothing(alice: User, first: Run) -> None:
    made = sections(alice, first.pk, first.pk)

    assert not any(section.differs for section in made.values())


def test_the_recorded_side_takes_the_level_of_the_verdict(
    alice: User, analysis: Analysis, second: Run
) -> None:
    outputs = sections(alice, analysis.newest.pk, second.pk)["outputs"]

    assert {row.name: row.state for row in outputs.rows} == {
        "results/fit.json": "different", "results/mass.png": "bit-identical",
    }  # fmt: skip
    assert outputs.rows[0].left.url == "/analyses/dimuon/outputs/results/fit.json?version=1"


def test_a_level_that_was_found_with_a_tolerance_is_kept(
    alice: User, analysis: Analysis, second: Run
) -> None:
    assert second.verdict
    for output in second.verdict["outputs"]:
        output["level"] = "numerically-equal"
    second.save()

    outputs = sections(alice, second.pk, analysis.newest.pk)["outputs"]

    assert {row.name: row.state for row in outputs.differing} == {
        "results/fit.json": "numerically-equal"
    }


def test_steps_tell_how_much_longer_the_other_took(alice: User, first: Run, second: Run) -> None:
    for run, seconds in ((first, (3.0, 20.0, 8.0, 1.0)), (second, (5.0, 20.05, 2.0, None))):
        steps = [{**step, "seconds": each} for step, each in zip(run.steps, seconds, strict=True)]
        Run.objects.filter(pk=run.pk).update(steps=steps)

    told = sections(alice, first.pk, second.pk)["steps"]

    assert [row.note for row in told.rows] == ["2 s longer", "as long", "6 s shorter", ""]
    assert not told.differs


def test_a_digest_is_shown_by_its_beginning(alice: User, first: Run, second: Run) -> None:
    Run.objects.filter(pk=second.pk).update(
        environment={**second.environment, "packages_sha256": "cd" * 32}
    )

    (row,) = sections(alice, first.pk, second.pk)["environment"].differing

    assert (row.left.text, row.left.whole) == ("ab" * 6, "ab" * 32)
    assert (row.right.text, row.right.whole) == ("cd" * 6, "cd" * 32)


def test_the_page_says_which_runs_they_are(browser: Client, first: Run, second: Run) -> None:
    page = page_of(browser, first.pk, second.pk)

    for run in (first, second):
        assert f'<a href="/runs/{run.pk}">Run {run.number}</a>, of version 1' in page


def test_what_one_side_does_not_know_is_no_difference(
    alice: User, analysis: Analysis, first: Run
) -> None:
    made = sections(alice, analysis.newest.pk, first.pk)

    assert made["packages"].unknown
    assert made["inputs"].unknown
    assert not made["environment"].differs
    assert not made["steps"].differs


def test_recorded_inputs_are_compared_with_those_read(
    alice: User, analysis: Analysis, first: Run
) -> None:
    files = [{"did": entry["did"], "adler32": entry["adler32"]} for entry in first.inputs]
    files[0]["adler32"] = "0badcafe"
    AnalysisInput.objects.update(files=files)

    inputs = sections(alice, analysis.newest.pk, first.pk)["inputs"]

    assert [row.name for row in inputs.differing] == ["data/muons_1.root"]
    assert [row.name for row in inputs.same] == ["data/muons_2.root"]


def test_an_output_that_only_one_gave_is_missing(alice: User, first: Run, second: Run) -> None:
    second.outputs.filter(path="results/mass.png").delete()

    outputs = sections(alice, first.pk, second.pk)["outputs"]

    missing = next(row for row in outputs.differing if row.name == "results/mass.png")
    assert missing.state == "missing"
    assert not missing.right.is_there


def test_a_run_of_somebody_else_is_not_there(bob: User, first: Run) -> None:
    with pytest.raises(NotFound):
        side_by_side.find_side(bob, str(first.pk))


def test_the_recorded_side_of_a_private_analysis_is_not_there(
    bob: User, analysis: Analysis
) -> None:
    Analysis.objects.update(published=False)

    with pytest.raises(NotFound):
        side_by_side.find_side(bob, str(analysis.newest.pk))


@pytest.mark.parametrize("key", ["", "x", str(uuid.UUID(int=7)), "../etc", "1"])
def test_a_wrong_key_is_not_found(browser: Client, key: str) -> None:
    answer = browser.get("/runs/compare", {"a": key})

    assert answer.status_code == 404


def test_the_page_shows_both_sides(browser: Client, first: Run, second: Run) -> None:
    page = page_of(browser, first.pk, second.pk)

    for part in ("Dimuon spectrum: run 1 and run 2", "parts differ", "results/fit.json", "uproot"):
        assert part in page


def test_the_address_can_ask_for_differences_only(browser: Client, first: Run, second: Run) -> None:
    page = page_of(browser, first.pk, second.pk, more="&only=differences")

    assert "results/fit.json" in page
    assert "results/mass.png" not in page
    assert "uproot" not in page
    assert "Show all" in page


def test_where_nothing_differs_the_page_says_so(browser: Client, first: Run) -> None:
    assert "No part differs." in page_of(browser, first.pk, first.pk)
    assert "Nothing differs" in page_of(browser, first.pk, first.pk, more="&only=differences")


def test_with_one_side_the_page_offers_what_may_stand_beside_it(
    browser: Client, first: Run, second: Run, analysis: Analysis
) -> None:
    page = browser.get(f"/runs/compare?a={first.pk}").content.decode()

    assert f'value="{second.pk}"' in page
    assert f'value="{analysis.newest.pk}"' in page
    assert f'<option value="{first.pk}"' not in page
    assert "recorded, version 1" in page


def test_a_run_offers_no_runs_of_others(
    analysis: Analysis, first: Run, bob: User, workflow_backend: FakeWorkflows
) -> None:
    client = Client()
    sign_in(client, bob)
    mine = services.start_run(bob, analysis)

    page = client.get(f"/runs/compare?a={mine.pk}").content.decode()

    assert str(first.pk) not in page


def test_a_run_under_way_can_be_one_side(
    browser: Client, alice: User, first: Run, analysis: Analysis
) -> None:
    under_way = services.start_run(alice, analysis)

    page = page_of(browser, first.pk, under_way.pk)

    assert "One of the two does not say what it had." in page


def test_a_long_list_of_outputs_needs_no_more_queries(
    browser: Client, first: Run, second: Run
) -> None:
    address = f"/runs/compare?a={first.pk}&b={second.pk}"
    browser.get(address)
    with CaptureQueriesContext(connection) as few:
        browser.get(address)
    for number in range(20):
        second.outputs.create(path=f"more/{number}", content=b"", sha256="0" * 64, size=0)
    with CaptureQueriesContext(connection) as many:
        browser.get(address)

    assert len(many) == len(few)


def test_a_recorded_output_that_is_not_kept_here_has_no_link(
    alice: User, analysis: Analysis, first: Run
) -> None:
    analysis.newest.outputs.filter(path="results/mass.png").update(content=b"")

    outputs = sections(alice, analysis.newest.pk, first.pk)["outputs"]

    links = {row.name: bool(row.left.url) for row in outputs.rows}
    assert links == {"results/fit.json": True, "results/mass.png": False}
