"""The contents of two sides are compared in the background: once, and for one person."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.utils import timezone

from accounts.models import User
from reproducibility.models import Analysis, ComparedPair, ComparisonState, Run, SideComparison
from reproducibility.services import side_contents
from tests.unit.reproducibility.conftest import RECORDED
from tests.unit.reproducibility.sides.turns import FIT, OTHER_FIT, ask, give, look, work
from vre_portal.errors import NotFound
from vre_portal.models import Operation


def test_numbers_and_their_place_are_told(alice: User, first: Run, second: Run) -> None:
    made = work(ask(alice, first.pk, second.pk).job)

    assert (made.state, made.message) == (ComparisonState.DONE, "")
    told = look(alice, first.pk, second.pk).outcomes[FIT]
    assert told["level"] == "different"
    assert told["comparison"]["largest_absolute"]["where"] == "mass"
    assert told["comparison"]["differing"] == 1


def test_outputs_that_are_the_same_are_not_read(alice: User, first: Run, second: Run) -> None:
    contents = ask(alice, first.pk, second.pk)

    assert [pair.path for pair in contents.pending] == [FIT]


def test_the_tolerance_that_the_analysis_declares_counts(
    alice: User, analysis: Analysis, first: Run, second: Run
) -> None:
    analysis.newest.outputs.filter(path=FIT).update(tolerance={"rtol": 0.01})

    work(ask(alice, first.pk, second.pk).job)

    told = look(alice, first.pk, second.pk).outcomes[FIT]
    assert told["level"] == "numerically-equal"
    assert told["tolerance"]["rtol"] == 0.01


def test_another_tolerance_is_another_comparison(
    alice: User, analysis: Analysis, first: Run, second: Run
) -> None:
    work(ask(alice, first.pk, second.pk).job)

    analysis.newest.outputs.filter(path=FIT).update(tolerance={"rtol": 0.01})

    contents = look(alice, first.pk, second.pk)
    assert contents.outcomes == {}
    assert contents.can_start


def test_the_second_look_needs_no_worker(alice: User, first: Run, second: Run) -> None:
    work(ask(alice, first.pk, second.pk).job)
    SideComparison.objects.all().delete()

    contents = ask(alice, first.pk, second.pk)

    assert contents.levels == {FIT: "different"}
    assert contents.state == ComparisonState.NONE
    assert Operation.objects.filter(kind=side_contents.KIND).count() == 1


def test_both_orders_of_an_address_are_one_comparison(alice: User, first: Run, second: Run) -> None:
    made = work(ask(alice, second.pk, first.pk).job)

    contents = look(alice, first.pk, second.pk)

    assert contents.job == made
    assert contents.first.key == first.pk
    assert contents.levels == {FIT: "different"}


def test_repeated_clicks_start_it_once(alice: User, first: Run, second: Run) -> None:
    made = [ask(alice, first.pk, second.pk).job for _ in range(3)]

    assert len({job.pk for job in made if job}) == 1
    assert Operation.objects.filter(kind=side_contents.KIND).count() == 1


def test_the_authors_run_can_be_one_side(alice: User, analysis: Analysis, second: Run) -> None:
    second.outputs.update(comparison=None)

    work(ask(alice, second.pk, analysis.newest.pk).job)

    contents = look(alice, second.pk, analysis.newest.pk)
    assert contents.first.run is None
    assert contents.outcomes[FIT]["comparison"]["differing"] == 1


def test_what_a_verdict_found_is_not_found_again(
    alice: User, analysis: Analysis, second: Run
) -> None:
    contents = look(alice, second.pk, analysis.newest.pk)

    assert contents.levels == {FIT: "different"}
    assert not contents.can_start


def test_two_recorded_versions_are_compared(alice: User, analysis: Analysis) -> None:
    newer = analysis.versions.create(
        number=2, specification="{}", content_sha256="0" * 64, public=True
    )
    told = sha256(OTHER_FIT).hexdigest()
    newer.outputs.create(path=FIT, content=OTHER_FIT, sha256=told, size=len(OTHER_FIT))

    work(ask(alice, newer.pk, analysis.newest.pk).job)

    assert look(alice, newer.pk, analysis.newest.pk).levels == {FIT: "different"}


def test_what_one_person_had_compared_is_not_told_to_another(
    alice: User, bob: User, analysis: Analysis, first: Run, second: Run
) -> None:
    work(ask(alice, first.pk, second.pk).job)
    mine = [
        Run.objects.create(user=bob, analysis=analysis, version=analysis.newest, number=number)
        for number in (20, 21)
    ]
    give(mine[0], FIT, RECORDED[FIT])
    give(mine[1], FIT, OTHER_FIT)

    contents = look(bob, mine[0].pk, mine[1].pk)

    assert contents.outcomes == {}


def test_a_version_that_is_withdrawn_meanwhile_ends_it(
    alice: User, bob: User, analysis: Analysis
) -> None:
    run = Run.objects.create(user=bob, analysis=analysis, version=analysis.newest, number=30)
    give(run, FIT, OTHER_FIT)
    job = ask(bob, run.pk, analysis.newest.pk).job
    Analysis.objects.update(published=False, owner=alice)

    made = work(job)

    assert made.state == ComparisonState.FAILED
    assert "no such run or version" in made.message
    assert not ComparedPair.objects.exists()


def test_the_live_state_is_for_whoever_asked(
    alice: User, bob: User, first: Run, second: Run
) -> None:
    job = ask(alice, first.pk, second.pk).job
    assert job

    assert side_contents.present_state(alice.pk, str(job.pk))["state"] == "running"
    with pytest.raises(NotFound):
        side_contents.present_state(bob.pk, str(job.pk))
    with pytest.raises(NotFound):
        side_contents.present_state(alice.pk, "x")


def test_results_are_forgotten_after_a_while(alice: User, first: Run, second: Run) -> None:
    work(ask(alice, first.pk, second.pk).job)
    old = timezone.now() - side_contents.KEPT_FOR - timedelta(days=1)
    ComparedPair.objects.update(made_at=old)

    contents = ask(alice, first.pk, second.pk)

    assert contents.state == ComparisonState.RUNNING
    assert not ComparedPair.objects.exists()


def test_the_oldest_of_too_many_results_go(
    alice: User, first: Run, second: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(side_contents, "KEPT_EACH", 2)
    now = timezone.now()
    for age in range(4):
        ComparedPair.objects.create(
            user=alice, key=str(age), outcome={}, made_at=now - timedelta(hours=age)
        )

    ask(alice, first.pk, second.pk)

    assert set(ComparedPair.objects.values_list("key", flat=True)) == {"0", "1"}


def test_what_gave_no_comparison_may_be_tried_again_later(
    alice: User, first: Run, second: Run
) -> None:
    give(second, FIT, b"")
    work(ask(alice, first.pk, second.pk).job)
    assert not look(alice, first.pk, second.pk).can_start

    ComparedPair.objects.update(made_at=timezone.now() - side_contents.FAILED_FOR)

    assert look(alice, first.pk, second.pk).can_start
