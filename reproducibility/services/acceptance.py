"""An analysis's own tests, the features that its reana.yaml names, judged on a run."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from functools import cache, partial
from typing import Any

from accounts.credentials import Credential
from reproducibility.backends import WorkspaceFile, get_backend
from reproducibility.gherkin import FileFacts, RunFacts, check
from reproducibility.models import Run
from reproducibility.services import workflows
from vre_portal.errors import PortalError

#: A feature file is text of people; of files that one looks into, so much is read.
MOST_FEATURE, MOST_TEXT = 1 << 18, 1 << 20


def judge(run: Run, credential: Credential) -> list[dict[str, Any]]:
    """Return how each scenario went: feature, scenario, passed (null: not judged) and reason."""
    features = _features(run)
    if not features:
        return []
    try:
        results = check(features, _facts(run, credential))
    except PortalError as exc:
        if exc.retryable or exc.waits:
            raise
        return [
            {"feature": path, "scenario": "", "passed": None, "reason": exc.message}
            for path in features
        ]
    return [
        {
            "feature": each.feature,
            "scenario": each.scenario,
            "passed": each.passed,
            "reason": each.reason,
        }
        for each in results
    ]


def _features(run: Run) -> dict[str, str]:
    tests = workflows.specification_of(run.version).get("tests")
    named = tests.get("files") if isinstance(tests, dict) else None
    wanted = [str(path) for path in named or ()]
    rows = run.version.files.filter(path__in=wanted).values_list("path", "content")
    return {path: bytes(content)[:MOST_FEATURE].decode(errors="replace") for path, content in rows}


def _facts(run: Run, credential: Credential) -> RunFacts:
    inner = run.steps[1:-1]
    logs: dict[str, str] = {}
    for entry in run.logs:
        logs[entry["step"]] = logs.get(entry["step"], "") + str(entry["text"])
    spans = {entry["name"]: float(entry["seconds"]) for entry in inner if entry["seconds"]}
    return RunFacts(
        state="finished",
        seconds=sum(spans.values()) if spans else None,
        step_seconds=spans,
        logs=logs,
        files={
            file.path: _file(run, credential, file)
            for file in get_backend().list_files(credential, run.workflow_id)
        },
        outputs=_outputs(run),
    )


def _outputs(run: Run) -> tuple[str, ...]:
    declared = workflows.specification_of(run.version).get("outputs")
    kinds = [declared.get(kind) for kind in ("files", "directories")] if declared else []
    return tuple(str(path) for paths in kinds for path in paths or ())


def _file(run: Run, credential: Credential, file: WorkspaceFile) -> FileFacts:
    """Return what is known of a file, and how more is found out when a test asks."""

    def pieces() -> Any:
        return get_backend().download(credential, run.workflow_id, file.path)

    # However many sentences ask for a checksum, the file is read once for it.
    return FileFacts(file.size, cache(partial(_checksum, pieces)), partial(_text, pieces))


def _checksum(pieces: Callable[[], Any], algorithm: str) -> str:
    if algorithm == "adler32":
        checksum = 1
        for piece in pieces():
            checksum = zlib.adler32(piece, checksum)
        return f"{checksum:08x}"
    digest = hashlib.new(algorithm, usedforsecurity=False)
    for piece in pieces():
        digest.update(piece)
    return digest.hexdigest()


def _text(pieces: Callable[[], Any]) -> str:
    text = bytearray()
    for piece in pieces():
        text += piece[: MOST_TEXT - len(text)]
        if len(text) >= MOST_TEXT:
            break
    return text.decode(errors="replace")
