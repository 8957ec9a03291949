"""Pages of analyses and runs in each state."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from reproducibility import services
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    RecordedOutput,
    Run,
    RunOutput,
    RunState,
)
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish, work, write_analysis
from vre_portal.errors import UpstreamUnavailable


def text_of(client: Client, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.content.decode()[:500]
    return answer.content.decode()


def queries_of(client: Client, path: str) -> int:
    text_of(client, path)
    with CaptureQueriesContext(connection) as queries:
        text_of(client, path)
    return len(queries)


@pytest.fixture
def finished(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run with a verdict where one output differs."""
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, "results/fit.json": b'{\n "mass": 91.20\n}\n'})
    return finish(run)


def test_without_analyses_the_page_says_who_publishes_them(browser: Client) -> None:
    page = text_of(browser, "/analyses/")

    assert "No analysis is published yet" in page


def test_analyses_are_listed_with_ones_last_verdict(browser: Client, finished: Run) -> None:
    page = text_of(browser, "/analyses/")

    assert "Dimuon spectrum" in page
    assert 'href="/analyses/dimuon/reproduce"' in page
    assert ">different<" in page


def test_the_list_shows_no_verdict_of_others(browser: Client, bob: User, finished: Run) -> None:
    client = Client()
    sign_in(client, bob)

    assert ">different<" not in text_of(client, "/analyses/")


def test_an_analysis_shows_all_that_a_run_needs(browser: Client, analysis: Analysis) -> None:
    page = text_of(browser, "/analyses/dimuon")

    for part in (
        "Reproduce this", "results/fit.json", "/data/cms:dimuon", "vre-portal/physics:2026.11",
        "python code/select.py", "code/fit.py", "Apache-2.0", "Not reproduced by you yet", "bins",
    ):  # fmt: skip
        assert part in page
    assert 'src="/analyses/dimuon/outputs/results/mass.png"' in page


def test_an_analysis_without_inputs_and_parameters_says_so(
    browser: Client, analysis: Analysis
) -> None:
    analysis.newest.inputs.all().delete()
    AnalysisVersion.objects.update(
        specification="workflow: {type: serial, specification: {steps: []}}"
    )

    page = text_of(browser, "/analyses/dimuon")

    assert "No data from the lake" in page
    assert "None." in page


def test_reproducing_leads_to_the_runs_page(browser: Client, analysis: Analysis) -> None:
    answer = browser.post("/analyses/dimuon/reproduce")

    run = Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}")


def test_without_runs_the_page_says_what_to_do(browser: Client) -> None:
    page = text_of(browser, "/runs/")

    assert "No run yet" in page
    assert 'href="/analyses/"' in page


def test_the_list_of_runs_watches_those_under_way_only(
    browser: Client, alice: User, analysis: Analysis, finished: Run
) -> None:
    under_way = services.start_run(alice, analysis)

    page = text_of(browser, "/runs/")

    assert f'data-live="run:{under_way.pk}"' in page
    assert f'href="/runs/{finished.pk}"' in page
    assert "Dimuon spectrum, run 2" in page


def test_a_new_run_shows_its_whole_plan(browser: Client, run: Run) -> None:
    page = text_of(browser, f"/runs/{run.pk}")

    for step in ("inputs", "select", "fit", "compare"):
        assert f"<span>{step}" in page
    assert f'data-live="run:{run.pk}"' in page
    assert f'action="/runs/{run.pk}/stop"' in page
    assert "not compared yet" in page
    assert "Known once the runner has taken the workflow." in page


