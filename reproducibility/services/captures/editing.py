"""What a person changes in a proposal: each part is checked and kept, also before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from reproducibility.capture.proposing import propose
from reproducibility.capture.values import (
    Author,
    Code,
    Data,
    Fault,
    Found,
    FoundFile,
    Role,
    Surroundings,
)
from reproducibility.compare.tolerance import Tolerance
from reproducibility.models import Capture, CapturedFile, CaptureState
from reproducibility.services.captures import orcid
from reproducibility.services.captures.declared import declared_in
from reproducibility.services.captures.gathering import Gathering, is_storable
from reproducibility.services.captures.reading import keep, without_asking
from reproducibility.services.captures.starting import find, locked
from reproducibility.specs.checking import check
from vre_portal.errors import Conflict, InvalidRequest

EDITABLE = (CaptureState.PROPOSED, CaptureState.SAVED)
LONGEST_TITLE, LONGEST_TEXT, LONGEST_LICENCE = 200, 10_000, 80
MOST_AUTHORS, MOST_INPUTS, LONGEST_SPECIFICATION = 200, 200, 500_000
#: What is checked by the runner before it starts; kept files are told by their contents, too.
FEATURE = ".feature"


@dataclass(frozen=True, slots=True)
class Edits:
    """What is to be changed; None leaves a part as it is. Roles and tests are by path."""

    title: str | None = None
    summary: str | None = None
    licence: str | None = None
    authors: tuple[Author, ...] | None = None
    specification: str | None = None
    inputs: tuple[Data, ...] | None = None
    tolerances: Mapping[str, Mapping[str, Any]] | None = None
    roles: Mapping[str, str] | None = None
    tests: Mapping[str, str] | None = None


def change(user: User, capture_id: UUID | str, edits: Edits) -> Capture:
    """Keep what was changed in a proposal.

    Raises
    ------
    InvalidRequest
        A part can't be used; `field` names it. What is wrong in the specification is kept as it
        is: `faults_of` tells it, and only saving is refused.
    Conflict
        It is not read yet.
    """
    changes = checked(edits)
    with transaction.atomic():
        capture = locked(user, capture_id)
        _must_be_editable(capture)
        for name, value in changes.items():
            setattr(capture, name, value)
        capture.found = without_asking(capture.found, capture.licence)
        capture.save()
        _set_roles(capture, edits.roles or {})
        _write_tests(capture, edits.tests or {})
    return find(user, capture_id)


def propose_again(user: User, capture_id: UUID | str, entry: str) -> Capture:
    """Propose the analysis anew from another notebook or script of the same files."""
    with transaction.atomic():
        capture = locked(user, capture_id)
        _must_be_editable(capture)
        files = _found_files(capture)
        if entry not in {file.path for file in files}:
            raise InvalidRequest(_("Choose one of the files."), field="entry")
        found = Found(
            files, data=_data(capture), surroundings=_surroundings(capture),
            code=Code(**capture.code), title=capture.title, entry=entry,
            authors=tuple(Author(**each) for each in capture.authors),
        )  # fmt: skip
        notes = list(capture.found.get("gathered", ()))
        gathering = Gathering(tell=lambda _done, _total: None, notes=notes)
        keep(capture, found, gathering, propose(found))
    return find(user, capture_id)


def faults_of(capture: Capture) -> list[Fault]:
    """Return what is wrong in a capture's specification, hints among it."""
    return check(capture.specification, files=workspace_of(capture))


def workspace_of(capture: Capture) -> dict[str, bytes | None]:
    """Return the paths that a workspace would have; contents only of files of tests.

    Folders of data end with a slash: what is in them comes from the data lake.
    """
    rows = capture.files.filter(role__in=[Role.CODE, Role.INPUT])
    tests = rows.filter(path__endswith=FEATURE).exclude(content=None)
    contents = {row.path: bytes(row.content or b"") for row in tests}
    folders = [f"{each['folder'].rstrip('/')}/" for each in capture.inputs]
    return {**dict.fromkeys([*rows.values_list("path", flat=True), *folders]), **contents}


def checked(edits: Edits) -> dict[str, Any]:
    """Return the changed columns, after all that was given has been looked at."""
    changes: dict[str, Any] = {}
    if edits.title is not None:
        changes["title"] = _text(edits.title, "title", LONGEST_TITLE, needed=True)
    if edits.summary is not None:
        changes["summary"] = _text(edits.summary, "summary", LONGEST_TEXT)
    if edits.licence is not None:
        changes["licence"] = _text(edits.licence, "licence", LONGEST_LICENCE)
    if edits.authors is not None:
        changes["authors"] = checked_authors(edits.authors)
    if edits.specification is not None:
        text = _text(edits.specification, "specification", LONGEST_SPECIFICATION, strip=False)
        changes["specification"] = text.replace("\r\n", "\n")
        changes["environment"] = ", ".join(declared_in(text).images)[:200]
    if edits.inputs is not None:
        changes["inputs"] = checked_inputs(edits.inputs)
    if edits.tolerances is not None:
        changes["tolerances"] = checked_tolerances(edits.tolerances)
    return changes


