"""What the owner of an analysis does with it: describe, publish, withdraw, delete, look back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import audit
from accounts.models import User
from activity import services as activity
from reproducibility.capture.values import Author
from reproducibility.models import (
    Analysis,
    AnalysisVersion,
    CaptureState,
    Deposit,
    Proof,
    Registration,
    RegistrationState,
    Run,
    SignedVerdict,
)
from reproducibility.services.analyses import find_analysis, visible_versions
from reproducibility.services.captures.declared import with_input, without_output
from reproducibility.services.captures.editing import Edits, change
from reproducibility.services.captures.editing import checked as checked_edits
from reproducibility.services.captures.saving import Saved, save
from reproducibility.services.captures.starting import find
from reproducibility.services.proofs import capture_of
from vre_portal.errors import Conflict, Forbidden, InvalidRequest

ABOUT = "analysis"
#: Lines around a change that a comparison of two versions shows.
CONTEXT = 3


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a comparison: `sign` is ``+``, ``-``, ``@`` or a space."""

    sign: str
    text: str


@dataclass(frozen=True, slots=True)
class Change:
    """A version beside the one before it: what its reana.yaml and its files differ in."""

    version: AnalysisVersion
    lines: tuple[Line, ...]
    files: tuple[Line, ...]


def own(user: User, key: str) -> Analysis:
    """Return an analysis that somebody may change.

    Raises
    ------
    Forbidden
        It is published by somebody else.
    """
    found = find_analysis(user, key)
    if found.owner_id != user.pk:
        raise Forbidden(_("Only its owner may change this analysis."))
    return found


def describe(
    user: User,
    key: str,
    *,
    title: str | None = None,
    summary: str | None = None,
    licence: str | None = None,
    authors: tuple[Author, ...] | None = None,
) -> Analysis:
    """Change what stands above an analysis; its versions stay as they are."""
    analysis = own(user, key)
    edits = Edits(title=title, summary=summary, licence=licence, authors=authors)
    changes = checked_edits(edits)
    if changes:
        Analysis.objects.filter(pk=analysis.pk).update(**changes)
        _note(user, analysis, "analysis.described", {"changed": sorted(changes)})
    return find_analysis(user, str(analysis.pk))


def why_not_published(analysis: Analysis) -> str:
    """Return why an analysis can't be published now; empty when it can."""
    version = analysis.latest
    match version.proof:
        case Proof.PASSED:
            return ""
        case Proof.RUNNING:
            return _("The proof of version %s is under way: wait for its end.") % version.number
        case Proof.FAILED:
            return _("The proof of version %s failed: add what it missed, and prove it again.") % (
                version.number
            )
        case _:
            return _("Version %s is not proven yet: prove it first.") % version.number


@transaction.atomic
def publish(user: User, key: str) -> Analysis:
    """Show an analysis to everybody.

    Raises
    ------
    Conflict
        The version saved last has no passed proof.
    """
    analysis = Analysis.objects.select_for_update().get(pk=own(user, key).pk)
    if reason := why_not_published(analysis):
        raise Conflict(reason)
    return _set_published(user, analysis, True)


@transaction.atomic
def withdraw(user: User, key: str) -> Analysis:
    """Show an analysis to its owner alone; runs of others stay theirs."""
    analysis = Analysis.objects.select_for_update().get(pk=own(user, key).pk)
    return _set_published(user, analysis, False)


def _set_published(user: User, analysis: Analysis, published: bool) -> Analysis:
    if analysis.published != published:
        was_open, analysis.landing = analysis.landing, analysis.landing and published
        analysis.published, analysis.current = published, analysis.latest
        analysis.save(update_fields=["published", "landing", "current", "updated_at"])
        if published:
            analysis.versions.filter(pk=analysis.current.pk).update(public=True)
        verb = "analysis.published" if published else "analysis.withdrawn"
        _note(user, analysis, verb, {})
        if was_open and not published:
            _note(user, analysis, "analysis.landing-closed", {})
        words = _("%s: published.") if published else _("%s: no longer published.")
        activity.record(
            user_id=user.pk, verb=verb, subject=(ABOUT, analysis.pk),
            text=words % analysis.title, url=f"/analyses/{analysis.slug}",
        )  # fmt: skip
    return analysis


