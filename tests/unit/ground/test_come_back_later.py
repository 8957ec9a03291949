"""A backend that says when to come back is heard, and whoever asks the portal is told so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from tests.unit.reproducibility.backends.wire import Answer, Wire, serve
from vre_portal.error_mapping import headers_of, problem_of
from vre_portal.errors import UpstreamUnavailable
from vre_portal.http import MOST_RETRY_SECONDS, call, retry_after_of


def answer_with(retry_after: str) -> requests.Response:
    """Return an answer with this header."""
    answer = requests.Response()
    answer.headers["Retry-After"] = retry_after
    return answer


@pytest.mark.parametrize("told", ["", "soon", "-3", "1.5", "Wed, 99 Nov 2026 10:00:00 GMT"])
def test_what_is_no_delay_is_none(told: str) -> None:
    assert retry_after_of(answer_with(told)) is None


@pytest.mark.parametrize(("told", "seconds"), [("0", 0), (" 7 ", 7), ("9" * 30, 3600)])
def test_a_delay_is_in_seconds_and_an_hour_at_most(told: str, seconds: int) -> None:
    assert retry_after_of(answer_with(told)) == seconds


@pytest.mark.parametrize(
    ("minutes", "least", "most"), [(2, 110, 120), (-2, 0, 0), (99, 3600, 3600)]
)
def test_a_delay_may_be_a_moment(minutes: int, least: int, most: int) -> None:
    moment = datetime.now(UTC) + timedelta(minutes=minutes)

    seconds = retry_after_of(answer_with(format_datetime(moment, usegmt=True)))

    assert seconds is not None
    assert least <= seconds <= most <= MOST_RETRY_SECONDS


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_service_that_is_down_and_says_how_long_is_down_and_not_wrong(method: str) -> None:
    wire = Wire()
    wire.answers_with(method, "/x", Answer({}, 503, {"Retry-After": "7"}))

    with serve(wire) as url, pytest.raises(UpstreamUnavailable) as told:
        call("Rucio", method, f"{url}/api/x")

    assert told.value.retry_after == 7
    assert len(wire.calls()) == 1


def test_too_many_requests_are_no_broken_answer() -> None:
    wire = Wire()
    wire.answers_with("GET", "/x", Answer({}, 429, {"Retry-After": "7"}))

    with serve(wire) as url:
        answer = call("Rucio", "GET", f"{url}/api/x")

    assert answer.status_code == 429


def test_the_portal_passes_it_on() -> None:
    error = UpstreamUnavailable("REANA is busy.", service="reana", retry_after=7)

    assert headers_of(error)["Retry-After"] == "7"
    assert problem_of(error)["retry_after"] == 7


def test_without_a_word_of_the_service_a_few_seconds_are_told() -> None:
    error = UpstreamUnavailable("REANA is busy.", service="reana")

    assert headers_of(error)["Retry-After"] == "5"
    assert "retry_after" not in problem_of(error)


def test_a_large_body_within_its_bound_is_read_quickly() -> None:
    wire = Wire()
    wire.answers_with("GET", "/x", Answer(b" " * (32 << 20)))

    with serve(wire) as url:
        answer = call("REANA", "GET", f"{url}/api/x", max_bytes=33 << 20, timeout=10)

    assert len(answer.content) == 32 << 20
    assert b"".join(answer.iter_content(1 << 20)) == answer.content
