"""A capture from its wish to its proposal: read once, by a worker; a crash only reads it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import PurePosixPath
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from reproducibility.capture.declared import NAMES
from reproducibility.capture.proposing import NO_LICENCE, propose
from reproducibility.capture.recorded import as_recorded
from reproducibility.capture.values import Author, Data, Found, Proposal, Role
from reproducibility.models import Capture, CapturedFile, CaptureState
from reproducibility.services.captures.gathering import Gathering
from reproducibility.services.captures.sources import NotYet, kind_of
from reproducibility.services.captures.telling import TOPIC
from vre_portal.errors import InvalidRequest, PortalError
from vre_portal.live import publish
from vre_portal.models import Operation
from vre_portal.operations import Again, Done, Outcome, held, hold

LONGEST_TITLE = 200


def step(operation: Operation) -> Outcome:
    """Read a source and propose an analysis of it."""
    capture = Capture.objects.select_related("user").filter(pk=operation.subject).first()
    if capture is None or capture.state != CaptureState.READING:
        return Done()  # discarded meanwhile, or done by a worker that was thought dead
    source = kind_of(capture.kind)
    with held(operation):
        gathering = Gathering(tell=partial(_tell, capture))
        try:
            found = source.gather(capture, gathering)
        except NotYet as exc:
            return _wait(capture, exc)
        if not found.files:
            raise InvalidRequest(_("There is no file to capture. Choose another place."))
        proposal = as_recorded(propose(found), found.recorded)
    with transaction.atomic():
        hold(operation)
        keep(capture, found, gathering, proposal)
    source.forget(capture.origin)
    return Done()


def _wait(capture: Capture, reason: NotYet) -> Outcome:
    if capture.message != reason.message:
        _save(capture, message=reason.message)
    return Again(reason.seconds)


def give_up(operation: Operation, error: PortalError) -> None:
    """Say why nothing could be read."""
    capture = Capture.objects.filter(pk=operation.subject, state=CaptureState.READING).first()
    if capture is not None:
        _save(capture, state=CaptureState.FAILED, message=error.message)
        kind_of(capture.kind).forget(capture.origin)


def keep(capture: Capture, found: Found, gathering: Gathering, proposal: Proposal) -> None:
    """Write what was found and what it proposes, in the caller's transaction.

    The description that a capture has already stays.
    """
    if not Capture.objects.select_for_update().filter(pk=capture.pk).exists():
        return  # discarded while it was read
    licence = (capture.licence or proposal.licence or gathering.licence)[:80]
    capture.files.all().delete()
    CapturedFile.objects.bulk_create(_rows(capture, found, proposal), batch_size=200)
    _save(
        capture,
        state=CaptureState.PROPOSED,
        message=_("Read. Look at what is proposed."),
        title=_title(capture, found, proposal),
        summary=capture.summary or proposal.summary or gathering.summary,
        licence=licence,
        authors=[each.as_json() for each in _authors(capture, found, proposal)],
        specification=proposal.specification,
        environment=(proposal.environment or found.surroundings.image)[:200],
        surroundings=found.surroundings.as_json(),
        code=found.code.as_json(),
        origin=capture.origin | ({"commit": found.code.commit} if found.code.commit else {}),
        inputs=[_data_json(each) for each in found.data],
        tolerances={path: dict(each) for path, each in proposal.tolerances.items()}
        or capture.tolerances,
        found=without_asking(told(found, proposal, gathering.notes), licence),
    )


def without_asking(found: Mapping[str, Any], licence: str) -> dict[str, Any]:
    """Return what the page says of a reading; with a licence it asks for none."""
    if not licence:
        return dict(found)
    return {**found, "notes": [note for note in found.get("notes", ()) if note != NO_LICENCE]}


def told(found: Found, proposal: Proposal, notes: list[str]) -> dict[str, object]:
    """Return what the page says of a reading, beside what can be edited."""
    return {
        "files": len(found.files),
        "bytes": sum(file.size for file in found.files),
        "entry": proposal.entry,
        "entries": list(proposal.entries),
        "parameters": [asdict(each) for each in proposal.parameters],
        "gathered": notes,
        "notes": [*notes, *proposal.notes],
        "read_at": timezone.now().isoformat(),
    }


def _rows(capture: Capture, found: Found, proposal: Proposal) -> list[CapturedFile]:
    rows = {
        file.path: CapturedFile(
            capture=capture, path=file.path, size=file.size, sha256=file.sha256,
            adler32=file.adler32, content=file.content,
            role="" if file.did else proposal.roles.get(file.path, Role.LEFT_OUT).value,
        )
        for file in found.files
        if file.path not in NAMES  # kept as the specification itself
    }  # fmt: skip
    for path, text in proposal.tests.items():
        rows.setdefault(path, test_file(capture, path, text))
    return list(rows.values())


def test_file(capture: Capture, path: str, text: str) -> CapturedFile:
    """Return a file of tests that was written for a capture."""
    content = text.encode()
    return CapturedFile(
        capture=capture, path=path, size=len(content), sha256=sha256(content).hexdigest(),
        content=content, role=Role.CODE.value,
    )  # fmt: skip


def _title(capture: Capture, found: Found, proposal: Proposal) -> str:
    stem = PurePosixPath(proposal.entry).stem.replace("_", " ").replace("-", " ").strip()
    known = proposal.title or found.title or stem.capitalize() or _("Captured analysis")
    earlier = capture.analysis.title if capture.analysis else ""
    return (capture.title or earlier or known)[:LONGEST_TITLE]


def _authors(capture: Capture, found: Found, proposal: Proposal) -> tuple[Author, ...]:
    user = capture.user
    return proposal.authors or found.authors or (Author(user.display_name or user.handle),)


def _data_json(data: Data) -> dict[str, object]:
    return {"did": data.did, "folder": data.folder, "files": [dict(each) for each in data.files]}


def _tell(capture: Capture, done: int, total: int) -> None:
    numbers = {"done": done, "total": total}
    message = (
        _("Reading %(done)s of %(total)s files.") % numbers if total else _("Looking for files.")
    )
    _save(capture, message=message)


def _save(capture: Capture, **changes: object) -> None:
    for name, value in changes.items():
        setattr(capture, name, value)
    # By a query: a row that was discarded meanwhile is not made again.
    Capture.objects.filter(pk=capture.pk).update(**changes, updated_at=timezone.now())
    publish(f"{TOPIC}:{capture.pk}", {"state": capture.state, "message": capture.message})
