"""What a person entered stays: tolerances off the page, descriptions, runs that are registered."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models.signals import pre_save

from accounts.models import User
from reproducibility.capture_forms import SHOWN_FILES, ProposalForm
from reproducibility.models import Analysis, Capture, Registration, RegistrationState
from reproducibility.services.captures import editing, publishing
from reproducibility.services.captures.editing import Edits
from tests.unit.reproducibility.capturing.conftest import FILES, crate, from_zip, proof_of, saved
from vre_portal.errors import Conflict

SCRIPTS = {"fit.py": b"open('a.json', 'w')", "draw.py": b"open('b.png', 'w')"}


def test_tolerances_of_outputs_off_the_page_stay(alice: User) -> None:
    outputs = {f"results/{number:03}.json": b"{}" for number in range(SHOWN_FILES + 10)}
    capture = from_zip(alice, {**FILES, **outputs})
    capture.files.filter(path__in=outputs).update(role="output")
    capture.tolerances = {"results/209.json": {"rtol": 1e-3}, "results/000.json": {"rtol": 1e-3}}
    capture.save()
    shown = ProposalForm(None, capture=capture)
    entered = {name: field.initial or "" for name, field in shown.fields.items()}
    (first,) = (row for row in shown.outputs() if row.path == "results/000.json")

    form = ProposalForm({**entered, **shown.initial, f"rtol-{first.pk}": "0.01"}, capture=capture)
    assert form.is_valid(), form.errors
    changed = editing.change(alice, capture.pk, form.parsed())

    assert changed.tolerances["results/209.json"]["rtol"] == 1e-3
    assert changed.tolerances["results/000.json"]["rtol"] == 1e-2


def test_what_was_entered_stays_when_proposed_anew(alice: User) -> None:
    capture = from_zip(alice, {**SCRIPTS, "README.md": b"# Peaks\n\nFits peaks.\n"})
    entered = Edits(title="Masses", summary="Mine.", licence="MIT")
    editing.change(alice, capture.pk, entered)
    other = next(path for path in SCRIPTS if path != capture.found["entry"])

    again = editing.propose_again(alice, capture.pk, other)

    assert (again.title, again.summary, again.licence) == ("Masses", "Mine.", "MIT")


def test_no_licence_is_asked_for_once_one_was_typed(alice: User) -> None:
    capture = from_zip(alice, SCRIPTS)
    other = next(path for path in SCRIPTS if path != capture.found["entry"])

    typed = editing.change(alice, capture.pk, Edits(licence="MIT"))
    again = editing.propose_again(alice, capture.pk, other)
    emptied = editing.change(alice, capture.pk, Edits(licence=""))
    third = editing.propose_again(alice, emptied.pk, str(capture.found["entry"]))

    asked = [_asks_for_licence(each) for each in (capture, typed, again, third)]
    assert asked == [True, False, False, True]


def test_a_crate_that_tells_its_licence_is_not_asked_for_one(alice: User) -> None:
    described = crate(name="Z peak", license="https://spdx.org/licenses/MIT")
    files = {**SCRIPTS, "ro-crate-metadata.json": described}

    capture = from_zip(alice, files)

    assert capture.licence
    assert not _asks_for_licence(capture)


def _asks_for_licence(capture: Capture) -> bool:
    return any("licence" in note for note in capture.found["notes"])


def test_what_the_reading_left_out_is_still_told_when_proposed_anew(alice: User) -> None:
    capture = from_zip(alice, {**SCRIPTS, "a" * 401 + ".txt": b"x"})
    left_out = capture.found["notes"][0]
    other = next(path for path in SCRIPTS if path != capture.found["entry"])

    again = editing.propose_again(alice, capture.pk, other)
    twice = editing.propose_again(alice, capture.pk, str(capture.found["entry"]))

    assert "aaa" in left_out
    assert again.found["notes"].count(left_out) == 1
    assert twice.found["notes"].count(left_out) == 1


@pytest.mark.django_db(transaction=True)
def test_a_title_that_somebody_saves_at_the_same_moment_is_saved_beside_theirs(
    alice: User, bob: User, running: object
) -> None:
    def rival() -> None:
        Analysis.objects.bulk_create([Analysis(slug="z-peak", title="Z peak", owner=bob)])
        connection.close()

    def overtake(**_sent: Any) -> None:
        pre_save.disconnect(overtake, sender=Analysis)
        thread = Thread(target=rival)
        thread.start()
        thread.join()

    pre_save.connect(overtake, sender=Analysis)

    version = saved(alice, FILES)

    assert version.analysis.slug.startswith("z-peak-")
    assert Analysis.objects.count() == 2


def test_an_analysis_is_not_deleted_while_files_of_its_run_are_registered(
    alice: User, proven: Analysis
) -> None:
    registration = Registration.objects.create(
        run=proof_of(proven.newest), user=alice, scope="cms", name="peak", storage="DISK"
    )

    with pytest.raises(Conflict, match="registered"):
        publishing.delete(alice, proven.slug)

    Registration.objects.filter(pk=registration.pk).update(state=RegistrationState.DONE)
    publishing.delete(alice, proven.slug)
    assert not Analysis.objects.exists()
