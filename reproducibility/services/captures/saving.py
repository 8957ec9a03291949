"""From a proposal to an analysis: a version that never changes, and its proof at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from string import ascii_lowercase
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.crypto import get_random_string
from django.utils.text import slugify
from django.utils.translation import gettext as _

from accounts import audit
from accounts.credentials import credential_for
from accounts.models import User
from activity import services as activity
from data_mgmt.backends import Did
from data_mgmt.backends import get_backend as data_backend
from reproducibility.capture import swhid
from reproducibility.capture.values import Role
from reproducibility.models import (
    Analysis,
    AnalysisFile,
    AnalysisInput,
    AnalysisVersion,
    Capture,
    CapturedFile,
    CaptureState,
    Kind,
    Proof,
    RecordedOutput,
    Run,
)
from reproducibility.services.captures.declared import Declared, declared_in
from reproducibility.services.captures.editing import EDITABLE, faults_of
from reproducibility.services.captures.starting import ABOUT, find, locked
from reproducibility.services.captures.telling import tell
from reproducibility.services.inputs import AUDIENCE
from reproducibility.services.runs import start_run
from vre_portal.components.formats import size
from vre_portal.errors import Conflict, InvalidRequest, NotFound

LONGEST_SLUG = 70
#: Times that a slug is chosen while others take the same one.
MOST_ATTEMPTS = 5
#: Of an analysis that the reader of the address bar finds nothing in.
NAMELESS = "analysis"


@dataclass(frozen=True, slots=True)
class Saved:
    """A version that was saved, and the run that is to prove it."""

    version: AnalysisVersion
    run: Run


def save(user: User, capture_id: UUID | str) -> Saved:
    """Make an analysis, or a new version of it, and start its proof.

    Saving what has not changed proves the version again that is there.

    Raises
    ------
    InvalidRequest
        Something in the proposal can't be saved; `field` names it.
    Conflict
        It is not read yet.
    """
    capture = find(user, capture_id)
    _check(user, capture)
    with transaction.atomic():
        version = _version_of(locked(user, capture_id))
    return Saved(version, prove(user, version))


def prove(user: User, version: AnalysisVersion) -> Run:
    """Start a run that shows whether a version runs from its declared inputs alone."""
    if version.proof == Proof.RUNNING and version.runs.active().exists():
        raise Conflict(_("The proof is under way."))
    with transaction.atomic():
        run = start_run(user, version.analysis, version=version, kind=Kind.PROOF)
        rows = AnalysisVersion.objects.filter(pk=version.pk).exclude(proof=Proof.PASSED)
        rows.update(proof=Proof.RUNNING, proof_note="", undeclared=[])
    version.refresh_from_db()
    tell(version)
    return run


def _check(user: User, capture: Capture) -> None:
    if capture.state not in EDITABLE:
        raise Conflict(_("The files are not read yet. Wait until they are."))
    if not capture.title.strip():
        raise InvalidRequest(_("Give the analysis a title."), field="title")
    if not capture.authors:
        raise InvalidRequest(_("Name at least one author."), field="authors")
    wrong = next((fault for fault in faults_of(capture) if not fault.hint), None)
    if wrong is not None:
        line = _("Line %s: ") % wrong.line if wrong.line else ""
        raise InvalidRequest(f"{line}{wrong.reason}", field="specification")
    _check_contents(capture)
    _check_inputs(user, capture)


def _check_contents(capture: Capture) -> None:
    wanted = capture.files.filter(role__in=[Role.CODE, Role.INPUT], content=None)
    large = wanted.defer("content").first()
    if large is not None:
        words = _("%(path)s (%(size)s) is too large to be kept here. Put it into the data lake and "
                  "name its DID as an input, or leave it out.")  # fmt: skip
        told = {"path": large.path, "size": size(large.size)}
        raise InvalidRequest(words % told, field="roles")


def _check_inputs(user: User, capture: Capture) -> None:
    for each in capture.inputs:
        try:
            data_backend().get_did(credential_for(user, AUDIENCE), Did.parse(each["did"]))
        except NotFound as exc:
            words = _("%s: there is no such data, or you may not see it.") % each["did"]
            raise InvalidRequest(words, field="inputs") from exc


def _version_of(capture: Capture) -> AnalysisVersion:
    """Return the version that a capture is, made unless the newest one is just that."""
    declared = declared_in(capture.specification)
    files = list(capture.files.filter(role__in=[Role.CODE, Role.INPUT]))
    outputs = _recorded(capture, declared)
    digest = _digest(capture, files, outputs)
    analysis = _analysis_of(capture)
    version = analysis.versions.first()  # the one saved last
    if version is None or version.content_sha256 != digest:
        version = _made(capture, analysis, files, outputs, digest)
    capture.analysis, capture.state = analysis, CaptureState.SAVED
    capture.message = _("Saved as version %s.") % version.number
    capture.save(update_fields=["analysis", "state", "message", "updated_at"])
    return version


def _recorded(capture: Capture, declared: Declared) -> list[CapturedFile]:
    """Return the outputs that were there: those that the specification declares."""
    found = capture.files.filter(role=Role.OUTPUT).exclude(sha256="")
    return [file for file in found if declared.is_output(file.path)]


def _analysis_of(capture: Capture) -> Analysis:
    told = {
        "title": capture.title, "summary": capture.summary, "licence": capture.licence,
        "authors": capture.authors,
    }  # fmt: skip
    if capture.analysis_id is None:
        return _created(capture, told)
    analysis = Analysis.objects.select_for_update().get(pk=capture.analysis_id)
    for name, value in told.items():
        setattr(analysis, name, value)
    analysis.save(update_fields=[*told, "updated_at"])
    return analysis


def _created(capture: Capture, told: Mapping[str, Any]) -> Analysis:
    for _attempt in range(MOST_ATTEMPTS):
        slug = _free_slug(capture.title)
        try:
            with transaction.atomic():
                return Analysis.objects.create(slug=slug, owner=capture.user, **told)
        except IntegrityError:
            continue  # somebody took this slug meanwhile
    raise Conflict(_("Others save analyses of this title just now. Save it once more."))


def _free_slug(title: str) -> str:
    stem = slugify(title)[:LONGEST_SLUG].strip("-_") or NAMELESS
    slug = stem
    while Analysis.objects.filter(slug=slug).exists():
        # A number would tell how many there are that this person may not see.
        slug = f"{stem}-{get_random_string(4, ascii_lowercase)}"
    return slug


def _made(
    capture: Capture,
    analysis: Analysis,
    files: list[CapturedFile],
    outputs: list[CapturedFile],
    digest: str,
) -> AnalysisVersion:
    last = analysis.versions.aggregate(last=Max("number"))["last"] or 0
    version = analysis.versions.create(
        number=last + 1,
        specification=capture.specification,
        environment=capture.environment,
        surroundings=capture.surroundings,
        code={**capture.code, "swhid": swhid.directory(_contents(files))},
        origin={**capture.origin, "kind": capture.kind, "capture": str(capture.pk)},
        content_sha256=digest,
    )
    _add_parts(version, capture, files, outputs)
    if not analysis.published:  # others go on seeing what is proven until this is, too
        analysis.current = version
        analysis.save(update_fields=["current"])
    _record(capture, version)
    return version


def _contents(files: list[CapturedFile]) -> dict[str, bytes]:
    return {file.path: bytes(file.content or b"") for file in files}


def _add_parts(
    version: AnalysisVersion,
    capture: Capture,
    files: list[CapturedFile],
    outputs: list[CapturedFile],
) -> None:
    AnalysisFile.objects.bulk_create(
        AnalysisFile(version=version, path=file.path, content=file.content, sha256=file.sha256)
        for file in files
    )
    AnalysisInput.objects.bulk_create(_input(version, each) for each in capture.inputs)
    RecordedOutput.objects.bulk_create(
        RecordedOutput(
            version=version, path=file.path, content=file.content or b"", sha256=file.sha256,
            size=file.size, tolerance=capture.tolerances.get(file.path, {}),
        )
        for file in outputs
    )  # fmt: skip


def _input(version: AnalysisVersion, told: Mapping[str, Any]) -> AnalysisInput:
    did = Did.parse(told["did"])
    return AnalysisInput(
        version=version, scope=did.scope, name=did.name, folder=told["folder"], files=told["files"]
    )


def _record(capture: Capture, version: AnalysisVersion) -> None:
    detail = {"analysis": version.analysis.slug, "version": version.number}
    audit.record("analysis.saved", actor=capture.user, about=(ABOUT, capture.pk), detail=detail)
    activity.record(
        user_id=capture.user_id,
        verb="analysis.saved",
        subject=("analysis", version.analysis_id),
        text=_("%(title)s, version %(number)s: saved.")
        % {"title": version.analysis.title, "number": version.number},
        url=f"/captures/{capture.pk}",
    )


def _digest(capture: Capture, files: list[CapturedFile], outputs: list[CapturedFile]) -> str:
    """Return the checksum over all that makes a version what it is."""
    told = {
        "specification": capture.specification,
        "inputs": capture.inputs,
        "environment": capture.environment,
        "files": {file.path: file.sha256 for file in files},
        "outputs": {file.path: file.sha256 for file in outputs},
        "tolerances": capture.tolerances,
    }
    return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
