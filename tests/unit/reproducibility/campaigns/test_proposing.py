"""Which results a form proposes to collect, and how a table shows them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from reproducibility.models import Analysis
from reproducibility.services.campaigns.proposing import MOST, proposed
from reproducibility.templatetags.campaign_results import cell
from tests.factories import sign_in
from vre_portal.components.formats import NOTHING

FIT = {
    "bins": 60,
    "chi2": 72.2,
    "passed": True,
    "note": "fine",
    "parameters": {"signal": {"value": 1.5}, "width": {"value": 0.2, "full width": 2}},
}


@pytest.fixture(autouse=True)
def nothing_recorded(analysis: Analysis) -> None:
    analysis.newest.outputs.all().delete()


def record(analysis: Analysis, path: str, content: bytes) -> None:
    analysis.newest.outputs.create(
        path=path, content=content, size=len(content), sha256=f"{len(path):064}"
    )


def lines(analysis: Analysis) -> list[tuple[str, str, str]]:
    return [(each.name, each.path, each.where) for each in proposed(analysis.newest)]


def test_numbers_of_recorded_json_get_the_shortest_names_that_differ(analysis: Analysis) -> None:
    record(analysis, "results/fit.json", json.dumps(FIT).encode())

    assert lines(analysis) == [
        ("fit.bins", "results/fit.json", "bins"),  # a parameter is called bins
        ("chi2", "results/fit.json", "chi2"),
        ("parameters.signal.value", "results/fit.json", "parameters.signal.value"),
        ("parameters.width.value", "results/fit.json", "parameters.width.value"),
    ]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("broken.json", b"{"),
        ("deep.json", b"[" * 100_000),
        ("a b.json", b'{"x": 1}'),
        ("table.csv", b"x\n1\n"),
        ("list.json", b"[1, 2]"),
    ],
)
def test_what_gives_no_line_is_passed_over(analysis: Analysis, path: str, content: bytes) -> None:
    record(analysis, path, content)

    assert lines(analysis) == []


def test_at_most_a_few_are_proposed(analysis: Analysis) -> None:
    record(analysis, "many.json", json.dumps({f"n{n}": n for n in range(100)}).encode())

    assert len(lines(analysis)) == MOST


def test_the_form_begins_with_them(alice: User, client: Client, analysis: Analysis) -> None:
    record(analysis, "fit.json", b'{"mass": 91.2}')
    sign_in(client, alice)

    page = client.get(f"/analyses/{analysis.slug}/campaign").content.decode()

    assert "mass fit.json mass</textarea>" in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.5e-150, "1.5e-150"), (0.06974753969812104, "0.0697475"), (12345678, 12345678),
     (None, NOTHING), ("text", "text"), (True, True), (1e300, "1e+300")],
)  # fmt: skip
def test_a_cell_is_never_longer_than_it_must_be(value: Any, shown: Any) -> None:
    assert cell(value) == shown