def checked_authors(authors: tuple[Author, ...]) -> list[dict[str, str]]:
    """Return authors as an analysis keeps them; `InvalidRequest` for a wrong ORCID iD."""
    if not 0 < len(authors) <= MOST_AUTHORS:
        words = _("Name at least one author, and at most %s.") % MOST_AUTHORS
        raise InvalidRequest(words, field="authors")
    return [_checked_author(each) for each in authors]


def _checked_author(author: Author) -> dict[str, str]:
    name = _text(author.name, "authors", LONGEST_TITLE, needed=True)
    if not author.orcid.strip():
        return Author(name).as_json()
    try:
        return Author(name, orcid.checked(author.orcid)).as_json()
    except ValueError as exc:
        raise InvalidRequest(f"{name}: {exc}", field="authors") from exc


def checked_inputs(inputs: tuple[Data, ...]) -> list[dict[str, Any]]:
    """Return inputs as a capture keeps them; `InvalidRequest` for a wrong DID or folder."""
    if len(inputs) > MOST_INPUTS:
        raise InvalidRequest(_("At most %s inputs can be named.") % MOST_INPUTS, field="inputs")
    found: dict[str, dict[str, Any]] = {}
    for data in inputs:
        try:
            did = str(Did.parse(data.did))
        except InvalidRequest as exc:
            raise InvalidRequest(f"{data.did[:80]}: {exc.message}", field="inputs") from exc
        folder = data.folder.strip().removeprefix("./").rstrip("/") or "data"
        if not is_storable(folder):
            words = _("%s: give a folder of the workspace, such as data.") % folder[:80]
            raise InvalidRequest(words, field="inputs")
        found[did] = {"did": did, "folder": folder, "files": [dict(each) for each in data.files]}
    return list(found.values())


def checked_tolerances(tolerances: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return tolerances by path; `InvalidRequest` names the output whose tolerance is wrong."""
    found: dict[str, Any] = {}
    for path, told in tolerances.items():
        try:
            tolerance = Tolerance.from_json(told)
        except (ValueError, TypeError, AttributeError) as exc:
            words = _("%s: a tolerance has numbers from 0, and names to leave out.") % path[:80]
            raise InvalidRequest(words, field="tolerances") from exc
        if tolerance != Tolerance():
            found[path] = tolerance.as_json()
    return found


def _set_roles(capture: Capture, roles: Mapping[str, str]) -> None:
    known = {file.path: file for file in capture.files.defer("content")}
    for path, role in roles.items():
        if path not in known:
            raise InvalidRequest(_("%s is not among the files.") % path[:80], field="roles")
        if role not in set(Role):
            words = _("%s: choose code, input, output, or leave it out.") % path[:80]
            raise InvalidRequest(words, field="roles")
        if known[path].role != role:
            CapturedFile.objects.filter(pk=known[path].pk).update(role=role)


def _write_tests(capture: Capture, tests: Mapping[str, str]) -> None:
    for path, text in tests.items():
        if not path.endswith(FEATURE) or not is_storable(path):
            words = _("%s: files of tests end with .feature.") % path[:80]
            raise InvalidRequest(words, field="tests")
        written = _text(text, "tests", LONGEST_TEXT * 10, strip=False)
        content = written.replace("\r\n", "\n").encode()
        told = {"content": content, "size": len(content), "sha256": sha256(content).hexdigest()}
        capture.files.update_or_create(path=path, defaults={**told, "role": Role.CODE.value})


def _found_files(capture: Capture) -> tuple[FoundFile, ...]:
    """Return the files as they were found, without the tests that were written for the capture."""
    dids = {
        str(file.get("path")): str(file["did"])
        for each in capture.inputs
        for file in each["files"]
        if file.get("did")
    }
    tests = declared_in(capture.specification).tests
    return tuple(
        FoundFile(
            row.path, row.size, row.sha256, row.adler32, dids.get(row.path, ""),
            None if row.content is None else bytes(row.content),
        )
        for row in capture.files.all()
        if row.path not in tests or not row.path.endswith(FEATURE)
    )  # fmt: skip


def _data(capture: Capture) -> tuple[Data, ...]:
    return tuple(Data(each["did"], each["folder"], tuple(each["files"])) for each in capture.inputs)


def _surroundings(capture: Capture) -> Surroundings:
    told = dict(capture.surroundings)
    packages = tuple(told.pop("packages", ()))
    return Surroundings(image=capture.environment, packages=packages, **told)


def _must_be_editable(capture: Capture) -> None:
    if capture.state not in EDITABLE:
        raise Conflict(_("The files are not read yet. Wait until they are."))


def _text(text: str, field: str, most: int, *, needed: bool = False, strip: bool = True) -> str:
    text = text.strip() if strip else text
    if needed and not text:
        raise InvalidRequest(_("This can't be empty."), field=field)
    if len(text) > most or "\0" in text:
        words = _("Write at most %s characters, none of them unseen.") % f"{most:,}"
        raise InvalidRequest(words, field=field)
    return text
