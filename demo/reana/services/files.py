"""The files of a workflow's workspace: put, list, open, remove, weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from demo.reana.errors import Conflict, NotFound, RunnerError
from demo.reana.services.quota import Quota
from demo.reana.services.workflows import WorkflowService
from demo.reana.values import Workflow
from demo.reana.workspace.listing import Entry, list_files, size_answer
from demo.reana.workspace.paths import (
    move_path,
    open_file,
    parts_of,
    put_file,
    remove_empty_folders,
    remove_file,
)

Answer = dict[str, Any]


class Files:
    """Files of workflows that the caller was found to own."""

    def __init__(self, workflows: WorkflowService, quota: Quota) -> None:
        self._workflows = workflows
        self._quota = quota

    def root(self, workflow: Workflow) -> Path:
        """Return the workspace's folder, which is there."""
        root = self._workflows.workspace(workflow)
        if not root.is_dir():
            raise NotFound(f"The workspace of {workflow.full_name} was deleted.")
        return root

    def put(self, workflow: Workflow, name: str, upload: Path) -> None:
        """Move a complete upload to its place."""
        put_file(self.root(workflow), name, upload, owner=self._workflows.uid(workflow))
        self._quota.note_change(workflow.workspace)

    def move(self, workflow: Workflow, source: str, target: str) -> None:
        """Give a file or folder another name, or put it into a folder that is there."""
        self._check_idle(workflow)
        owner = self._workflows.uid(workflow)
        move_path(self.root(workflow), source, target, owner=owner)

    def entries(
        self,
        workflow: Workflow,
        pattern: str = "",
        search: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Entry]:
        """Return the files that match a path, folder or glob, and a search by column."""
        return list_files(self.root(workflow), pattern, search)

    def open_one(self, workflow: Workflow, name: str) -> int | None:
        """Return a descriptor of one named file, None when the name means several."""
        entries = self.entries(workflow, name)
        if not entries:
            raise NotFound(f"{name} does not exist in the workspace of {workflow.full_name}.")
        if [entry.name for entry in entries] != ["/".join(parts_of(name))]:
            return None
        return open_file(self.root(workflow), name)

    def remove(self, workflow: Workflow, pattern: str) -> Answer:
        """Remove the files that match, and tell of each."""
        root = self.root(workflow)
        deleted: Answer = {}
        failed: Answer = {}
        for entry in self.entries(workflow, pattern):
            try:
                deleted[entry.name] = {"size": remove_file(root, entry.name)}
            except (OSError, RunnerError) as exc:
                failed[entry.name] = {"error": _explain(exc)}
        self._quota.note_change(workflow.workspace)
        return {"deleted": deleted, "failed": failed}

    def prune(
        self, workflow: Workflow, *, pattern: str = "", inputs: bool = False, outputs: bool = False
    ) -> int:
        """Remove what is declared neither as input nor as output, or also these; return how many.

        Folders that are empty afterwards go too.
        """
        self._check_idle(workflow)
        root = self.root(workflow)
        spare = [name for name, goes in (("inputs", inputs), ("outputs", outputs)) if not goes]
        going = [
            entry
            for entry in list_files(root, pattern)
            if not any(_declares(workflow.specification.get(key), entry.name) for key in spare)
        ]
        for entry in going:
            with suppress(NotFound, FileNotFoundError):
                remove_file(root, entry.name)
        remove_empty_folders(root)
        self._quota.note_change(workflow.workspace)
        return len(going)

    def _check_idle(self, workflow: Workflow) -> None:
        """Refuse what a run in the workspace, perhaps a restart, would trip over."""
        running = self._workflows.running_in(workflow)
        if running is not None:
            raise Conflict(f"Workflow {running.full_name} is running; try again when it has ended.")

    def usage(
        self,
        workflow: Workflow,
        *,
        summarize: bool,
        search: Mapping[str, Sequence[str]] | None = None,
    ) -> list[Answer]:
        """Return what each file takes, or their sum alone."""
        entries = self.entries(workflow, search=search)
        if summarize:
            return [{"name": "", "size": size_answer(sum(entry.size for entry in entries))}]
        return [{"name": f"/{entry.name}", "size": size_answer(entry.size)} for entry in entries]


def _declares(section: Mapping[str, Any] | None, name: str) -> bool:
    """Whether a section of a specification names a file, or a folder above it."""
    section = section or {}
    files = {_plain(path) for path in section.get("files") or ()}
    folders = [_plain(path) for path in section.get("directories") or ()]
    return name in files or any(name == one or name.startswith(f"{one}/") for one in folders)


def _plain(path: str) -> str:
    return "/".join(part for part in str(path).split("/") if part not in {"", "."})


def _explain(exc: OSError | RunnerError) -> str:
    return str(exc) if isinstance(exc, RunnerError) else exc.strerror or "It cannot be removed."
