"""From the outputs of a run to its verdict."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

from accounts.credentials import Credential
from reproducibility.backends import Environment
from reproducibility.compare import (
    Inputs,
    Level,
    OutputVerdict,
    Surroundings,
    Tolerance,
    Verdict,
    files,
    judge,
)
from reproducibility.models import KEPT, RecordedOutput, Run
from reproducibility.services import recorded_files, staging
from reproducibility.services.fetching import Came, Fetched, Watch, fetch
from vre_portal.components.formats import size
from vre_portal.config import get_config

DIGEST = "@sha256:"
#: A found file this much larger than the recorded one is another one: it is only hashed.
TIMES_LARGER, ALWAYS_TAKEN = 4, 64 << 20

#: Why of an output only the checksum is compared.
NOT_HERE = "the recorded file is not kept here"
DAMAGED = "the recorded file that was kept here is damaged"
TOO_LARGE = "the run's file is too large to be compared here"


def verdict_of(run: Run, credential: Credential, watch: Watch) -> Verdict:
    """Fetch the outputs, keep what may be shown, and compare each with the recorded one."""
    folder = staging.work_folder(run) / "outputs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    judged = []
    for number, recorded in enumerate(run.version.outputs.all(), start=1):
        came = watch(f"Comparing output {number}, {recorded.path}, with the recorded one.")
        judged.append(_judged(run, recorded, credential, folder, came))
    return judge(judged, environment=_surroundings(run), inputs=_inputs(run))


def _judged(
    run: Run, recorded: RecordedOutput, credential: Credential, folder: Path, came: Came
) -> OutputVerdict:
    """Return the verdict on one output, and note how it differs beside the run's output."""
    before = _recorded_file(recorded, folder / "recorded")
    most = _most(recorded, is_here=before is not None)
    after = folder / "found"
    found = fetch(run, recorded.path, credential, to=after, most=most, came=came)
    if before is None:
        verdict = _by_checksum(recorded, found, NOT_HERE)
        _bring_back(recorded, found)
    elif found and not found.path:
        verdict = _by_checksum(recorded, found, TOO_LARGE)
    else:
        verdict = _by_contents(recorded, before, found)
    comparison = verdict.comparison.as_json() if verdict.comparison else None
    run.outputs.filter(path=recorded.path).update(comparison=comparison)
    return verdict


def _recorded_file(recorded: RecordedOutput, to: Path) -> Path | None:
    """Return where a recorded output lies, which is `to` where the database has it."""
    if not recorded.in_database:
        return recorded_files.find(recorded.sha256, recorded.size)
    to.write_bytes(recorded.content)
    return to


def _most(recorded: RecordedOutput, *, is_here: bool) -> int:
    """Return how many bytes of the run's file are fetched; of a larger one only the checksum is."""
    bound = get_config().recorded_file_bytes
    if is_here:
        most = max(min(TIMES_LARGER * recorded.size, bound), ALWAYS_TAKEN)
    else:
        # The same file can take the place of the one that is not here.
        most = recorded.size if KEPT < recorded.size <= bound else KEPT
    return min(most, max(staging.room(), KEPT))


def _by_contents(recorded: RecordedOutput, before: Path, found: Fetched | None) -> OutputVerdict:
    """Return the verdict of the files themselves, if the recorded one is still what it was."""
    try:
        verdict = files.compare(
            recorded.path,
            before,
            found.path if found else None,
            Tolerance.from_json(recorded.tolerance),
            python=get_config().preview_python,
        )
    except FileNotFoundError:
        if before.exists():
            raise  # it is the worker that can't be started
        return _by_checksum(recorded, found, NOT_HERE)
    if recorded.in_database or verdict.expected_sha256 == recorded.sha256:
        return verdict
    recorded_files.discard(recorded.sha256)
    _bring_back(recorded, found)
    return _by_checksum(recorded, found, DAMAGED)


