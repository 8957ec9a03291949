"""The values of the parts of a DID's page: where its copies are, a container's matrix, its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from data_mgmt import pages, replicate_pages, services
from data_mgmt.backends import Availability, Did, DidType, StorageKind
from data_mgmt.did_shapes import Asked
from data_mgmt.metadata_forms import keys_form, kind_of, text_of
from data_mgmt.models_metadata import EditState, MetadataEdit
from data_mgmt.services import DidView, describing
from data_mgmt.services.places import MATRIX_ROWS, where_children
from vre_portal.components.formats import number

SHOWN_EDITS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """A storage with what it has of a DID."""

    storage: str
    files: int
    files_total: int
    bytes: int
    state: str
    word: str


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """A child of a container with a cell for each storage: state and word, or nothing."""

    did: Did
    cells: tuple[tuple[str, str, str], ...]


def places(view: DidView) -> list[Place]:
    """Return each storage that has something, in words: complete, what is missing, on tape."""
    kinds = {storage.name: storage.kind for storage in view.storages or ()}
    return [_place(row, kinds.get(row.storage)) for row in view.availability or ()]


def _place(row: Availability, kind: StorageKind | None) -> Place:
    state, word = "ok", _("complete")
    if not row.is_complete:
        missing = row.files_total - row.files
        state = "partial" if row.files else "absent"
        word = ngettext(
            "%(n)s of %(all)s files is missing", "%(n)s of %(all)s files are missing", missing
        ) % {"n": number(missing), "all": number(row.files_total)}
    if kind is StorageKind.TAPE:
        word = _("%(state)s, on tape: reading takes hours") % {"state": word}
    return Place(row.storage, row.files, row.files_total, row.bytes, state, word)


def where(asked: Asked) -> dict[str, Any]:
    """Return where a DID is, and the form that asks for a copy."""
    return {"places": places(asked.view), **replicate_pages.of_did(asked)}


def marks(asked: Asked) -> dict[str, Any]:
    """Return whether the DID is starred, and whether it is in the basket."""
    starred, in_basket = services.marks(asked.user, asked.did)
    return {"starred": starred, "in_basket": in_basket}


def opening(asked: Asked) -> dict[str, Any]:
    """Return where the DID is opened in a session."""
    return {"session_url": pages.session_url(asked.did)}


def matrix(user: User, view: DidView) -> dict[str, Any]:
    """Return where the datasets in a container are: a row each, a column a storage."""
    contents = view.contents or ()
    found = None if view.problem else where_children(user, contents)
    if found is None:
        return {"matrix": None}
    columns = sorted({row.storage for row in found})
    cells = {(row.did, row.storage): row for row in found}
    datasets = [info.did for info in contents if info.type is DidType.DATASET]
    shown = datasets[:MATRIX_ROWS]
    rows = []
    for did in shown:
        told = []
        for name in columns:
            cell = cells.get((did, name))
            if cell is None or not cell.files:
                told.append((name, "", ""))
            elif cell.is_complete:
                told.append((name, "ok", _("complete")))
            else:
                here = {"here": number(cell.files), "all": number(cell.files_total)}
                told.append((name, "partial", _("%(here)s of %(all)s") % here))
        rows.append(MatrixRow(did, tuple(told)))
    return {
        "matrix": rows,
        "matrix_storages": columns,
        "matrix_left": len(datasets) - len(shown),
    }


def description(asked: Asked) -> dict[str, Any]:
    """Return the metadata, the form for those who may change it, and what was changed."""
    user, view, form = asked.user, asked.view, asked.keys
    edits = list(describing.history(view.info)[:SHOWN_EDITS])
    answers = view.metadata is not None and not view.problem
    may = answers and describing.may_describe(user, view.info.did)
    known: Mapping[str, Any] = view.metadata or {}
    return {
        "may_describe": may,
        "keys_form": (form or keys_form(known)) if may else None,
        "open_form": form is not None,
        "told": [(key, text_of(value)) for key, value in known.items()],
        "unwritable": [key for key, value in known.items() if not kind_of(value)],
        "edits": [_edit(edit) for edit in edits],
        "edit_waits": any(edit.is_waiting for edit in edits),
    }


def _edit(edit: MetadataEdit) -> dict[str, Any]:
    states = {
        EditState.WAITING: ("running", _("being written")),
        EditState.DONE: ("ok", _("written")),
        EditState.FAILED: ("failed", _("not written")),
    }
    lost = edit.state == EditState.WAITING and not edit.is_waiting
    state, word = states[EditState.FAILED if lost else EditState(edit.state)]
    changes = [
        {"key": row.key, "before": _told(row.before), "after": _told(row.after)}
        for row in edit.changes.all()
    ]
    return {"edit": edit, "state": state, "word": word, "changes": changes}


def _told(value: Any) -> str:
    return _("nothing") if value is None else text_of(value)
