"""The plot on a campaign's page: chosen by the address, right, bounded, and harmless."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from django.core.cache import cache
from django.http import QueryDict
from django.test import Client

from accounts.models import User
from reproducibility.campaign_plot_form import PlotForm
from reproducibility.models import Analysis, Campaign, Point, PointState
from reproducibility.plots.values import Choice, Kind
from reproducibility.services.campaigns import plotting
from tests.factories import sign_in

Scan = Callable[..., Campaign]
HOSTILE = "</title><script>alert(1)</script>&\"'%s{0}"


@pytest.fixture
def browser(alice: User, client: Client) -> Client:
    """Alice's browser."""
    sign_in(client, alice)
    return client


@pytest.fixture
def scan(alice: User, analysis: Analysis) -> Scan:
    """Return how a finished campaign of given columns, results and rows comes to be."""

    def made(rows: list[Mapping[str, Any]], *, columns: list[str], results: list[str]) -> Campaign:
        named = [{"name": name, "path": "r.json", "where": "r"} for name in results]
        campaign = Campaign.objects.create(
            user=alice, version=analysis.newest, title="Scan", columns=columns, results=named,
            total=len(rows), at_once=1, state="finished",
        )  # fmt: skip
        Point.objects.bulk_create(
            Point(
                campaign=campaign, number=number, state=PointState.FINISHED, seconds=1.5,
                values={name: row[name] for name in columns},
                results={name: {"value": row[name]} if name in row else {"problem": "none"}
                         for name in results},
            )
            for number, row in enumerate(rows, 1)
        )  # fmt: skip
        return campaign

    return made


def circle(side: int = 11) -> list[Mapping[str, Any]]:
    """Return a grid of points whose CLs is 0.05 on a circle."""
    return [{"m0": i, "m12": j, "CLs": 0.002 * (i * i + j * j)}
            for i in range(side) for j in range(side)]  # fmt: skip


def page(browser: Client, campaign: Campaign, **choice: Any) -> str:
    """Return the page with a plot chosen."""
    answer = browser.get(f"/campaigns/{campaign.pk}", choice)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_first_result_over_the_first_parameter_is_drawn_at_first(
    browser: Client, scan: Scan
) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    shown = page(browser, campaign)

    assert shown.count("<circle") == 9
    assert "9 points, CLs against m0." in shown
    assert '<option value="CLs" selected>' in shown


def test_the_address_chooses_a_contour(browser: Client, scan: Scan) -> None:
    campaign = scan(circle(), columns=["m0", "m12"], results=["CLs"])

    shown = page(browser, campaign, x="m0", y="m12", z="CLs", kind="contour", level="0.05")

    assert 'class="level" d="M' in shown
    assert "Where CLs crosses 0.05, m12 against m0." in shown
    assert "The line: CLs = 0.05" in shown
    assert '<td class="num">5</td>' in shown


def test_missing_results_are_left_out_and_counted(browser: Client, scan: Scan) -> None:
    rows = [{"m0": 1, "CLs": 0.5}, {"m0": 2}, {"m0": 3, "CLs": "n/a"}, {"m0": 4, "CLs": True},
            {"m0": 5, "CLs": 10**400}]  # fmt: skip
    campaign = scan(rows, columns=["m0"], results=["CLs"])

    shown = page(browser, campaign)

    assert shown.count("<circle") == 1
    assert "4 points are left out: they have no number in these columns." in shown


@pytest.mark.parametrize(
    ("choice", "told"),
    [
        ({"x": "gone"}, "Select a valid choice"),
        ({"x": ""}, "This field is required"),
        ({"kind": "pie"}, "Select a valid choice"),
        ({"level": "nan"}, "Enter a number"),
        ({"level": "low"}, "Enter a number"),
        ({"log": "w"}, "Select a valid choice"),
    ],
)
def test_a_choice_that_can_not_be_is_told_and_the_usual_is_drawn(
    browser: Client, scan: Scan, choice: dict[str, str], told: str
) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    shown = page(browser, campaign, **choice)

    assert told in shown
    assert shown.count("<circle") == 9


