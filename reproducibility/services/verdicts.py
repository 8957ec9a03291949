"""From the outputs of a run to its verdict."""

from __future__ import annotations

from hashlib import sha256

from accounts.credentials import Credential
from reproducibility.backends import Environment, get_backend
from reproducibility.compare import Inputs, Level, Surroundings, Verdict, contents, judge
from reproducibility.models import RecordedOutput, Run, RunOutput
from vre_portal.errors import NotFound

#: Outputs up to this size are kept to be shown beside the recorded ones, bytes.
KEPT = 4 << 20


def verdict_of(run: Run, credential: Credential) -> Verdict:
    """Fetch the outputs, keep them, and compare each with the recorded one."""
    outputs = [
        contents.compare(
            recorded.path, bytes(recorded.content), _fetched(run, credential, recorded)
        )
        for recorded in run.analysis.outputs.all()
    ]
    return judge(
        outputs,
        environment=_surroundings(run.environment.get("substituted")),
        inputs=_inputs(run),
    )


def _fetched(run: Run, credential: Credential, recorded: RecordedOutput) -> bytes | None:
    try:
        pieces = get_backend().download(credential, run.workflow_id, recorded.path)
        content = b"".join(pieces)
    except NotFound:
        return None
    RunOutput.objects.update_or_create(
        run=run,
        path=recorded.path,
        defaults={
            "content": content[:KEPT],
            "sha256": sha256(content).hexdigest(),
            "size": len(content),
        },
    )
    return content


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
    verified = all(entry["verified"] for entry in run.inputs)
    return Inputs.VERIFIED if verified else Inputs.UNVERIFIED


def in_words(verdict: Verdict) -> str:
    """Return the verdict as a sentence or three."""
    total = len(verdict.outputs)
    same = sum(output.level is Level.BIT_IDENTICAL for output in verdict.outputs)
    absent = sum(output.level is Level.MISSING for output in verdict.outputs)
    words = f"{same} of {total} outputs are bit-identical"
    if absent:
        words += f", {absent} missing"
    if same + absent < total:
        words += f", {total - same - absent} different"
    return f"{words}."
