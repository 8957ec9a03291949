"""Analyses and runs as pages show them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst, slugify
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from activity.models import Event, Level
from reproducibility.compare import Verdict
from reproducibility.graphs import Drawing, draw
from reproducibility.models import KEPT, Analysis, AnalysisVersion, Kind, Run, RunQuerySet
from reproducibility.services import parameters_of
from reproducibility.services.outputs import absent
from reproducibility.services.verdicts import in_words
from reproducibility.services.workflows import engine_of, specification_of, steps_of
from vre_portal.components.formats import size

TONES: Mapping[Level, str] = {
    Level.INFO: "idle", Level.OK: "ok", Level.WARNING: "wait", Level.ERROR: "bad",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ShownStep:
    """A step as the `steps` component takes it."""

    name: str
    state: str
    duration: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ShownLog:
    """All that the commands of one step said, or of it the lines that were looked for."""

    step: str
    state: str
    text: str
    found: int | None = None
    #: Whether new text only ever comes behind the old: jobs side by side write in the middle.
    grows: bool = True

    @property
    def key(self) -> str:
        """How a page names it: names of one form are told apart by a checksum."""
        return f"log-{slugify(self.step)}-{zlib.crc32(self.step.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a run's timeline."""

    text: str
    time: datetime
    tone: str


@dataclass(frozen=True, slots=True)
class ShownRun:
    """A run in words."""

    run: Run
    badge: str
    verdict_text: str
    steps: list[ShownStep]
    seconds: float
    sentence: str
    inputs_text: str
    environment_text: str

    @property
    def transfer_text(self) -> str:
        """How much of the files has been handed over."""
        told = self.run.transfer
        return f"{size(told['bytes'])} / {size(told['bytes_total'])}"


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """An output beside the recorded one."""

    path: str
    level: str
    detail: str
    expected: str
    found: str
    kept: bool
    recorded_here: bool

    @property
    def is_picture(self) -> bool:
        """Whether the page can show it."""
        return self.kept and PurePosixPath(self.path).suffix == ".png"


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


def with_last_run(rows: Iterable[Analysis], mine: RunQuerySet) -> list[ListedAnalysis]:
    """Return analyses with the newest reproduction among the given runs of each."""
    newest = (
        mine.exclude(kind=Kind.VARIATION)
        .order_by("analysis_id", "-created_at")
        .distinct("analysis_id")
    )
    last = {run.analysis_id: run for run in newest.listed()}
    return [ListedAnalysis(row, shown(last[row.pk]) if row.pk in last else None) for row in rows]


def last_of(mine: RunQuerySet, version: AnalysisVersion) -> ShownRun | None:
    """Return the newest of the given runs of a version."""
    run = mine.filter(version=version).listed().first()
    return shown(run) if run else None


def hidden_version(user: User, analysis: Analysis) -> AnalysisVersion | None:
    """Return the version saved last where its owner alone sees it; None for others."""
    if analysis.owner_id != user.pk:
        return None
    latest = analysis.latest
    return None if latest == analysis.newest else latest


def parts_of(version: AnalysisVersion) -> Parts:
    """Return engine, steps with their commands, and parameters of a version."""
    workflow = specification_of(version).get("workflow") or {}
    inner = workflow.get("specification") if isinstance(workflow, dict) else None
    rows = inner.get("steps") if isinstance(inner, dict) else None
    steps = tuple(
        (str(entry.get("name", "")), "\n".join(map(str, entry.get("commands") or ())))
        for entry in rows or ()
        if isinstance(entry, dict)
    )
    return Parts(engine_of(version), steps, parameters_of(version))


def verdict_of(run: Run) -> Verdict | None:
    """Return a run's verdict as a value."""
    if run.verdict is None:
        return None
    return Verdict.from_json(run.verdict)


def shown(run: Run) -> ShownRun:
    """Return a run in words."""
    verdict = verdict_of(run)
    inputs = _inputs_text(run)
    surroundings = _environment_text(run)
    words = " ".join([in_words(verdict), inputs, surroundings]) if verdict else ""
    return ShownRun(
        run=run,
        badge=_badge(run, verdict),
        verdict_text=words,
        steps=[_step(entry) for entry in run.steps],
        seconds=((run.finished_at or timezone.now()) - run.created_at).total_seconds(),
        sentence=run.message,
        inputs_text=inputs,
        environment_text=surroundings,
    )


def _badge(run: Run, verdict: Verdict | None) -> str:
    """Return the state, or the verdict's level: other outputs of other data are no failure."""
    if verdict is None:
        return run.state
    return "variation" if run.is_variation else verdict.level.value


def _step(entry: Mapping[str, Any]) -> ShownStep:
    seconds = entry["seconds"]
    if seconds is None and entry["state"] == "running" and entry["started"]:
        began = datetime.fromisoformat(entry["started"])
        seconds = max(0.0, (timezone.now() - began).total_seconds())
    return ShownStep(entry["name"], entry["state"], seconds)


