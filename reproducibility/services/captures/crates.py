"""RO-Crates: what `ro-crate-metadata.json` says of the files, and whether they are those."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from data_mgmt.backends import Did
from reproducibility.capture.declared import found_in as found_in_root
from reproducibility.capture.kinds import is_code, is_document
from reproducibility.capture.values import Author, Data, Found, FoundFile, Recorded, Role
from reproducibility.compare.tolerance import Tolerance
from reproducibility.crate import asking
from reproducibility.crate.entities import Entities, Flaw, Read, Unreadable, ids, text, texts
from reproducibility.crate.foreign import Foreign, foreign
from reproducibility.crate.reading import LONGEST_TEXT, Taken, taken_from
from reproducibility.crate.terms import DESCRIPTORS, METADATA, NO_LICENCE, ORCID, is_address
from reproducibility.services.captures import foreign_crates, orcid
from reproducibility.services.captures.gathering import Gathering, is_storable
from reproducibility.services.captures.incoming import FIELD
from vre_portal.components.formats import size
from vre_portal.errors import InvalidRequest

SPDX = ("https://spdx.org/licenses/", "http://spdx.org/licenses/")
ORCIDS = (ORCID, "http://orcid.org/")
MOST_AUTHORS = 200
#: Folders where the data of a crate go that tells none.
DATA_FOLDER = "data"
#: So many of a kind are named in one note.
FIRST = 3


@dataclass(frozen=True, slots=True)
class Described:
    """What a crate tells; what it does not is empty. `analysis` is there in one of a portal's."""

    title: str
    summary: str
    licence: str
    authors: tuple[Author, ...]
    foreign: Foreign
    analysis: Taken | None


def described(files: list[FoundFile]) -> Described | None:
    """Return what the crate's metadata says; None where there are none.

    Raises
    ------
    InvalidRequest
        There are some, and they can't be read.
    """
    by_path = {file.path: file for file in files}
    found = next((by_path[name] for name in DESCRIPTORS if name in by_path), None)
    if found is None:
        return None
    try:
        if found.content is None:
            raise Unreadable(Flaw.TOO_LONG)
        return _described(Entities(found.content))
    except Unreadable as exc:
        words = _("%(file)s can't be read: %(reason)s A plain ZIP of the files is taken without "
                  "it.")  # fmt: skip
        told = {"file": found.path, "reason": _reason(exc.flaw)}
        raise InvalidRequest(words % told, field=FIELD) from exc


def _described(entities: Entities) -> Described:
    root = entities.root
    return Described(
        title=text(root.get("name"))[:200],
        summary=text(root.get("description"), LONGEST_TEXT),
        licence=_licence(root.get("license"), entities),
        authors=tuple(_authors(root, entities)),
        foreign=foreign(entities),
        analysis=taken_from(entities),
    )


def _reason(flaw: Flaw) -> str:
    return {
        Flaw.TOO_LONG: _("it is longer than any that is read here."),
        Flaw.NO_JSON: _("it is no JSON."),
        Flaw.NO_ENTITIES: _("it has no list of entities, called @graph."),
        Flaw.NO_ROOT: _("it does not say what the crate is: no entity is its root."),
        Flaw.ROUNDABOUT: _("its entities refer to one another too often to be followed."),
    }[flaw]


def found_in(crate: Described, gathering: Gathering) -> Found:
    """Return the files of a crate, and the analysis that they were.

    Raises
    ------
    InvalidRequest
        A file of the analysis is not in the crate, or has another checksum than it says.
    """
    taken = crate.analysis
    _note_asking(gathering)
    if taken is None:
        return _foreign(crate, gathering)
    _check_files(taken, gathering)
    _note_written(taken, gathering)
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


def _foreign(crate: Described, gathering: Gathering) -> Found:
    foreign_crates.check(crate.foreign, gathering)
    gathering.summary, gathering.licence = crate.summary, crate.licence
    return Found(
        tuple(gathering.files),
        title=crate.title,
        authors=crate.authors,
        entry=foreign_crates.entry_of(crate.foreign),
    )


def too_large(crate: Described, found: Found) -> list[FoundFile]:
    """Return the recorded outputs that the crate holds and a capture has no room for."""
    held = {each.path for each in crate.analysis.outputs if each.held} if crate.analysis else set()
    read = (file for file in found.files if file.content is None and file.sha256)
    return [file for file in read if file.path in held]


def _check_files(taken: Taken, gathering: Gathering) -> None:
    found = {file.path: file.sha256 for file in gathering.files}
    held = {each.path: each.sha256 for each in taken.outputs if each.held}
    for path, checksum in {**taken.files, **held}.items():
        if path not in found:
            raise InvalidRequest(_not_held(path, found), field=FIELD)
        if checksum and found[path] and checksum != found[path]:
            words = _("%(path)s is not the file that the crate tells of: its SHA-256 is %(found)s, "
                      "not %(told)s. Download the crate anew, or hand the files in as a plain "
                      "ZIP without %(metadata)s.")  # fmt: skip
            told = {"path": path[:80], "found": found[path], "told": checksum}
            raise InvalidRequest(words % {**told, "metadata": METADATA}, field=FIELD)