def _bring_back(recorded: RecordedOutput, found: Fetched | None) -> None:
    """Keep the run's file as the recorded one, which is not here, where both are the same."""
    if found and found.path and found.size > KEPT and found.sha256 == recorded.sha256:
        recorded_files.kept(found.path, found.sha256, found.size)


def _by_checksum(recorded: RecordedOutput, found: Fetched | None, why: str) -> OutputVerdict:
    """Return the verdict where the contents can't be compared: the checksums tell."""
    if found is None:
        detail = "The run did not give this file."
        return OutputVerdict(recorded.path, Level.MISSING, recorded.sha256, detail=detail)
    if found.sha256 == recorded.sha256:
        level, detail = Level.BIT_IDENTICAL, "No byte differs."
    else:
        same_size = found.size == recorded.size
        first = "The bytes differ" if same_size else _sizes(found.size, recorded.size)
        level, detail = Level.DIFFERENT, f"{first}; only the checksum is compared: {why}."
    return OutputVerdict(recorded.path, level, recorded.sha256, found.sha256, detail)


def _sizes(found: int, recorded: int) -> str:
    """Return two sizes in words, in bytes where these would be the same."""
    if size(found) == size(recorded):
        return f"{found:,} instead of {recorded:,} bytes"
    return f"{size(found)} instead of {size(recorded)}"


def stored(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as a run keeps it: how outputs differ in detail stands beside them."""
    told = verdict.as_json()
    return {**told, "outputs": [{**each, "comparison": None} for each in told["outputs"]]}


def whole(run: Run) -> dict[str, Any] | None:
    """Return a run's verdict with how its outputs differ in detail; None before there is one."""
    if run.verdict is None:
        return None
    details = dict(run.outputs.exclude(comparison=None).values_list("path", "comparison"))
    outputs = [
        {**each, "comparison": details.get(each["path"], each.get("comparison"))}
        for each in run.verdict["outputs"]
    ]
    return {**run.verdict, "outputs": outputs}


def environment_json(environment: Environment) -> dict[str, object]:
    """Return the environment as a run keeps it."""
    return {
        "recorded": environment.recorded,
        "used": environment.used,
        "substituted": environment.substituted,
        "isolation": environment.isolation,
        "packages_sha256": environment.packages_sha256,
        "packages": list(environment.packages),
    }


def _surroundings(run: Run) -> Surroundings:
    """Return how the run's environment stands to the recorded one."""
    substituted = run.environment.get("substituted")
    if not substituted:
        # A service that runs images ran the named one; only a digest says which that is.
        pinned = DIGEST in run.version.environment
        return Surroundings.EXACT if pinned or substituted is False else Surroundings.UNKNOWN
    lock = run.version.surroundings.get("packages_sha256")
    same = bool(lock) and lock == run.environment.get("packages_sha256")
    return Surroundings.SAME_LOCK if same else Surroundings.SUBSTITUTED


def _inputs(run: Run) -> Inputs:
    if run.is_variation:
        return Inputs.CHANGED
    verified = all(entry["verified"] for entry in run.inputs)
    return Inputs.VERIFIED if verified else Inputs.UNVERIFIED


def is_reproduced(run: Run) -> bool:
    """Whether a run's verdict is that every output agrees, from the recorded inputs."""
    told = run.verdict or {}
    good = told.get("level") not in {None, Level.DIFFERENT, Level.MISSING}
    return good and told["inputs"] != Inputs.CHANGED


def in_words(verdict: Verdict) -> str:
    """Return the verdict as a sentence."""
    total = len(verdict.outputs)
    levels = Counter(output.level for output in verdict.outputs)
    best, *others = Level
    words = f"{levels[best]} of {total} outputs {best.value}"
    told = ", ".join([words, *(f"{levels[it]} {it.value}" for it in others if levels[it])])
    return (
        f"From other data than recorded: {told}."
        if verdict.inputs == Inputs.CHANGED
        else f"{told}."
    )
