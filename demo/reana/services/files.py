"""The files of a workflow's workspace: put, list, open, remove, weigh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from demo.reana.errors import NotFound, RunnerError
from demo.reana.services.workflows import WorkflowService
from demo.reana.values import Workflow
from demo.reana.workspace.listing import Entry, list_files, size_answer
from demo.reana.workspace.paths import open_file, parts_of, put_file, remove_file

Answer = dict[str, Any]


class Files:
    """Files of workflows that the caller was found to own."""

    def __init__(self, workflows: WorkflowService) -> None:
        self._workflows = workflows

    def root(self, workflow: Workflow) -> Path:
        """Return the workspace's folder, which is there."""
        root = self._workflows.workspace(workflow)
        if not root.is_dir():
            raise NotFound(f"The workspace of {workflow.full_name} was deleted.")
        return root

    def put(self, workflow: Workflow, name: str, upload: Path) -> None:
        """Move a complete upload to its place."""
        put_file(self.root(workflow), name, upload, owner=self._workflows.uid(workflow))

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
                failed[entry.name] = {"error": str(exc)}
        return {"deleted": deleted, "failed": failed}

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
