"""The workspace of a run as folders and files: what is in it, and which of it are outputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.core.cache import cache
from django.utils.translation import gettext as _

from accounts.credentials import Credential, credential_for
from reproducibility.backends import AUDIENCE, WorkspaceFile, get_backend
from reproducibility.models import Run
from reproducibility.services.captures.declared import declared_in
from vre_portal.errors import Conflict, InvalidRequest, NotFound

#: A list that was just read serves for a page, its files and their previews together, seconds.
KEEP_SECONDS = 5
MAX_PATH = 4_000


class Kind(StrEnum):
    """What is in a folder."""

    FOLDER = "folder"
    FILE = "file"


class NoWorkspace(Conflict):
    """The run has no workspace: not yet, or it ended before it got one."""


class WorkspaceGone(NotFound):
    """The service has deleted the workspace."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A file or folder of a workspace; a folder has the bytes and the number of all its files.

    `sha256` is known of outputs that the portal read when the run ended.
    """

    path: str
    kind: Kind
    size: int
    files: int = 1
    is_output: bool = False
    sha256: str = ""

    @property
    def name(self) -> str:
        """Its last part."""
        return self.path.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Workspace:
    """All files of a workspace at one time."""

    files: tuple[Entry, ...]

    @property
    def outputs(self) -> list[Entry]:
        """The files that the analysis declares or recorded as outputs."""
        return [file for file in self.files if file.is_output]

    def below(self, path: str) -> list[Entry]:
        """Return the files in a folder and its folders; the empty path is the workspace."""
        start = f"{path}/" if path else ""
        return [file for file in self.files if file.path.startswith(start)]

    def look(self, path: str) -> Entry:
        """Return one file or folder; raises `NotFound`."""
        for file in self.files:
            if file.path == path:
                return file
        inside = self.below(path)
        if path and not inside:
            raise NotFound(_("There is no such file or folder in the run's workspace."))
        return _folder(path, inside)

    def browse(self, path: str) -> list[Entry]:
        """Return what is in a folder, folders first."""
        depth = len(path) + 1 if path else 0
        files, folders = [], dict[str, list[Entry]]()
        for file in self.below(path):
            name, slash, _rest = file.path[depth:].partition("/")
            if slash:
                folders.setdefault(file.path[:depth] + name, []).append(file)
            else:
                files.append(file)
        return [*(_folder(where, inside) for where, inside in sorted(folders.items())), *files]


def _folder(path: str, inside: Sequence[Entry]) -> Entry:
    size = sum(file.size for file in inside)
    return Entry(path, Kind.FOLDER, size, len(inside), any(file.is_output for file in inside))


def checked(path: str) -> str:
    """Return a path as the workspace has it, empty for the workspace; raises `InvalidRequest`."""
    path = path.rstrip("/")
    if len(path) > MAX_PATH or "\0" in path or {".", ".."} & set(path.split("/")):
        words = _("Give a path in the workspace, such as results/plot.png, without . or .. in it.")
        raise InvalidRequest(words, field="path")
    return path


def read(run: Run) -> Workspace:
    """Return what is in a run's workspace, as it was at most some seconds ago.

    Raises
    ------
    NoWorkspace
        The run has none.
    WorkspaceGone
        It was deleted at the service.
    """
    if not run.workflow_id:
        words = _("The run has no workspace yet.") if run.active else _("The run got no workspace.")
        raise NoWorkspace(words)
    if run.files_deleted:
        raise WorkspaceGone(_("Its files were deleted."))
    found: tuple[WorkspaceFile, ...] | None = cache.get(_key(run))
    if found is None:
        found = _listed(run)
        cache.set(_key(run), found, KEEP_SECONDS)
    return Workspace(tuple(_marked(run, found)))


def forget(run: Run) -> None:
    """Forget the list that was just read, since the files changed."""
    cache.delete(_key(run))


def _key(run: Run) -> str:
    return f"run-workspace:{run.pk}:{run.workflow_id}"


def _listed(run: Run) -> tuple[WorkspaceFile, ...]:
    try:
        return get_backend().list_files(credential(run), run.workflow_id)
    except NotFound as exc:
        words = _("The workspace was deleted at the workflow service.")
        raise WorkspaceGone(words, service="reana") from exc


def _marked(run: Run, files: Sequence[WorkspaceFile]) -> list[Entry]:
    declared = declared_in(run.version.specification)
    recorded = set(run.version.outputs.values_list("path", flat=True))
    known = {each.path: each for each in run.outputs.defer("content")}
    entries = []
    for file in sorted(files, key=lambda file: file.path):
        output = known.get(file.path)
        # A file of another size than the one that was compared is another file.
        sha256 = output.sha256 if output and output.size == file.size else ""
        is_output = file.path in recorded or declared.is_output(file.path)
        entry = Entry(file.path, Kind.FILE, file.size, is_output=is_output, sha256=sha256)
        entries.append(entry)
    return entries


def credential(run: Run) -> Credential:
    """Return the credential of the run's owner at the workflow service."""
    return credential_for(run.user, AUDIENCE)
