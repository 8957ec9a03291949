"""RO-Crates: what `ro-crate-metadata.json` says of the files, and whether they are those."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from data_mgmt.backends import Did
from reproducibility.capture.kinds import is_code, is_document
from reproducibility.capture.values import Author, Data, Found, FoundFile, Recorded, Role
from reproducibility.compare.tolerance import Tolerance
from reproducibility.crate.entities import Entities, Read, ids, text
from reproducibility.crate.reading import Taken, language_of, taken_from, workflow_of
from reproducibility.crate.terms import METADATA, NO_LICENCE, ORCID, ROOT
from reproducibility.services.captures import orcid
from reproducibility.services.captures.gathering import Gathering, is_storable
from reproducibility.services.captures.incoming import FIELD
from vre_portal.errors import InvalidRequest

SPDX = ("https://spdx.org/licenses/", "http://spdx.org/licenses/")
ORCIDS = (ORCID, "http://orcid.org/")
MOST_AUTHORS = 200
#: Folders where the data of a crate go that tells none.
DATA_FOLDER = "data"


@dataclass(frozen=True, slots=True)
class Described:
    """What a crate tells; what it does not is empty. `analysis` is there in one of a portal's."""

    title: str = ""
    summary: str = ""
    licence: str = ""
    authors: tuple[Author, ...] = ()
    entry: str = ""
    language: str = ""
    analysis: Taken | None = None


def described(files: list[FoundFile]) -> Described | None:
    """Return what the crate's metadata says; None where there are none that can be read."""
    found = next((file for file in files if file.path == METADATA and file.content), None)
    if found is None:
        return None
    try:
        entities = Entities(found.content or b"")
    except ValueError:
        return None
    root = entities.root
    return Described(
        title=text(root.get("name"))[:200],
        summary=text(root.get("description")),
        licence=_licence(root.get("license"), entities),
        authors=tuple(_authors(root, entities)),
        entry=str(workflow_of(entities).get("@id") or _main(root)).removeprefix(ROOT),
        language=language_of(entities),
        analysis=taken_from(entities),
    )


def found_in(crate: Described, gathering: Gathering) -> Found:
    """Return the files of a crate, and the analysis that they were.

    Raises
    ------
    InvalidRequest
        A file of the analysis is not in the crate, or has another checksum than it says.
    """
    taken = crate.analysis
    if taken is None:
        _note_language(crate, gathering)
        gathering.summary, gathering.licence = crate.summary, crate.licence
        return Found(
            tuple(gathering.files), title=crate.title, authors=crate.authors, entry=crate.entry
        )
    _check_files(taken, gathering)
    absent = list(_absent(taken, gathering))
    gathering.expect(len(gathering.files) + len(absent), FIELD)
    return Found(
        (*gathering.files, *absent),
        data=tuple(_data(taken, gathering)),
        surroundings=taken.surroundings,
        code=taken.code,
        title=crate.title,
        authors=crate.authors,
        recorded=Recorded(
            summary=taken.summary,
            licence=crate.licence,
            environment=taken.environment,
            roles=_roles(taken),
            tolerances=dict(_tolerances(taken, gathering)),
        ),
    )


def too_large(crate: Described, found: Found) -> list[FoundFile]:
    """Return the recorded outputs that the crate holds and a capture has no room for."""
    held = {each.path for each in crate.analysis.outputs if each.held} if crate.analysis else set()
    read = (file for file in found.files if file.content is None and file.sha256)
    return [file for file in read if file.path in held]


def _note_language(crate: Described, gathering: Gathering) -> None:
    """Say that steps are guessed where the crate's workflow is not one of REANA's."""
    if crate.language and crate.language.upper() != "REANA":
        told = {"path": crate.entry[:80], "language": crate.language}
        words = _("The crate's workflow is %(path)s, written in %(language)s, which is not run "
                  "here. What runs is proposed from the files: check the steps.")  # fmt: skip
        gathering.note(words % told)


def _check_files(taken: Taken, gathering: Gathering) -> None:
    found = {file.path: file.sha256 for file in gathering.files}
    held = {each.path: each.sha256 for each in taken.outputs if each.held}
    for path, checksum in {**taken.files, **held}.items():
        if path not in found:
            words = _("The crate tells of %s and does not hold it. Download the crate anew.")
            raise InvalidRequest(words % path[:80], field=FIELD)
        if checksum and found[path] and checksum != found[path]:
            words = _("%(path)s is not the file that the crate tells of: its SHA-256 is %(found)s, "
                      "not %(told)s. Download the crate anew, or hand the files in as a plain "
                      "ZIP without %(metadata)s.")  # fmt: skip
            told = {"path": path[:80], "found": found[path], "told": checksum}
            raise InvalidRequest(words % {**told, "metadata": METADATA}, field=FIELD)


def _absent(taken: Taken, gathering: Gathering) -> Iterator[FoundFile]:
    """Yield the outputs of which the crate has the checksum alone."""
    there = {file.path for file in gathering.files}
    for output in taken.outputs:
        if not output.held and output.path not in there and is_storable(output.path):
            yield FoundFile(output.path, output.size, output.sha256)


def _roles(taken: Taken) -> dict[str, Role]:
    """Return what each file was; what the crate was given beside them is left out."""
    own = {
        path: Role.CODE if is_code(path) or is_document(path) else Role.INPUT
        for path in taken.files
    }
    return {**own, **{each.path: Role.OUTPUT for each in taken.outputs if each.path not in own}}


def _data(taken: Taken, gathering: Gathering) -> Iterator[Data]:
    for each in taken.inputs:
        folder = each.folder if is_storable(each.folder) else DATA_FOLDER
        if not _is_did(each.did):
            told = each.did[:80] or _("something without a name")
            gathering.note(_("The crate's input %s is no DID and is left out.") % told)
            continue
        yield Data(each.did, folder, tuple(file for file in each.files if _is_did(file["did"])))


def _is_did(told: str) -> bool:
    try:
        return str(Did.parse(told)) == told
    except InvalidRequest:
        return False


def _tolerances(taken: Taken, gathering: Gathering) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for output in taken.outputs:
        try:
            tolerance = Tolerance.from_json(output.tolerance)
        except (ValueError, TypeError, OverflowError):
            words = _("The tolerance of %s can't be read and is left out.") % output.path[:80]
            gathering.note(words)
            continue
        if tolerance != Tolerance():
            yield output.path, tolerance.as_json()


def _main(root: Read) -> str:
    """Return what a crate is about where it does not describe it."""
    return next(ids(root.get("mainEntity")), "")


def _licence(told: object, entities: Entities) -> str:
    """Return the SPDX identifier where the crate names one, else the licence's name."""
    named = next(ids(told), "") or text(told)
    for prefix in SPDX:
        if named.startswith(prefix):
            return named.removeprefix(prefix).removesuffix(".html").strip("/")[:80]
    known = text(entities.get(named).get("name"))[:80] or named[:80]
    return "" if known == NO_LICENCE else known


def _authors(root: Read, entities: Entities) -> Iterator[Author]:
    keys = [*ids(root.get("author")), *ids(root.get("creator"))]
    for key in list(dict.fromkeys(keys))[:MOST_AUTHORS]:
        if name := text(entities.get(key).get("name")):
            yield Author(name[:200], _orcid(key))


def _orcid(key: str) -> str:
    """Return the ORCID iD in an author's `@id`; empty where there is none, or a wrong one."""
    if not key.startswith(ORCIDS):
        return ""
    try:
        return orcid.checked(key)
    except ValueError:
        return ""
