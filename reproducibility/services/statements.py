"""What a signed verdict says: one JSON document whose bytes are signed, without any person."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import vre_portal
from reproducibility.models import Run
from vre_portal.config import get_config

#: A reader that knows a schema may rely on its keys; another one gets another number.
SCHEMA = "vre-verdict/1"

Told = Mapping[str, Any]


def statement_of(run: Run, *, verdict_id: UUID, at: datetime) -> str:
    """Return the statement on a run that has ended with a verdict, as canonical JSON.

    Keys are sorted, nothing stands between the tokens, and texts are UTF-8 as they are: the bytes
    of this text are what is signed.
    """
    verdict: Told = run.verdict or {}
    told = {
        "schema": SCHEMA,
        "site": get_config().public_url,
        "verdict": str(verdict_id),
        "run": {"id": str(run.pk), "kind": run.kind},
        "analysis": {
            "id": str(run.analysis_id),
            "slug": run.analysis.slug,
            "title": run.analysis.title,
        },
        "version": {
            "number": run.version.number,
            "content_sha256": run.version.content_sha256,
        },
        "level": verdict["level"],
        "environment": _environment(run, verdict),
        "inputs": {"class": verdict["inputs"], "files": list(_inputs(run))},
        "outputs": [_output(each) for each in verdict["outputs"]],
        "times": {
            "started": in_utc(run.created_at),
            "ended": in_utc(run.finished_at or at),
            "signed": in_utc(at),
        },
        "tools": {"portal": vre_portal.__version__, "python": platform.python_version()},
    }
    return canonical(told)


def canonical(told: Told) -> str:
    """Return JSON of which there is one form only: keys sorted, no spaces."""
    return json.dumps(
        told, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    )


def in_utc(moment: datetime) -> str:
    """Return a time as ISO 8601 in UTC, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _environment(run: Run, verdict: Told) -> dict[str, Any]:
    named = ("recorded", "used", "packages_sha256", "isolation")
    told = {name: run.environment.get(name) or "" for name in named}
    return {"class": verdict["environment"], **told}


def _inputs(run: Run) -> Iterator[dict[str, Any]]:
    for entry in run.inputs:
        yield {
            "did": entry["did"],
            "dataset": entry.get("dataset", ""),
            "bytes": entry.get("bytes"),
            "adler32": entry.get("adler32", ""),
            **({"sha256": entry["sha256"]} if entry.get("sha256") else {}),
        }


def _output(judged: Told) -> dict[str, Any]:
    """Return an output; a level says nothing without the tolerance that it was found with."""
    told = {name: judged[name] for name in ("path", "level", "expected_sha256", "sha256")}
    tolerance: Told = judged.get("tolerance") or {}
    return told | ({"tolerance": tolerance} if any(tolerance.values()) else {})
