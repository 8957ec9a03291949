"""Proofs: a run from the declared inputs alone, and what it says about a version.

A proof passes when the run ended well, gave every declared output, and none is far from what was
recorded before. Only a version with a passed proof may be published and wear a badge.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.credentials import Credential
from reproducibility.backends import get_backend
from reproducibility.capture.undeclared import Missed, missed
from reproducibility.compare import Level
from reproducibility.models import (
    KEPT,
    Analysis,
    AnalysisVersion,
    Capture,
    CapturedFile,
    Kind,
    Proof,
    RecordedOutput,
    Run,
    RunState,
)
from reproducibility.services import recorded_files, staging
from reproducibility.services.captures.declared import Declared, declared_in
from reproducibility.services.captures.gathering import is_storable
from reproducibility.services.captures.telling import tell
from reproducibility.services.fetching import Watch, fetch, unwatched
from vre_portal.config import get_config

#: Of recorded outputs; where nothing was recorded there is nothing to be far from.
BAD = (Level.DIFFERENT, Level.MISSING)
#: Files of one folder of outputs that are recorded by the proof.
MOST_OUTPUTS = 500


def gather_outputs(run: Run, credential: Credential, watch: Watch = unwatched) -> None:
    """Fetch what a proof gave of the declared outputs that nobody recorded before."""
    if run.kind != Kind.PROOF:
        return
    recorded = set(run.version.outputs.values_list("path", flat=True))
    declared = declared_in(run.version.specification)
    there = get_backend().list_files(credential, run.workflow_id)
    wanted = [file.path for file in there if declared.is_output(file.path)]
    new = [path for path in wanted if path not in recorded and is_storable(path)]
    # Those that are declared by name are looked for; of a folder any will do.
    new.sort(key=lambda path: path not in declared.output_files)
    left = get_config().recorded_version_bytes
    for path in new[:MOST_OUTPUTS]:
        left -= _gather(run, path, credential, watch, most=left)


def _gather(run: Run, path: str, credential: Credential, watch: Watch, *, most: int) -> int:
    """Fetch an output, and keep a large one of up to `most` bytes; how many these were."""
    came = watch(f"Fetching {path}, which is to be recorded.")
    most = min(most, get_config().recorded_file_bytes, staging.room())
    to = staging.work_folder(run) / "given"
    found = fetch(run, path, credential, to=to, most=max(most, KEPT), came=came)
    # Nothing where it has gone since it was listed: it counts as not given.
    if found is None or found.path is None or found.size <= KEPT:
        return 0
    return found.size if recorded_files.kept(found.path, found.sha256, found.size) else 0


@transaction.atomic
def ended(run: Run) -> None:
    """Write down what a proof that has ended says; in the transaction of its end, or again."""
    if run.kind != Kind.PROOF or run.active:
        return
    analysis = Analysis.objects.select_for_update().get(pk=run.analysis_id)
    version = analysis.versions.select_for_update().get(pk=run.version_id)
    newest = version.runs.filter(kind=Kind.PROOF).order_by("-number").first()
    if version.proof == Proof.PASSED or newest is None or newest.pk != run.pk:
        return  # what was shown stays shown, and an older proof says nothing of the newest
    reason = _why_not(run, version)
    if reason:
        found = _undeclared(run, version)
        version.proof, version.proof_note = Proof.FAILED, reason
        version.undeclared = [each.path for each in found]
    else:
        _record_outputs(run, version)
        version.proof, version.proof_note, version.undeclared = Proof.PASSED, "", []
        version.public = analysis.published
    version.save(update_fields=["proof", "proof_note", "undeclared", "public"])
    if version.public and version.number > analysis.newest.number:
        analysis.current = version
        analysis.save(update_fields=["current", "updated_at"])
    tell(version)


def _why_not(run: Run, version: AnalysisVersion) -> str:
    """Return why a run is no proof, in words; empty for one that is."""
    if run.state == RunState.STOPPED:
        return _("The proof was stopped. Prove it again.")
    if run.state != RunState.FINISHED:
        return run.message or _("The run failed.")
    return next(_lacks(run, version), "")


def _lacks(run: Run, version: AnalysisVersion) -> Iterator[str]:
    """Yield what is wrong with the outputs of a finished run."""
    judged = {each["path"]: each for each in (run.verdict or {}).get("outputs", ())}
    for path, told in judged.items():
        if told["level"] == Level.MISSING:
            yield _("The run ended well but did not give %s.") % path
        elif told["level"] in BAD:
            yield _("%(path)s is not what was recorded: %(detail)s Widen its tolerance, or leave "
                    "the recorded file out.") % told  # fmt: skip
    given = {*run.outputs.values_list("path", flat=True), *judged}
    yield from _not_given(declared_in(version.specification), given)


def _not_given(declared: Declared, given: set[str]) -> Iterator[str]:
    for path in declared.output_files:
        below = any(each.startswith(f"{path}/") for each in given)
        if path not in given and not below:
            yield _("The run ended well but did not give %s.") % path
    for folder in declared.output_folders:
        if folder != "." and not any(each.startswith(f"{folder}/") for each in given):
            yield _("The run ended well but put nothing into the folder %s.") % folder


def _undeclared(run: Run, version: AnalysisVersion) -> list[Missed]:
    """Return the files of the capture that the run looked for and was not given."""
    capture = capture_of(version)
    if capture is None:
        return []
    log = "\n".join(str(entry["text"]) for entry in run.logs)
    known = set(capture.files.exclude(content=None).values_list("path", flat=True))
    return list(missed(log, known=known, declared=declared_paths(version)))


def declared_paths(version: AnalysisVersion) -> set[str]:
    """Return the paths of the files that a version brings along."""
    return set(version.files.values_list("path", flat=True))


def capture_of(version: AnalysisVersion) -> Capture | None:
    """Return the capture that a version was saved from, while its owner keeps it."""
    key = version.origin.get("capture")
    return Capture.objects.filter(pk=key).first() if key else None


def _record_outputs(run: Run, version: AnalysisVersion) -> None:
    """Let what the proof gave be the recorded outputs, where there were none."""
    recorded = set(version.outputs.values_list("path", flat=True))
    capture = capture_of(version)
    tolerances = capture.tolerances if capture else {}
    # One after the other: all of them together may be more than a worker has memory for.
    for given in run.outputs.exclude(path__in=recorded).iterator(chunk_size=1):
        RecordedOutput.objects.create(
            version=version, path=given.path, content=given.content, sha256=given.sha256,
            size=given.size, tolerance=tolerances.get(given.path, {}),
        )  # fmt: skip


def sentences_of(version: AnalysisVersion) -> list[tuple[str, int]]:
    """Return the undeclared files of a failed proof, each with its size in bytes."""
    capture = capture_of(version)
    if capture is None:
        return []
    rows = CapturedFile.objects.filter(capture=capture, path__in=version.undeclared)
    return [(row.path, row.size) for row in rows.only("path", "size")]
