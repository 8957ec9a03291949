"""The page of a signed verdict, its downloads, and its charts."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from accounts.models import User
from data_mgmt.previews.values import DASH
from reproducibility.histograms import overlay
from reproducibility.models import Analysis, Run, SignedVerdict
from reproducibility.services import signing
from tests.factories import sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import RECORDED, finish

FIGURE: dict[str, Any] = {
    "kind": "histogram", "where": "mass", "edges": [60.0, 80.0, 100.0, 120.0],
    "recorded": [10.0, 250.0, 0.0], "found": [10.0, 245.0, 1.0], "sampled": False,
}  # fmt: skip
COMPARISON: dict[str, Any] = {
    "format": "root", "compared": 1200, "differing": 2, "beyond": 1, "ignored": [],
    "largest_absolute": {"where": "mass[1]", "kind": "value", "absolute": 5.0, "relative": 0.02},
    "largest_relative": {"where": "mass[2]", "kind": "value", "absolute": 1.0, "relative": 1.0},
    "differences": [], "tests": [{"where": "mass", "name": "chi2", "p_value": 0.123}],
    "figures": [FIGURE, {"kind": "image", "where": "", "png": "iVBORw0KGgo="}],
}  # fmt: skip


@pytest.fixture
def finished(run: Run, workflow_backend: FakeWorkflows) -> Run:
    """A run where one output differs."""
    workflow_backend.runs_by_itself = True
    workflow_backend.gives({**RECORDED, "results/fit.json": b'{\n "mass": 91.20\n}\n'})
    return finish(run)


@pytest.fixture
def verdict(finished: Run) -> SignedVerdict:
    """Its signed verdict."""
    return SignedVerdict.objects.get(run=finished)


@pytest.fixture
def reader(bob: User) -> Client:
    """The browser of somebody who sees published analyses."""
    client = Client()
    sign_in(client, bob)
    return client


def page_of(client: Client, verdict: SignedVerdict) -> str:
    answer = client.get(f"/verdicts/{verdict.pk}")
    assert answer.status_code == 200, answer.content.decode()[:300]
    return " ".join(answer.content.decode().split())


def compared(run: Run, comparison: dict[str, Any]) -> None:
    """Keep what a comparison of an output's contents found."""
    run.outputs.filter(path="results/fit.json").update(comparison=comparison)


def detail_of(run: Run) -> str:
    """Return what was read in the output that differs, as a page holds it."""
    assert run.verdict
    found = next(each for each in run.verdict["outputs"] if each["path"] == "results/fit.json")
    return escape(found["detail"])


def test_it_says_what_was_found_and_how_it_is_checked(
    browser: Client, verdict: SignedVerdict, finished: Run
) -> None:
    page = page_of(browser, verdict)

    for part in (
        "Verdict on Dimuon spectrum", "At least one output is another one than recorded.",
        "It ran in another environment than recorded.", "cms:muons_1.root", "results/fit.json",
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in statement.json",
        f"vre-verdict-key.pem?kid={verdict.key_id}", f"/runs/{finished.pk}",
        detail_of(finished),
    ):  # fmt: skip
        assert part in page
    assert "The signature does not hold" not in page


def test_others_read_the_statement_but_no_lines_of_files_and_no_run(
    reader: Client, verdict: SignedVerdict, finished: Run, alice: User
) -> None:
    compared(finished, COMPARISON)

    page = page_of(reader, verdict)

    assert "2 of 1,200 values differ" in page
    assert detail_of(finished) not in page
    assert 'class="overlay"' not in page
    assert f"/runs/{finished.pk}" not in page
    assert alice.handle not in page


def test_numbers_and_charts_stand_beside_the_level(
    browser: Client, verdict: SignedVerdict, finished: Run
) -> None:
    compared(finished, COMPARISON)

    page = page_of(browser, verdict)

    for part in (
        "2 of 1,200 values differ", "1 by more than the tolerance",
        "largest absolute difference 5", "largest relative difference 1", "chi2 test: p = 0.123",
        'class="overlay"', "data:image/png;base64,iVBORw0KGgo=",
    ):  # fmt: skip
        assert part in page


@pytest.mark.parametrize(
    "comparison",
    [
        {}, {"figures": None}, {"figures": [None, "x", {}, {"kind": "histogram"}]},
        {"compared": 3, "differing": 1, "largest_absolute": {"absolute": None}},
        {"figures": [{**FIGURE, "edges": [1, 1, 1, 1]}]}, {"tests": [None, {}]},
    ],
)  # fmt: skip
def test_a_verdict_that_knows_less_is_shown_all_the_same(
    browser: Client, verdict: SignedVerdict, finished: Run, comparison: dict[str, Any]
) -> None:
    compared(finished, comparison)

    assert "results/fit.json" in page_of(browser, verdict)


