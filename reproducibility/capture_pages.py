"""Captures as their pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.forms import BoundField
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.capture.values import Fault
from reproducibility.capture_forms import (
    SHOWN_FILES,
    ArchiveForm,
    ProposalForm,
    RepositoryForm,
    SessionForm,
    SourceForm,
    WorkflowForm,
)
from reproducibility.models import Analysis, Capture, CapturedFile, CaptureState, Kind, Run, Source
from reproducibility.services.captures import editing, publishing, sources
from reproducibility.services.captures.declared import declared_in
from reproducibility.services.captures.sources import Choice
from reproducibility.services.proofs import sentences_of

WORDS: Mapping[str, Any] = {
    Source.SESSION: lambda told: _("From the session %(name)s, %(path)s") % _named(told),
    Source.REPOSITORY: lambda told: told.get("repository", ""),
    Source.ZIP: lambda told: _("From the archive %(name)s") % told,
    Source.CRATE: lambda told: _("From the RO-Crate %(name)s") % told,
    Source.WORKFLOW: lambda told: _("From the workflow %(workflow)s") % told,
}


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file with the field that says what it is."""

    row: CapturedFile
    role: BoundField
    kept: bool


@dataclass(frozen=True, slots=True)
class ShownOutput:
    """An output with the fields of its tolerance."""

    path: str
    fields: tuple[BoundField, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A capture in a list."""

    capture: Capture
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that a proof looked for, and the question about it."""

    path: str
    sentence: str
    size: int


def origin_of(capture: Capture) -> str:
    """Return from where a capture was taken, in words."""
    return str(WORDS[capture.kind]({"name": "", "path": "", "workflow": "", **capture.origin}))


def _named(told: Mapping[str, Any]) -> dict[str, str]:
    return {"name": told["name"], "path": told["path"] or "~"}


def draft_of(capture: Capture) -> Draft:
    """Return a capture as the list of analyses shows it."""
    title = capture.title or _("A capture that is being read")
    return Draft(capture, title, reverse("reproducibility:capture", args=[capture.pk]))


def source_forms(
    user: User, given: Mapping[str, str], posted: SourceForm | None = None
) -> dict[str, Any]:
    """Return the forms of all sources, filled from an address; the posted one as it was sent."""
    choices = sources.kind_of(Source.SESSION).choices(user)
    made: dict[str, SourceForm] = {
        Source.SESSION.value: SessionForm(choices=choices, initial=dict(given), label_suffix=""),
        Source.REPOSITORY.value: RepositoryForm(initial=dict(given), label_suffix=""),
        Source.ZIP.value: ArchiveForm(label_suffix=""),
        Source.WORKFLOW.value: WorkflowForm(initial=dict(given), label_suffix=""),
    }
    if posted is not None:
        made[posted.kind.value] = posted
    return {"forms": made, "unreadable": _unreadable(choices), "posted": posted}


def _unreadable(choices: list[Choice]) -> list[Choice]:
    return [choice for choice in choices if choice.why_not][:5]


def bound_form(user: User, kind: str, data: Mapping[str, str]) -> SourceForm:
    """Return the form of a kind with what was sent; an unknown kind is told at its first field."""
    match kind:
        case Source.SESSION:
            choices = sources.kind_of(Source.SESSION).choices(user)
            return SessionForm(data, choices=choices, label_suffix="")
        case Source.REPOSITORY:
            return RepositoryForm(data, label_suffix="")
        case Source.WORKFLOW:
            return WorkflowForm(data, label_suffix="")
        case _:
            return ArchiveForm(data, label_suffix="")


def context_of(user: User, capture: Capture, form: ProposalForm | None = None) -> dict[str, Any]:
    """Return all that a capture's page shows."""
    reading = capture.state == CaptureState.READING
    context: dict[str, Any] = {
        "capture": capture,
        "origin": origin_of(capture),
        "title": capture.title or _("A new analysis"),
        "reading": reading,
        "failed": capture.state == CaptureState.FAILED,
        "again_url": _again_url(capture),
        "aside": None if reading else sources.aside_of(capture),
    }
    if capture.state in editing.EDITABLE:
        context |= proposal_context(capture, form or ProposalForm(None, capture=capture))
    if capture.state == CaptureState.SAVED and capture.analysis is not None:
        context |= proof_context(capture.analysis)
    return context


def proposal_context(capture: Capture, form: ProposalForm) -> dict[str, Any]:
    """Return what the form of a proposal shows."""
    declared = declared_in(capture.specification)
    total = int(capture.found.get("files", len(form.rows)))
    kept = set(capture.files.exclude(content=None).values_list("pk", flat=True))
    return {
        "form": form,
        "faults": editing.faults_of(capture),
        "found": capture.found,
        "parameters": dict(declared.parameters),
        "images": declared.images,
        "files": [
            ShownFile(row, form[f"role-{key}"], row.pk in kept) for key, row in form.rows.items()
        ],
        "more_files": max(0, total - SHOWN_FILES),
        "outputs": [_output(form, row) for row in form.outputs()],
        "tests": [form[name] for name in form.tests],
        "check_url": reverse("api:specification-check"),
    }


def _output(form: ProposalForm, row: CapturedFile) -> ShownOutput:
    names = (f"{part}-{row.pk}" for part in ("rtol", "atol", "ignore", "statistical"))
    return ShownOutput(row.path, tuple(form[name] for name in names))


def proof_context(analysis: Analysis) -> dict[str, Any]:
    """Return how the proof of the version saved last stands, and what can be done."""
    version = analysis.latest
    proofs = Run.objects.filter(version=version, kind=Kind.PROOF).defer("logs")
    return {
        "analysis": analysis,
        "version": version,
        "proof_run": proofs.order_by("-number").first(),
        "missing": [
            Missing(path, _("It reads %s, which is not declared: add it as an input?") % path, size)
            for path, size in sentences_of(version)
        ],
        "why_not_published": publishing.why_not_published(analysis),
    }


def _again_url(capture: Capture) -> str:
    """Return the form that captures the same source again."""
    names = ("session", "path", "repository", "ref", "workflow")
    told = {name: str(capture.origin[name]) for name in names if capture.origin.get(name)}
    return f"{reverse('reproducibility:capture-new')}?{urlencode(told)}"


def faults_json(faults: list[Fault]) -> list[dict[str, Any]]:
    """Return faults as the API tells them."""
    return [
        {"line": each.line, "where": each.where, "reason": each.reason, "hint": each.hint}
        for each in faults
    ]