def _note_asking(gathering: Gathering) -> None:
    """Say what a stranger's specification would take of the person who runs it."""
    told = found_in_root({file.path: file for file in gathering.files})
    text = (told.content or b"").decode() if told else ""
    if secrets := asking.secrets(text):
        words = _("Its steps ask for your secrets at REANA: %s. Whoever wrote them gets what they "
                  "open: save it only if you trust them.")  # fmt: skip
        gathering.note(words % ", ".join(secrets))
    if settings := asking.settings(text):
        words = _("Its steps set where or as whom they run: %s. REANA may refuse that.")
        gathering.note(words % ", ".join(settings[:FIRST]))


def _note_written(taken: Taken, gathering: Gathering) -> None:
    """Say that what was written for the crate, and is none of the analysis, is left out."""
    own = {METADATA, *taken.files, *(each.path for each in taken.outputs)}
    if written := [file.path for file in gathering.files if file.path not in own]:
        words = ngettext(
            "%(n)s file that was written for the crate is left out.",
            "%(n)s files that were written for the crate, such as signed verdicts, are left out: "
            "a reproduction here gets a verdict of its own.",
            len(written),
        )
        gathering.note(words % {"n": len(written)})


def _not_held(path: str, found: Collection[str]) -> str:
    """Say of a file that is not there what became of it."""
    alike = next((each for each in found if _plain(each) == _plain(path)), "")
    if is_address(path):
        words = _("The crate names %(path)s as one of its files. Nothing is fetched: put the file "
                  "into the crate.")  # fmt: skip
    elif alike:
        words = _("The crate tells of %(path)s and holds a file of another spelling, %(alike)s: "
                  "packing it anew has changed the name. Download the crate anew.")  # fmt: skip
    else:
        words = _("The crate tells of %(path)s and does not hold it. Download the crate anew.")
    return words % {"path": path[:80], "alike": alike[:80]}


def _plain(path: str) -> str:
    """Return a path without what some file systems do not tell apart: capitals, accents."""
    return unicodedata.normalize("NFKC", path).casefold()


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
        files = tuple(file for file in each.files if _is_did(file["did"]))
        gathering.note(_where(each.did, files))
        yield Data(each.did, folder, files)


def _where(did: str, files: Sequence[Mapping[str, Any]]) -> str:
    """Say how an input comes here that only the other portal's data lake may have."""
    amount = ""
    if files:
        told = {"n": len(files), "size": size(sum(file["bytes"] or 0 for file in files))}
        amount = ngettext(" (%(n)s file, %(size)s)", " (%(n)s files, %(size)s)", len(files)) % told
    words = _("It reads %(did)s%(amount)s, which the crate does not hold. Where there is no such "
              "data here, upload it, and name its DID under Data that it reads.")  # fmt: skip
    return words % {"did": did, "amount": amount}


def _is_did(told: str) -> bool:
    try:
        return str(Did.parse(told)) == told
    except InvalidRequest:
        return False


def _tolerances(taken: Taken, gathering: Gathering) -> Iterator[tuple[str, Mapping[str, Any]]]:
    kept = {file.path for file in gathering.files}
    for output in taken.outputs:
        if output.path not in kept and not is_storable(output.path):
            continue
        try:
            tolerance = Tolerance.from_json(output.tolerance)
        except (ValueError, TypeError, OverflowError):
            words = _("The tolerance of %s can't be read and is left out.") % output.path[:80]
            gathering.note(words)
            continue
        if tolerance != Tolerance():
            yield output.path, tolerance.as_json()


def _licence(told: object, entities: Entities) -> str:
    """Return the SPDX identifier where the crate names one, else the licence's name."""
    named = next(ids(told), "") or text(told)
    for prefix in SPDX:
        if named.startswith(prefix):
            return named.removeprefix(prefix).removesuffix(".html").strip("/")[:80]
    known = text(entities.get(named).get("name")) or named
    is_web = known.startswith(("https://", "http://"))
    is_none = known == NO_LICENCE or (is_address(known) and not is_web)
    return "" if is_none else known[:80]


def _authors(root: Read, entities: Entities) -> Iterator[Author]:
    """Yield who made a crate; some makers write a name in place of a reference."""
    keys = [*ids(root.get("author")), *ids(root.get("creator"))]
    for key in list(dict.fromkeys(keys))[:MOST_AUTHORS]:
        if name := _name(entities.get(key)):
            yield Author(name[:200], _orcid(key))
    if not keys:
        yield from (Author(name[:200]) for name in texts(root.get("author"), MOST_AUTHORS))


def _name(person: Read) -> str:
    parts = (text(person.get(part)) for part in ("givenName", "familyName"))
    return text(person.get("name")) or " ".join(filter(None, parts))


def _orcid(key: str) -> str:
    """Return the ORCID iD in an author's `@id`; empty where there is none, or a wrong one."""
    if not key.startswith(ORCIDS):
        return ""
    try:
        return orcid.checked(key)
    except ValueError:
        return ""
