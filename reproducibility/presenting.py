"""Analyses and runs as pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import yaml
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from reproducibility.compare import Level, OutputVerdict, Verdict
from reproducibility.models import Analysis, Run, RunState
from reproducibility.services import parameters_of
from reproducibility.services.verdicts import in_words


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step as the `steps` component takes it."""

    name: str
    state: str
    duration: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in words."""

    run: Run
    badge: str
    verdict_text: str
    steps: list[ShownStep]
    seconds: float | None
    sentence: str
    inputs_text: str
    environment_text: str
    failed_steps: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """An output beside the recorded one."""

    path: str
    level: str
    detail: str
    expected: str
    found: str
    is_image: bool
    kept: bool


@dataclass(frozen=True, slots=True)
class Parts:
    """What a specification says, for reading."""

    engine: str
    steps: tuple[tuple[str, str], ...]
    parameters: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ListedAnalysis:
    """An analysis with one's last run of it."""

    analysis: Analysis
    last: ShownRun | None


def with_last_run(rows: Iterable[Analysis], mine: QuerySet[Run]) -> list[ListedAnalysis]:
    """Return analyses with the newest of the given runs of each."""
    newest = mine.order_by("analysis_id", "-created_at").distinct("analysis_id").defer("logs")
    last = {run.analysis_id: run for run in newest.select_related("analysis")}
    return [ListedAnalysis(row, shown(last[row.pk]) if row.pk in last else None) for row in rows]


def parts_of(analysis: Analysis) -> Parts:
    """Return engine, steps with their commands, and parameters of an analysis."""
    workflow = (yaml.safe_load(analysis.specification) or {}).get("workflow") or {}
    inner = workflow.get("specification") or {}
    steps = tuple(
        (str(entry.get("name", "")), "\n".join(entry.get("commands") or ()))
        for entry in inner.get("steps", [])
    )
    return Parts(str(workflow.get("type", "")), steps, parameters_of(analysis))


def verdict_of(run: Run) -> Verdict | None:
    """Return a run's verdict as a value."""
    if run.verdict is None:
        return None
    outputs = tuple(
        OutputVerdict(**{**output, "level": Level(output["level"])})
        for output in run.verdict["outputs"]
    )
    told = {**run.verdict, "level": Level(run.verdict["level"]), "outputs": outputs}
    return Verdict(**told)


def shown(run: Run) -> ShownRun:
    """Return a run in words."""
    verdict = verdict_of(run)
    end = run.finished_at
    inputs = _inputs_text(run)
    surroundings = _environment_text(run)
    words = " ".join([in_words(verdict), inputs, surroundings]) if verdict else ""
    steps = [ShownStep(s["name"], s["state"], s["seconds"]) for s in run.steps]
    return ShownRun(
        run=run,
        badge=verdict.level.value if verdict else run.state,
        verdict_text=words,
        steps=steps,
        seconds=(end - run.created_at).total_seconds() if end else None,
        sentence=_sentence(run),
        inputs_text=inputs,
        environment_text=surroundings,
        failed_steps=tuple(step.name for step in steps if step.state == "failed"),
    )


def _sentence(run: Run) -> str:
    if run.state == RunState.FINISHED:
        return _("Reproduction of version %(version)s by you.") % {"version": run.analysis_version}
    return run.message


def _inputs_text(run: Run) -> str:
    verified = sum(bool(entry["verified"]) for entry in run.inputs)
    if not run.inputs:
        return ""
    numbers = {"verified": verified, "total": len(run.inputs)}
    return _("Inputs verified (%(verified)s of %(total)s checksums).") % numbers


def _environment_text(run: Run) -> str:
    told = run.environment
    if not told or told.get("substituted") is None:
        return _("The environment is not known.") if told else ""
    if not told["substituted"]:
        return _("The environment is the recorded one.")
    names = {"used": told["used"], "recorded": told["recorded"]}
    return _("Environment substituted: %(used)s instead of %(recorded)s.") % names


def outputs_of(run: Run) -> list[ShownOutput]:
    """Return the outputs of a run beside the recorded ones; before the verdict they wait."""
    verdict = verdict_of(run)
    judged = {output.path: output for output in verdict.outputs} if verdict else {}
    kept = set(run.outputs.values_list("path", flat=True))
    rows = []
    for recorded in run.analysis.outputs.defer("content"):
        output = judged.get(recorded.path)
        rows.append(
            ShownOutput(
                path=recorded.path,
                level=output.level.value if output else "",
                detail=output.detail if output else "",
                expected=recorded.sha256,
                found=output.sha256 if output else "",
                is_image=recorded.is_image,
                kept=recorded.path in kept,
            )
        )
    return rows
