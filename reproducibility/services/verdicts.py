"""From the outputs of a run to its verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
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
from reproducibility.services import staging
from reproducibility.services.fetching import Fetched, fetch
from vre_portal.components.formats import size
from vre_portal.config import get_config

DIGEST = "@sha256:"
#: A found file this much larger than the recorded one is another one: it is only hashed.
TIMES_LARGER, ALWAYS_TAKEN = 4, 64 << 20

#: Called before each output with its number and path.
Watch = Callable[[int, str], None]


def verdict_of(run: Run, credential: Credential, watch: Watch) -> Verdict:
    """Fetch the outputs, keep what may be shown, and compare each with the recorded one."""
    folder = staging.work_folder(run) / "outputs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    judged = []
    for number, recorded in enumerate(run.version.outputs.all(), start=1):
        watch(number, recorded.path)
        judged.append(_judged(run, recorded, credential, folder))
    return judge(judged, environment=_surroundings(run), inputs=_inputs(run))


def _judged(
    run: Run, recorded: RecordedOutput, credential: Credential, folder: Path
) -> OutputVerdict:
    """Return the verdict on one output, and note how it differs beside the run's output."""
    before, after = folder / "recorded", folder / "found"
    content = bytes(recorded.content)
    is_here = bool(content) or not recorded.size
    # What is compared by its checksum alone is only read.
    most = max(TIMES_LARGER * len(content), ALWAYS_TAKEN) if is_here else KEPT
    found = fetch(run, recorded.path, credential, to=after, most=most)
    if is_here and (found is None or found.path):
        before.write_bytes(content)
        verdict = files.compare(
            recorded.path,
            before,
            found.path if found else None,
            Tolerance.from_json(recorded.tolerance),
            python=get_config().preview_python,
        )
    else:
        verdict = _by_checksum(recorded, found)
    comparison = verdict.comparison.as_json() if verdict.comparison else None
    run.outputs.filter(path=recorded.path).update(comparison=comparison)
    return verdict


def _by_checksum(recorded: RecordedOutput, found: Fetched | None) -> OutputVerdict:
    """Return the verdict where a file is too large to be here: its checksum tells."""
    if found is None:
        detail = "The run did not give this file."
        return OutputVerdict(recorded.path, Level.MISSING, recorded.sha256, detail=detail)
    if found.sha256 == recorded.sha256:
        level, detail = Level.BIT_IDENTICAL, "No byte differs."
    elif found.size != recorded.size:
        level, detail = Level.DIFFERENT, f"{size(found.size)} instead of {size(recorded.size)}."
    else:
        words = f"The bytes differ; of {size(recorded.size)} only the checksum is compared."
        level, detail = Level.DIFFERENT, words
    return OutputVerdict(recorded.path, level, recorded.sha256, found.sha256, detail)


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