@transaction.atomic
def delete(user: User, key: str) -> None:
    """Delete an analysis of one's own with its versions and one's runs.

    Raises
    ------
    Conflict
        It is published, a run of it goes on, its files are being registered, others have run it, or
        it is deposited.
    """
    analysis = Analysis.objects.select_for_update().get(pk=own(user, key).pk)
    runs = Run.objects.filter(analysis=analysis)
    if analysis.published:
        raise Conflict(_("It is published. Withdraw it first."))
    if runs.active().exists():
        raise Conflict(_("A run of it goes on. Stop it first."))
    if Registration.objects.filter(run__in=runs, state=RegistrationState.RUNNING).exists():
        raise Conflict(_("Files of its runs are being registered. Wait until they are."))
    left = SignedVerdict.objects.filter(version__analysis=analysis, run=None)
    if runs.exclude(user=user).exists() or left.exists():
        raise Conflict(_("Others have run it, and their verdicts name it: it stays."))
    if Deposit.objects.filter(version__analysis=analysis).exists():
        raise Conflict(_("It is deposited. A draft can be thrown away; what has a DOI stays."))
    _note(user, analysis, "analysis.deleted", {"title": analysis.title})
    # A version that is the newest of an analysis is protected.
    analysis.current = None
    analysis.save(update_fields=["current"])
    analysis.delete()


def add_undeclared(user: User, key: str, path: str) -> Saved:
    """Add a file that a failed proof missed to a new version, and prove that one.

    Raises
    ------
    InvalidRequest
        The proof of the version saved last did not miss this file.
    Conflict
        The capture was discarded.
    """
    version = own(user, key).latest
    capture = capture_of(version)
    if path not in version.undeclared:
        raise InvalidRequest(_("The proof did not miss this file."), field="path")
    if capture is None or capture.state != CaptureState.SAVED:
        raise Conflict(_("The capture is not there any more. Capture the analysis again."))
    # What the workspace is given beforehand proves nothing as an output.
    text = without_output(with_input(find(user, capture.pk).specification, path), path)
    change(user, capture.pk, Edits(specification=text, roles={path: "input"}))
    return save(user, capture.pk)


def history(user: User, analysis: Analysis) -> list[Change]:
    """Return the versions that somebody may see, newest first, each beside the one before it."""
    versions = list(visible_versions(user).filter(analysis=analysis))
    earlier = [*versions[1:], None]
    return [
        Change(version, tuple(_specification(before, version)), tuple(_files(before, version)))
        for version, before in zip(versions, earlier, strict=True)
    ]


def _specification(before: AnalysisVersion | None, after: AnalysisVersion) -> Iterator[Line]:
    if before is None:
        return
    old, new = before.specification.splitlines(), after.specification.splitlines()
    for line in list(difflib.unified_diff(old, new, lineterm="", n=CONTEXT))[2:]:
        yield Line(line[:1], line[1:])


def _files(before: AnalysisVersion | None, after: AnalysisVersion) -> Iterator[Line]:
    if before is None:
        return
    old = dict(before.files.values_list("path", "sha256"))
    new = dict(after.files.values_list("path", "sha256"))
    for path in sorted({*old, *new}):
        if old.get(path) == new.get(path):
            continue
        yield Line("+" if path not in old else "-" if path not in new else "~", path)


def _note(user: User, analysis: Analysis, action: str, detail: dict[str, Any]) -> None:
    told = {"slug": analysis.slug, **detail}
    audit.record(action, actor=user, about=(ABOUT, analysis.pk), detail=told)