def test_names_that_are_hostile_are_words_only(browser: Client, scan: Scan) -> None:
    rows = [{HOSTILE: n, "0": n, "CLs": 0.1 * n} for n in range(3)]
    campaign = scan(rows, columns=[HOSTILE, "0"], results=["CLs"])

    for kind in ("scatter", "contour"):
        shown = page(browser, campaign, x=HOSTILE, y="0", z=HOSTILE, kind=kind)

        assert "<script>alert" not in shown
        assert "&lt;script&gt;alert" in shown
    assert page(browser, campaign, x=HOSTILE, y="0").count("<circle") == 3


def test_logarithmic_axes_leave_out_what_they_can_not_show(browser: Client, scan: Scan) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    shown = page(browser, campaign, x="m0", y="CLs", log=["x", "y"])

    assert shown.count("<circle") == 6
    assert "3 points are left out: a logarithmic axis shows what is above 0." in shown


def test_what_goes_on_refreshes_the_same_plot(browser: Client, scan: Scan) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    body = page(browser, campaign, fragment="body", x="m12", y="CLs")
    head = page(browser, campaign, fragment="head", x="m12", y="CLs")

    assert "9 points, CLs against m12." in body
    assert "<circle" not in head


def test_many_points_are_binned_and_kept_for_some_seconds(
    browser: Client, scan: Scan, django_assert_num_queries: Callable[[int], Any]
) -> None:
    rows = [{"m0": n, "CLs": n % 13} for n in range(2001)]
    campaign = scan(rows, columns=["m0"], results=["CLs"])
    cache.clear()

    shown = page(browser, campaign)

    assert "2,001 points are more than the 2,000 that are drawn singly" in shown
    assert "<circle" not in shown
    with django_assert_num_queries(0):
        again = plotting.plotted(campaign, Choice("m0", "CLs"))
    assert again.shapes is not None
    assert again.shapes.boxes


def test_points_are_drawn_before_anything_has_run(browser: Client, scan: Scan) -> None:
    campaign = scan([{"m0": 1, "m12": 2}], columns=["m0", "m12"], results=["CLs"])

    assert "There is no point to draw yet." in page(browser, campaign)
    assert page(browser, campaign, x="m0", y="m12").count("<circle") == 1


def test_the_address_gives_the_same_choice_again(scan: Scan) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])
    entered = QueryDict("x=m12&y=m0&z=CLs&kind=contour&level=0.123456789&log=y&log=x")

    form = PlotForm(campaign, entered)
    again = PlotForm(campaign, QueryDict(form.address()))

    chosen = Choice("m12", "m0", "CLs", Kind.CONTOUR, 0.123456789, ("x", "y"))
    assert form.choice() == again.choice() == chosen


def test_a_result_called_like_the_seconds_comes_before_them(scan: Scan) -> None:
    campaign = scan([{"m0": 1, "seconds": 7}], columns=["m0"], results=["seconds"])

    samples = list(plotting.samples_of(campaign, Choice("m0", "seconds", "point")))

    assert plotting.columns_of(campaign) == ["m0", "seconds", "point"]
    assert samples == [(1, 1.0, 7.0, 1.0)]


def test_a_column_may_stand_for_all_three(browser: Client, scan: Scan) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    for column in ("m0", "CLs", "seconds", "point"):
        assert page(browser, campaign, x=column, y=column, z=column).count("<circle") == 9


def test_a_refresh_keeps_the_chosen_plot(browser: Client, scan: Scan) -> None:
    campaign = scan(circle(3), columns=["m0", "m12"], results=["CLs"])

    shown = page(browser, campaign, x="m12", y="m0")

    assert "?fragment=body&amp;x=m12&amp;y=m0" in shown
