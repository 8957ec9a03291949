"""The badge and the standing of an analysis, over everybody's signed verdicts."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import count
from typing import Any
from xml.etree import ElementTree

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    Kind,
    Proof,
    Run,
    RunState,
    SignedVerdict,
)
from reproducibility.services.notes import Note, NoteKind
from reproducibility.services.verdicts_history import Stale, standing, standings
from tests.factories import make_user, sign_in
from tests.fakes.workflows import FakeWorkflows
from tests.unit.reproducibility.conftest import finish

BADGE = "/api/v1/analyses/dimuon/badge.svg"
_numbers = count(100)


def a_verdict(
    version: AnalysisVersion,
    user: User,
    *,
    level: str = "bit-identical",
    environment: str = "exact",
    inputs: str = "verified",
    kind: Kind = Kind.REPRODUCTION,
    at: datetime | None = None,
) -> SignedVerdict:
    """Keep a verdict on a version as signed at a time."""
    run = Run.objects.create(
        analysis=version.analysis, user=user, number=next(_numbers), version=version,
        kind=kind, state=RunState.FINISHED,
    )  # fmt: skip
    return SignedVerdict.objects.create(
        run=run, kind=kind, version=version, level=level, environment=environment,
        inputs=inputs, statement="{}", signature="", key_id="", signed_at=at or timezone.now(),
    )  # fmt: skip


def words_of(client: Client, path: str = BADGE, status: int = 200) -> str:
    """Return what a badge says to screen readers; it is XML that a browser can show."""
    answer = client.get(path)
    assert answer.status_code == status
    assert answer["Content-Type"] == "image/svg+xml"
    picture = ElementTree.fromstring(answer.content)
    return str(picture.get("aria-label"))


def test_before_the_first_run_it_says_not_yet(client: Client, analysis: Analysis) -> None:
    assert words_of(client) == "reproduced: not yet"


def test_after_a_run_it_says_level_date_and_environment(
    client: Client, run: Run, workflow_backend: FakeWorkflows
) -> None:
    workflow_backend.runs_by_itself = True
    finish(run)

    today = timezone.now().strftime("%Y-%m-%d")
    assert words_of(client) == (f"reproduced: bit-identical · {today} · environment substituted")


def test_the_last_verdict_counts(client: Client, analysis: Analysis, bob: User) -> None:
    now = timezone.now()
    a_verdict(analysis.newest, bob, at=now - timedelta(days=1))
    a_verdict(analysis.newest, bob, level="different", at=now)

    assert words_of(client).startswith("reproduced: different")


def test_a_failed_proof_is_told(client: Client, analysis: Analysis) -> None:
    AnalysisVersion.objects.update(proof=Proof.FAILED)

    assert words_of(client) == "reproduced: proof failed"


def test_a_passed_proof_is_no_reproduction_yet(
    client: Client, analysis: Analysis, bob: User
) -> None:
    a_verdict(analysis.newest, bob, kind=Kind.PROOF)
    AnalysisVersion.objects.update(proof=Proof.PASSED)

    assert words_of(client) == "reproduced: not yet · proof passed"


def test_a_proof_with_other_outputs_is_told_as_failed(
    client: Client, analysis: Analysis, bob: User
) -> None:
    a_verdict(analysis.newest, bob, kind=Kind.PROOF, level="different")
    AnalysisVersion.objects.update(proof=Proof.FAILED)

    assert words_of(client) == "reproduced: proof failed"


def test_a_replaced_input_makes_it_stale(client: Client, analysis: Analysis, bob: User) -> None:
    a_verdict(analysis.newest, bob)
    note = Note(analysis.newest.number, NoteKind.INPUT_REPLACED, "cms:muons_1.root is gone.")
    Analysis.objects.update(verify_note=str(note))

    assert words_of(client) == "reproduced: stale: input replaced"


def test_a_note_on_an_older_version_says_nothing_of_the_newest(
    analysis: Analysis, bob: User
) -> None:
    a_verdict(analysis.newest, bob)
    analysis.verify_note = str(Note(7, NoteKind.INPUT_REPLACED, "cms:muons_1.root is gone."))

    assert standing(analysis).stale_reason is Stale.NO


def test_an_environment_that_was_there_and_is_no_more_makes_it_stale(
    client: Client, analysis: Analysis, bob: User
) -> None:
    now = timezone.now()
    a_verdict(analysis.newest, bob, environment="same-lock", at=now - timedelta(days=9))
    a_verdict(analysis.newest, bob, environment="substituted", at=now)

    assert words_of(client) == "reproduced: stale: environment gone"


def test_where_it_was_always_substituted_nothing_is_gone(analysis: Analysis, bob: User) -> None:
    a_verdict(analysis.newest, bob, environment="substituted")

    assert standing(analysis).stale_reason is Stale.NO


def test_another_version_has_a_badge_of_its_own(
    client: Client, analysis: Analysis, bob: User
) -> None:
    a_verdict(analysis.newest, bob, level="different")
    newest = analysis.versions.create(number=2, specification="{}", content_sha256="0" * 64)
    Analysis.objects.update(current=newest)

    assert words_of(client) == "reproduced: not yet"
    assert words_of(client, f"{BADGE}?version=1").startswith("reproduced: different")


@pytest.mark.parametrize("number", ["3", "0", "x", "-1", "9" * 30, "²"])
def test_a_version_that_there_is_not_has_no_badge(
    client: Client, analysis: Analysis, number: str
) -> None:
    assert words_of(client, f"{BADGE}?version={number}", 404) == "reproduced: not known here"


def test_nobody_can_tell_a_private_analysis_from_none(
    client: Client, analysis: Analysis, bob: User
) -> None:
    Analysis.objects.update(published=False, owner=bob)

    private = client.get(BADGE)
    unknown = client.get("/api/v1/analyses/there-is-none/badge.svg")

    assert private.status_code == unknown.status_code == 404
    assert private.content == unknown.content
    assert headers_of(private) == headers_of(unknown)


def headers_of(answer: Any) -> dict[str, str]:
    """Return the headers, but for the one that numbers requests."""
    return {name: value for name, value in answer.items() if name != "X-Request-Id"}


def test_an_owner_sees_the_badge_before_it_is_published_and_no_cache_keeps_it(
    browser: Client, analysis: Analysis, alice: User
) -> None:
    Analysis.objects.update(published=False, owner=alice)

    answer = browser.get(BADGE)

    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-cache"


def test_caches_keep_it_for_two_minutes_and_ask_by_its_tag(
    client: Client, analysis: Analysis, bob: User
) -> None:
    first = client.get(BADGE)
    same = client.get(BADGE, headers={"if-none-match": first["ETag"]})
    a_verdict(analysis.newest, bob)
    changed = client.get(BADGE, headers={"if-none-match": first["ETag"]})

    assert first["Cache-Control"] == "public, max-age=120"
    assert same.status_code == 304
    assert changed.status_code == 200


@pytest.mark.parametrize("accept", ["image/svg+xml", "image/*", "text/html", "nonsense"])
def test_it_is_a_picture_whatever_is_asked_for(
    client: Client, analysis: Analysis, accept: str
) -> None:
    answer = client.get(BADGE, headers={"accept": accept})

    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")


def test_pages_elsewhere_may_show_it_and_it_runs_nothing(
    client: Client, analysis: Analysis
) -> None:
    answer = client.get(BADGE)
    text = answer.content.decode()

    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "<style" not in text
    assert "<script" not in text
    assert "style=" not in text


def test_it_is_in_one_language_whoever_asks(client: Client, analysis: Analysis) -> None:
    plain = client.get(BADGE)
    german = client.get(BADGE, headers={"accept-language": "de"})

    assert plain.content == german.content


def test_runs_that_reproduced_it_are_counted_without_whose(
    analysis: Analysis, alice: User, bob: User
) -> None:
    now = timezone.now()
    a_verdict(analysis.newest, alice, at=now - timedelta(days=5))
    a_verdict(analysis.newest, bob, level="numerically-equal", at=now - timedelta(days=3))
    a_verdict(analysis.newest, bob, level="different", at=now)

    stands = standing(analysis)

    assert (stands.level, stands.times, stands.verdicts) == ("different", 2, 3)
    assert stands.reproduced_at == now - timedelta(days=3)


def test_the_same_outputs_from_other_inputs_reproduce_nothing(
    analysis: Analysis, bob: User
) -> None:
    a_verdict(analysis.newest, bob, inputs="changed")

    assert (standing(analysis).times, standing(analysis).verdicts) == (0, 1)


def test_a_list_needs_one_query_however_long_it_is(analysis: Analysis, bob: User) -> None:
    for number in range(5):
        other = Analysis.objects.create(slug=f"other-{number}", title="Other", published=True)
        other.current = other.versions.create(number=1, content_sha256="0" * 64)
        other.save()
        a_verdict(other.current, bob, level="different")
    rows = list(Analysis.objects.select_related("current"))

    with CaptureQueriesContext(connection) as queries:
        found = standings(rows)

    assert len(queries) == 1
    assert found[analysis.pk].level == ""
    assert sorted(one.level for one in found.values()) == ["", *["different"] * 5]


def test_the_page_gives_the_badge_as_markdown_and_html(analysis: Analysis) -> None:
    page = fragment("_badge", analysis)

    assert "[![Reproduced?](" in page
    assert f"{BADGE})](" in page
    assert "&lt;a href=" in page


def test_what_is_not_published_has_no_snippet(analysis: Analysis) -> None:
    analysis.published = False

    assert "badge.svg" not in fragment("_badge", analysis)


def test_the_page_says_how_often_it_was_reproduced(analysis: Analysis, bob: User) -> None:
    a_verdict(analysis.newest, bob)
    a_verdict(analysis.newest, bob)

    page = " ".join(fragment("_standing", analysis).split())

    assert "Reproduced 2 times, last" in page
    assert bob.handle not in page
    assert "Verify every" not in page


def test_its_owner_finds_the_schedule_on_the_page(analysis: Analysis, alice: User) -> None:
    analysis.owner, analysis.verify_days = alice, 30

    page = fragment("_standing", analysis, user=alice)

    assert 'action="/analyses/dimuon/verification"' in page
    assert 'value="30"' in page


def fragment(name: str, analysis: Analysis, *, user: User | None = None) -> str:
    """Return a fragment as the page of an analysis holds it."""
    request = RequestFactory().get("/analyses/dimuon")
    request.user = user or make_user("reader")
    return render_to_string(f"reproducibility/{name}.html", {"analysis": analysis}, request=request)


def test_verdicts_are_listed_without_whose(browser: Client, analysis: Analysis, bob: User) -> None:
    made = [a_verdict(analysis.newest, bob) for _ in range(3)]

    told = browser.get("/api/v1/analyses/dimuon/verdicts?limit=2").json()
    rest = browser.get(told["next"]).json()

    assert {item["id"] for item in told["items"] + rest["items"]} == {str(v.pk) for v in made}
    assert bob.handle not in str(told)
    assert set(told["items"][0]) == {
        "id", "version", "level", "environment", "inputs", "key_id", "signed_at",
    }  # fmt: skip


def test_verdicts_of_a_private_analysis_are_not_there(analysis: Analysis, alice: User) -> None:
    Analysis.objects.update(published=False, owner=alice)
    client = Client()
    sign_in(client, make_user("carol"))

    assert client.get("/api/v1/analyses/dimuon/verdicts").status_code == 404
