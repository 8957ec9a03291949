"""What the end of a run leaves behind: its signed verdict, and what it says of its analysis."""

from __future__ import annotations

from django.db.models import QuerySet
from django.utils import timezone

from reproducibility.models import Analysis, Kind, Run, RunState
from reproducibility.services import owner_notices, signing
from reproducibility.services.catalogue_checks import replaced_in_run
from reproducibility.services.notes import Note, NoteKind


def conclude(run: Run) -> None:
    """Sign the verdict and note what is stale; to be called in the transaction of a run's end."""
    signing.sign(run)
    if run.is_variation:
        return
    newest = Analysis.objects.filter(pk=run.analysis_id, current=run.version_id)
    number = run.version.number
    if words := replaced_in_run(run):
        note = str(Note(number, NoteKind.INPUT_REPLACED, words))
        if newest.exclude(verify_note=note).update(verify_note=note):
            owner_notices.input_replaced(run.analysis, timezone.now(), words)
    elif run.state == RunState.FINISHED:
        _forget_note(run, newest)
    elif run.state == RunState.FAILED and run.kind == Kind.VERIFICATION:
        newest.update(verify_note=str(Note(number, NoteKind.NOT_DONE, run.message)))


def _forget_note(run: Run, newest: QuerySet[Analysis]) -> None:
    """Forget what a good end shows to be over: of a scheduled one only another scheduled one."""
    for analysis in newest.exclude(verify_note=""):
        note = Note.of(analysis.verify_note)
        of_schedule = note is not None and note.kind is not NoteKind.INPUT_REPLACED
        if run.kind == Kind.VERIFICATION or not of_schedule:
            newest.update(verify_note="")