def _inputs_text(run: Run) -> str:
    verified = sum(bool(entry["verified"]) for entry in run.inputs)
    if not run.inputs:
        return ""
    numbers = {"verified": verified, "total": len(run.inputs)}
    return _("Inputs verified (%(verified)s of %(total)s checksums).") % numbers


def inputs_note(run: Run) -> str:
    """Return how many inputs have the catalogue's checksum, briefly."""
    verified = sum(bool(entry["verified"]) for entry in run.inputs)
    if not run.inputs:
        return ""
    words = ngettext("%(n)s file, checksum verified", "%(n)s files, checksums verified", verified)
    return words % {"n": verified}


def _environment_text(run: Run) -> str:
    told = run.environment
    if not told or told.get("substituted") is None:
        return _("The environment is not known.") if told else ""
    if not told["substituted"]:
        return _("The environment is the recorded one.")
    return _("Environment substituted: %(used)s instead of the recorded image.") % {
        "used": told["used"]
    }


def logs_of(entries: Iterable[Mapping[str, str]]) -> list[ShownLog]:
    """Return what the steps said, one log a step."""
    said: dict[str, list[Mapping[str, str]]] = {}
    for entry in entries:
        said.setdefault(entry["step"], []).append(entry)
    return [
        ShownLog(
            step,
            entries[-1]["state"],
            "\n".join(f"$ {entry['command'].strip()}\n{entry['text']}" for entry in entries),
            grows=len(entries) == 1,
        )
        for step, entries in said.items()
    ]


def found_in(logs: Iterable[ShownLog], text: str) -> list[ShownLog]:
    """Return the logs with only the lines that hold a text, small letters as large ones."""
    wanted = text.casefold()
    if not wanted:
        return list(logs)
    found = []
    for log in logs:
        lines = [
            f"{number:>6}  {line}"
            for number, line in enumerate(log.text.splitlines(), start=1)
            if wanted in line.casefold()
        ]
        found.append(replace(log, text="\n".join(lines), found=len(lines)))
    return found


def drawing_of(run: Run, steps: Sequence[ShownStep]) -> Drawing | None:
    """Return the drawing of a workflow that branches, None for a chain."""
    return draw(steps_of(run.version), steps)


def variation_of(run: Run) -> str:
    """Return the form that runs the same version with other values, filled with those of a run."""
    recorded = enumerate(run.version.inputs.all(), start=1)
    fields = {f"input-{n}": run.replaced_inputs.get(each.did, each.did) for n, each in recorded}
    for key, value in run.parameters.items():
        fields[f"parameter-{key}"] = value if isinstance(value, str) else json.dumps(value)
    where = reverse("reproducibility:variation", args=[run.analysis.slug])
    return f"{where}?{urlencode({'version': run.version.number, **fields})}"


@dataclass(frozen=True, slots=True)
class ShownRecorded:
    """A recorded output of an analysis, and why its content can't be had; empty where it can."""

    path: str
    size: int
    sha256: str
    absent: str
    is_picture: bool


def recorded_of(version: AnalysisVersion) -> list[ShownRecorded]:
    """Return the recorded outputs of a version that was fetched with its parts."""
    reasons = absent(version)
    rows = version.outputs.all()
    words = {row.path: reasons.get(row.path, "") for row in rows}
    return [
        ShownRecorded(
            row.path, row.size, row.sha256, words[row.path], row.is_image and not words[row.path]
        )
        for row in rows
    ]


def lines_of(run: Run, events: Iterable[Event]) -> list[Line]:
    """Return the timeline of a run; its title, which the inbox needs, is left out."""
    title = f"{run.analysis.title}, run {run.number}: "
    return [
        Line(capfirst(event.text.removeprefix(title)), event.at, TONES[Level(event.level)])
        for event in events
    ]


def outputs_of(run: Run) -> list[ShownOutput]:
    """Return the outputs of a run beside the recorded ones; before the verdict they wait."""
    verdict = verdict_of(run)
    recorded = dict(run.version.outputs.values_list("path", "sha256"))
    sizes = dict(run.outputs.values_list("path", "size"))
    judged = verdict.outputs if verdict else ()
    waiting = [] if verdict else sorted(recorded)
    return [
        *(
            ShownOutput(
                path=output.path,
                level=output.level.value,
                detail=output.detail,
                expected=output.expected_sha256,
                found=output.sha256,
                kept=sizes.get(output.path, KEPT + 1) <= KEPT,
                # A newer version of the analysis may have recorded another one since.
                recorded_here=recorded.get(output.path) == output.expected_sha256,
            )
            for output in judged
        ),
        *(ShownOutput(path, "", "", recorded[path], "", False, True) for path in waiting),
    ]
