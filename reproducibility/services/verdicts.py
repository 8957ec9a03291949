"""From the outputs of a run to its verdict."""

from __future__ import annotations

from collections import Counter

from accounts.credentials import Credential
from reproducibility.backends import Environment, get_backend
from reproducibility.compare import Inputs, Level, Surroundings, Verdict, contents, judge
from reproducibility.models import KEPT, RecordedOutput, Run, RunOutput
from vre_portal.errors import NotFound


def verdict_of(run: Run, credential: Credential) -> Verdict:
    """Fetch the outputs, keep them, and compare each with the recorded one."""
    outputs = [
        contents.compare(
            recorded.path, bytes(recorded.content), _fetched(run, credential, recorded)
        )
        for recorded in run.version.outputs.all()
    ]
    return judge(
        outputs,
        environment=_surroundings(run.environment.get("substituted")),
        inputs=_inputs(run),
    )


def _fetched(run: Run, credential: Credential, recorded: RecordedOutput) -> contents.Found | None:
    try:
        pieces = get_backend().download(credential, run.workflow_id, recorded.path)
        found = contents.Found.read(pieces, keep=max(KEPT, 2 * recorded.size))
    except NotFound:
        return None
    content = found.head if found.size <= KEPT else b""
    RunOutput.objects.update_or_create(
        run=run,
        path=recorded.path,
        defaults={"content": content, "sha256": found.sha256, "size": found.size},
    )
    return found


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


def _surroundings(substituted: object) -> Surroundings:
    if substituted is None:
        return Surroundings.UNKNOWN
    return Surroundings.SUBSTITUTED if substituted else Surroundings.EXACT


def _inputs(run: Run) -> Inputs:
    if run.is_variation:
        return Inputs.CHANGED
    verified = all(entry["verified"] for entry in run.inputs)
    return Inputs.VERIFIED if verified else Inputs.UNVERIFIED


def is_reproduced(run: Run) -> bool:
    """Whether a run's verdict is that every output agrees, from the recorded inputs."""
    told = run.verdict or {}
    return told.get("level") == Level.BIT_IDENTICAL and told["inputs"] != Inputs.CHANGED


def in_words(verdict: Verdict) -> str:
    """Return the verdict as a sentence."""
    total = len(verdict.outputs)
    levels = Counter(output.level for output in verdict.outputs)
    words = f"{levels[Level.BIT_IDENTICAL]} of {total} outputs bit-identical"
    others = [
        f"{levels[level]} {level.value}"
        for level in (Level.DIFFERENT, Level.MISSING)
        if levels[level]
    ]
    told = ", ".join([words, *others])
    return (
        f"From other data than recorded: {told}."
        if verdict.inputs == Inputs.CHANGED
        else f"{told}."
    )