def test_a_running_run_shows_its_step_and_its_log(
    browser: Client, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.run(1)
    work(run)

    page = text_of(browser, f"/runs/{run.pk}")

    assert "Step 2 of 2, fit, is running." in page
    assert 'aria-current="step"' in page
    assert "select says hello" in page
    assert "cms:muons_1.root" in page


def test_a_run_says_how_long_it_usually_takes(
    browser: Client, alice: User, analysis: Analysis, finished: Run
) -> None:
    under_way = services.start_run(alice, analysis)

    assert "It usually takes" in text_of(browser, f"/runs/{under_way.pk}")


def test_a_run_whose_service_is_down_says_that_it_waits(
    browser: Client, run: Run, workflow_backend: FakeWorkflows
) -> None:
    with workflow_backend.down(UpstreamUnavailable("REANA does not answer.", service="reana")):
        work(run)

        page = text_of(browser, f"/runs/{run.pk}")

    assert "Waiting for REANA, which does not answer at the moment" in page


def test_a_verdict_is_told_with_its_numbers(browser: Client, finished: Run) -> None:
    page = text_of(browser, f"/runs/{finished.pk}")

    assert "1 of 2 outputs bit-identical, 1 different." in page
    assert "Inputs verified (2 of 2 checksums)." in page
    assert "Environment substituted: Physics 2026.11 instead of the recorded image." in page
    assert "1 of 1 value differs; width is not there any more" in page
    assert "Reproduce again" in page
    assert "uproot==5.6.8" in page
    assert f'href="/runs/{finished.pk}/outputs/results/fit.json"' in page
    assert f"/runs/{finished.pk}/stop" not in page


def test_an_old_run_keeps_its_numbers_when_the_analysis_changes(
    browser: Client, finished: Run
) -> None:
    RecordedOutput.objects.update(sha256="f" * 64)

    page = text_of(browser, f"/runs/{finished.pk}")

    assert "ffffffff" not in page


def test_a_failed_run_shows_why_and_offers_to_start_again(
    browser: Client, run: Run, workflow_backend: FakeWorkflows
) -> None:
    work(run)
    workflow_backend.fail_step(1, "ValueError: <b>no events</b>\n")
    finish(run)

    page = text_of(browser, f"/runs/{run.pk}")

    assert "The run failed" in page
    assert "Step fit failed: ValueError: &lt;b&gt;no events&lt;/b&gt;" in page
    assert f'action="/runs/{run.pk}/again"' in page
    assert "not compared" in page


def test_stopping_and_starting_again(browser: Client, alice: User, run: Run) -> None:
    stopped = browser.post(f"/runs/{run.pk}/stop", follow=True).content.decode()
    finish(run)
    page = text_of(browser, f"/runs/{run.pk}")
    again = browser.post(f"/runs/{run.pk}/again")

    assert "The run is being stopped." in stopped
    assert "Stopped by you." in page
    assert again["Location"] == f"/runs/{Run.objects.get(number=2).pk}"


def test_stopping_an_ended_run_says_that_it_has_ended(browser: Client, finished: Run) -> None:
    answer = browser.post(f"/runs/{finished.pk}/stop")

    assert answer.status_code == 409
    assert "finished already" in answer.content.decode()


@pytest.mark.parametrize("path", ["", "/log", "/outputs/results/fit.json"])
def test_strangers_do_not_find_a_run(bob: User, finished: Run, path: str) -> None:
    client = Client()
    sign_in(client, bob)

    text_of(client, f"/runs/{finished.pk}{path}", status=404)


@pytest.mark.parametrize("verb", ["stop", "again"])
def test_strangers_can_not_act_on_a_run(bob: User, run: Run, verb: str) -> None:
    client = Client()
    sign_in(client, bob)

    assert client.post(f"/runs/{run.pk}/{verb}").status_code == 404
    assert Run.objects.get().stop_wanted is False


def test_a_visitor_is_led_to_the_sign_in_and_back(db: None) -> None:
    answer = Client().get("/analyses/")

    assert answer.status_code == 302
    assert "next=%2Fanalyses%2F" in answer["Location"]


@pytest.mark.parametrize(
    ("path", "holds"),
    [("/runs/?fragment=rows", "Dimuon spectrum, run 1"), ("/runs/{}?fragment=body", "Outputs")],
)
def test_fragments_render_without_a_page(
    browser: Client, finished: Run, path: str, holds: str
) -> None:
    page = text_of(browser, path.format(finished.pk))

    assert holds in page
    assert "<html" not in page


def test_the_log_can_be_saved(browser: Client, finished: Run) -> None:
    answer = browser.get(f"/runs/{finished.pk}/log")

    assert answer["Content-Disposition"] == 'attachment; filename="dimuon-run-1.log"'
    assert answer.content.decode().startswith("# select\n$ python code/select.py\nselect says")


@pytest.mark.parametrize(
    ("path", "kind", "how"),
    [
        ("results/mass.png", "image/png", "inline"),
        ("results/fit.json", "application/json", "inline"),
        ("results/table.csv", "text/plain; charset=utf-8", "inline"),
        ("results/page.html", "application/octet-stream", "attachment"),
        ("results/drawing.svg", "application/octet-stream", "attachment"),
        ("results/mass.root", "application/octet-stream", "attachment"),
    ],
)
def test_outputs_come_as_what_is_safe_to_show(
    browser: Client, finished: Run, path: str, kind: str, how: str
) -> None:
    RunOutput.objects.exclude(path="results/mass.png").delete()
    RunOutput.objects.update(path=path)

    answer = browser.get(f"/runs/{finished.pk}/outputs/{path}")

    assert (answer.status_code, answer["Content-Type"]) == (200, kind)
    assert answer["Content-Disposition"] == f'{how}; filename="{path.split("/")[1]}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content == RECORDED["results/mass.png"]


def test_an_output_is_sent_once_to_a_browser_that_keeps_it(
    browser: Client, analysis: Analysis
) -> None:
    path = "/analyses/dimuon/outputs/results/mass.png"
    first = browser.get(path)

    again = browser.get(path, headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code) == (200, 304)


@pytest.mark.parametrize("path", ["results/nothing.png", "../secret"])
def test_an_output_that_is_not_there_is_not_found(
    browser: Client, finished: Run, path: str
) -> None:
    text_of(browser, f"/runs/{finished.pk}/outputs/{path}", status=404)
    text_of(browser, f"/analyses/dimuon/outputs/{path}", status=404)


def test_a_huge_output_is_not_linked(browser: Client, finished: Run) -> None:
    RunOutput.objects.filter(path="results/fit.json").update(size=10**9, content=b"")

    page = text_of(browser, f"/runs/{finished.pk}")

    assert f"/runs/{finished.pk}/outputs/results/fit.json" not in page
    text_of(browser, f"/runs/{finished.pk}/outputs/results/fit.json", status=404)


def _more_outputs(analysis: Analysis, run: Run) -> None:
    for number in range(5):
        path = f"results/more-{number}.png"
        RecordedOutput.objects.create(
            version=analysis.newest, path=path, content=b"x", sha256="0" * 64, size=1
        )
        analysis.newest.files.create(path=path, content=b"x", sha256="0" * 64)
        run.outputs.create(path=path, content=b"x", sha256="0" * 64, size=1)
    for _ in range(4):
        services.start_run(run.user, analysis)


@pytest.mark.parametrize("path", ["/analyses/", "/analyses/dimuon", "/runs/", "/runs/{}"])
def test_the_number_of_queries_does_not_grow(
    browser: Client, analysis: Analysis, finished: Run, path: str
) -> None:
    before = queries_of(browser, path.format(finished.pk))

    _more_outputs(analysis, finished)
    after = queries_of(browser, path.format(finished.pk))

    assert after == before


def test_pages_ask_no_service(browser: Client, run: Run, workflow_backend: FakeWorkflows) -> None:
    for path in ("/analyses/", "/analyses/dimuon", "/runs/", f"/runs/{run.pk}"):
        text_of(browser, path)

    assert not workflow_backend.calls


def test_many_analyses_are_paged(
    browser: Client, analysis_folder: object, make: Callable[[str], Analysis]
) -> None:
    for number in range(3):
        make(f"analysis-{number}")

    page = text_of(browser, "/analyses/?limit=2")

    assert "cursor=" in page


@pytest.fixture
def make(db: None, analysis_folder: object) -> Callable[[str], Analysis]:
    """Return a maker of analyses."""

    def made(slug: str) -> Analysis:
        return services.import_folder(write_analysis(analysis_folder, slug=slug))  # type: ignore[arg-type]

    return made


def test_every_state_has_a_page(browser: Client, run: Run) -> None:
    for state in RunState:
        Run.objects.update(state=state)

        text_of(browser, f"/runs/{run.pk}")
        text_of(browser, "/runs/")