def test_a_statement_that_was_tampered_with_is_told(
    browser: Client, verdict: SignedVerdict
) -> None:
    verdict.delete()
    verdict.statement = verdict.statement.replace("different", "identical")
    verdict.save(force_insert=True)

    assert "The signature does not hold" in page_of(browser, verdict)


def test_both_files_are_what_was_signed(browser: Client, verdict: SignedVerdict) -> None:
    statement = browser.get(f"/verdicts/{verdict.pk}/statement.json")
    signature = browser.get(f"/verdicts/{verdict.pk}/statement.sig")

    assert statement.content == verdict.statement.encode()
    assert signature.content == b64decode(verdict.signature)
    assert len(signature.content) == 64
    assert 'filename="statement.json"' in statement["Content-Disposition"]


def test_the_api_tells_statement_signature_and_key(browser: Client, verdict: SignedVerdict) -> None:
    told = browser.get(f"/api/v1/verdicts/{verdict.pk}").json()

    assert told["statement"] == verdict.statement
    assert told["signature"] == verdict.signature
    assert told["key_id"] == verdict.key_id
    assert json.loads(told["statement"])["level"] == "different"


@pytest.mark.parametrize(
    "path", ["/verdicts/{}", "/verdicts/{}/statement.json", "/verdicts/{}/statement.sig",
             "/api/v1/verdicts/{}"],
)  # fmt: skip
def test_of_a_private_analysis_others_see_nothing(
    reader: Client, browser: Client, verdict: SignedVerdict, path: str
) -> None:
    Analysis.objects.update(published=False)

    assert reader.get(path.format(verdict.pk)).status_code == 404
    assert browser.get(path.format(verdict.pk)).status_code == 200


def test_a_verdict_stays_when_its_run_goes(
    browser: Client, verdict: SignedVerdict, finished: Run
) -> None:
    finished.delete()

    assert browser.get(f"/verdicts/{verdict.pk}").status_code == 200
    assert browser.get("/analyses/dimuon").status_code == 200
    assert signing.verdicts_of(finished.user, Analysis.objects.get()).get() == verdict


def test_an_overlay_draws_both_and_their_ratio() -> None:
    made = overlay(FIGURE)

    assert made
    assert made.recorded.startswith("M68.0,222.0V")
    assert made.recorded != made.found
    assert made.ratio.count("M") == 2  # the third bin has no recorded count
    assert made.rows[1] == ("80", "100", "250", "245", "0.98")
    assert made.rows[2][-1] == DASH


@pytest.mark.parametrize(
    "change",
    [
        {"edges": []}, {"edges": [1.0]}, {"edges": None}, {"recorded": [1.0]}, {"found": "text"},
        {"edges": [3.0, 2.0, 1.0, 0.0]}, {"found": [1.0, None, 2.0]},
        {"recorded": [1.0, float("inf"), 2.0]},
    ],
)  # fmt: skip
def test_what_can_not_be_drawn_is_left_out(change: dict[str, Any]) -> None:
    assert overlay({**FIGURE, **change}) is None


@pytest.mark.parametrize(
    "change",
    [
        {"recorded": [0.0, 0.0, 0.0], "found": [0.0, 0.0, 0.0]},
        {"recorded": [-5.0, 1e300, 1e-300], "found": [5.0, -1e300, 1e300]},
        {"edges": [-1e308, 0.0, 1e300, 1e308]}, {"edges": [1.0, 1.0000000000000002, 2.0, 3.0]},
    ],
)  # fmt: skip
def test_extreme_numbers_stay_inside_the_drawing(change: dict[str, Any]) -> None:
    made = overlay({**FIGURE, **change})

    assert made
    for path in (made.recorded, made.found, made.ratio):
        assert "nan" not in path
        assert "inf" not in path


def test_a_run_leads_to_its_signed_verdict_and_to_a_comparison(
    client: Client, verdict: SignedVerdict, finished: Run
) -> None:
    sign_in(client, finished.user)

    page = client.get(f"/runs/{finished.pk}").content.decode()

    assert f'href="/verdicts/{verdict.pk}"' in page
    assert f'href="/runs/compare?a={finished.pk}"' in page


def test_a_run_without_a_signed_verdict_leads_to_a_comparison_only(
    client: Client, run: Run
) -> None:
    sign_in(client, run.user)

    page = client.get(f"/runs/{run.pk}").content.decode()

    assert "/verdicts/" not in page
    assert "/runs/compare?a=" in page
