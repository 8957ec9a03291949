"""Files of a run that may be handed out: one, or all of a folder, and how their bytes are read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services.embargo import check_contents
from reproducibility.backends import get_backend
from reproducibility.models import Run
from reproducibility.services import workspace
from reproducibility.services.runs import find_run
from reproducibility.services.workspace import Entry, Kind
from vre_portal.errors import Conflict, InvalidRequest, NotFound

#: From so many files on a folder is no single download any more.
MOST_PACKED = 10_000


@dataclass(frozen=True, slots=True)
class Content:
    """A file of a run's workspace that its owner may read."""

    run: Run
    entry: Entry

    @property
    def etag(self) -> str:
        """A tag of these bytes, empty where nobody has read them yet."""
        return f'"{self.entry.sha256}"' if self.entry.sha256 else ""

    def opened(self, offset: int = 0) -> Iterator[bytes]:
        """Return the pieces of the file from a byte on, read as the run's owner."""
        run = self.run
        who = workspace.credential(run)
        return get_backend().download(who, run.workflow_id, self.entry.path, offset)

    def check(self) -> None:
        """Raise `Forbidden` for an input whose contents are under an embargo by now."""
        check_input(self.run, self.entry.path)


@dataclass(frozen=True, slots=True)
class Pack:
    """The files of a folder that become one ZIP, each with its path in it."""

    name: str
    files: tuple[tuple[str, Content], ...]


def content(user: User, run_id: UUID | str, path: str) -> Content:
    """Return a file of one of the user's runs.

    Raises
    ------
    NotFound, Forbidden
        There is no such file, or it is an input that is under an embargo.
    InvalidRequest
        It is a folder.
    """
    run = _owned(user, run_id)
    entry = workspace.read(run).look(workspace.checked(path))
    if entry.kind is Kind.FOLDER:
        words = _("That is a folder: choose one of its files, or download it as a ZIP.")
        raise InvalidRequest(words, field="path")
    found = Content(run, entry)
    found.check()
    return found


def pack(user: User, run_id: UUID | str, path: str) -> Pack:
    """Return the files of a folder of one of the user's runs, or all of them.

    Raises
    ------
    NotFound, InvalidRequest
        There is no such folder, or it is a file.
    Conflict
        It has no file, or too many.
    Forbidden
        It has an input that is under an embargo.
    """
    run, path = _owned(user, run_id), workspace.checked(path)
    there = workspace.read(run)
    if there.look(path).kind is Kind.FILE:
        raise InvalidRequest(_("That is a file: download it as it is."), field="path")
    files = there.below(path)
    if not files:
        raise Conflict(_("There is no file in this workspace."))
    if len(files) > MOST_PACKED:
        words = _("A ZIP has at most %(n)d files, and this has more: choose a folder of it.")
        raise Conflict(words % {"n": MOST_PACKED})
    paths = {file.path for file in files}
    for dataset in {entry["dataset"] for entry in run.inputs if entry["path"] in paths}:
        check_contents(run.user, Did.parse(dataset))
    name = f"{run.analysis.slug}-run-{run.number}"
    return Pack(name, tuple((f"{name}/{file.path}", Content(run, file)) for file in files))


def check_input(run: Run, path: str) -> None:
    """Raise `Forbidden` where a path is an input that is under an embargo; outputs are open."""
    for entry in run.inputs:
        if entry["path"] == path:
            check_contents(run.user, Did.parse(entry["did"]))


def _owned(user: User, run_id: UUID | str) -> Run:
    run = find_run(user, run_id)
    if run.user_id != user.pk:  # a run that others may see is read with its owner's token
        raise NotFound(_("There is no such run, or it is not yours."))
    return run
