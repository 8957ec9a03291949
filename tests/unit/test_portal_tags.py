"""Filters and component tags: what they write, and that they escape what they are given."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest
from django import forms
from django.template import Context, Template

from vre_portal.components import formats, states

NOW = datetime(2026, 11, 22, 14, 2, 11, tzinfo=UTC)


def rendered(source: str, **values: object) -> str:
    """Render a template that has the portal's tags loaded."""
    return Template("{% load portal %}" + source).render(Context(values))


class Colour(StrEnum):
    """Stands for an app's own enumeration of states."""

    STUCK = "stuck"


class Wish(forms.Form):
    """A form with one field that needs help and one that does not."""

    name = forms.CharField(label="Name", help_text="Any word.")
    days = forms.IntegerField(label="Days", required=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (2576980377, "2.4 GiB"),
        (217055232, "207 MiB"),
        (1048575, "1 MiB"),
        (2**70, "1024 EiB"),
        (None, "–"),  # noqa: RUF001 - the dash that pages show
    ],
)
def test_bytes_are_written_in_binary_units(value: int | None, text: str) -> None:
    assert formats.size(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 s"),
        (0.4, "0.4 s"),
        (72, "1 min 12 s"),
        (60, "1 min"),
        (timedelta(hours=2, minutes=5, seconds=9), "2 h 5 min"),
        (3600, "1 h"),
        (90061, "1 d 1 h"),
        (-5, "0 s"),
    ],
)
def test_a_span_is_written_in_its_two_largest_units(value: float | timedelta, text: str) -> None:
    assert formats.duration(value) == text


@pytest.mark.parametrize(
    ("away", "text"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=-25), "25 seconds ago"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(minutes=14), "in 14 minutes"),
        (timedelta(seconds=100), "in 100 seconds"),
        (timedelta(minutes=119, seconds=40), "in 120 minutes"),
        (timedelta(hours=7, minutes=59), "in 8 hours"),
        (timedelta(hours=-1, minutes=-59), "1 hour ago"),
        (timedelta(hours=-2), "2 hours ago"),
        (timedelta(days=-3), "3 days ago"),
        (timedelta(days=-40), "13 Oct 2026"),
    ],
)
def test_a_moment_is_written_relative_to_now(away: timedelta, text: str) -> None:
    assert formats.relative(NOW + away, now=NOW) == text


def test_figures_have_their_thousands_set_apart() -> None:
    assert [formats.number(n) for n in (7, 1213641, 12.5, None)][:3] == ["7", "1,213,641", "12.5"]


def test_a_share_says_a_hundred_only_when_nothing_is_missing() -> None:
    shares = [formats.percent(done, 1000) for done in (0, 584, 999, 1000)]

    assert shares == ["0 %", "58 %", "99 %", "100 %"]


def test_every_known_state_has_a_tone_and_a_word() -> None:
    assert all(str(look.word) for look in states.LOOKS.values())
    assert states.look(Colour.STUCK).tone is states.Tone.BAD
    assert states.look("REPLICATING").tone is states.Tone.RUN
    assert states.look("bit_identical").tone is states.Tone.OK


def test_an_unknown_state_keeps_its_word_without_colour() -> None:
    shown = states.look("never_heard_of")

    assert (shown.tone, shown.word) == (states.Tone.IDLE, "never heard of")


def test_a_badge_takes_words_and_tone_of_its_own() -> None:
    page = rendered('{% state "ok" "9 of 12 files" tone="wait" %}')

    assert page == '<span class="state" data-tone="wait">9 of 12 files</span>'


def test_a_relative_time_carries_the_exact_one() -> None:
    page = rendered('{% when moment %}{% when None "never" %}', moment=NOW)

    assert 'datetime="2026-11-22T14:02:11+00:00"' in page
    assert 'title="22 Nov 2026, 14:02:11 UTC"' in page
    assert page.endswith("never")


def test_what_users_typed_is_escaped_in_every_component() -> None:
    evil = "<img src=x onerror=alert(1)>"

    page = rendered(
        "{% state evil %}{% identifier evil %}{% button evil %}{% progress 1 2 label=evil %}"
        "{% card title=evil %}{{ evil }}{% endcard %}{% row title=evil text=evil %}{% endrow %}"
        "{% alert title=evil %}{{ evil }}{% endalert %}{% log evil %}{% properties pairs %}"
        "{% steps steps %}{% verdict level=evil text=evil %}{% endverdict %}",
        evil=evil,
        pairs={evil: evil},
        steps=[{"name": evil, "state": "failed", "detail": evil}],
    )

    assert "<img" not in page
    assert page.count("&lt;img") >= 14


def test_a_block_keeps_the_markup_inside_it() -> None:
    page = rendered('{% row title="Run" %}{% button "Open" href="/x/" small=True %}{% endrow %}')

    assert '<a class="button small" href="/x/">Open</a>' in page


def test_progress_without_a_total_only_says_that_something_moves() -> None:
    page = rendered('{% progress 3 None label="Files" %}')

    assert "<progress aria-label=" in page
    assert "value=" not in page


def test_a_wrong_field_is_tied_to_its_help_and_error() -> None:
    wish = Wish({"days": "x"})

    page = rendered("{% form_errors wish %}{% field wish.name %}{% field wish.days %}", wish=wish)

    assert 'aria-describedby="id_name_help id_name_error"' in page
    assert page.count('aria-invalid="true"') == 2
    assert '<a href="#id_name">Name</a>' in page


def test_a_fresh_form_shows_no_error() -> None:
    page = rendered("{% form_errors wish %}{% field wish.name %}", wish=Wish())

    assert "aria-invalid" not in page
    assert "alert" not in page


def test_a_stored_choice_is_checked() -> None:
    page = rendered('{% storage_card value="LAPP-DISK" state="absent" checked=True %}')

    assert 'value="LAPP-DISK" checked' in page
    assert "nothing here yet" in page
