"""Finds workflows by id or name, as their owner or as a reader."""

from __future__ import annotations

import re
from uuid import UUID

from demo.reana.errors import Forbidden, NotFound
from demo.reana.store.workflows import Workflows
from demo.reana.values import Person, Workflow

RUN_NAME = re.compile(r"(?P<name>[^.]+)\.(?P<major>\d{1,9})(?:\.(?P<minor>\d{1,9}))?")


class Finder:
    """Workflows that a person may change or read.

    A workflow goes by its id, its name with run number, or its name alone: the newest run, then.
    """

    def __init__(self, workflows: Workflows) -> None:
        self._workflows = workflows

    def own(self, person: Person, id_or_name: str) -> Workflow:
        """Return a person's own workflow, which they may change.

        Raises
        ------
        Forbidden
            It is only shared with them.
        NotFound
            It does not exist, or is another person's.
        """
        workflow = self._own(person, id_or_name)
        if workflow is not None:
            return workflow
        if self._shared(person, id_or_name) is not None:
            raise Forbidden(
                f"Workflow {id_or_name} is shared with you for reading; only its owner may"
                " change it."
            )
        raise NotFound(f"Workflow {id_or_name} does not exist.")

    def readable(self, person: Person, id_or_name: str) -> Workflow:
        """Return a workflow that is a person's own or shared with them."""
        workflow = self._own(person, id_or_name) or self._shared(person, id_or_name)
        if workflow is None:
            raise NotFound(f"Workflow {id_or_name} does not exist.")
        return workflow

    def _own(self, person: Person, id_or_name: str) -> Workflow | None:
        if (number := _id(id_or_name)) is not None:
            return self._workflows.by_owner_and_id(person.id, number)
        run = _run(id_or_name)
        if run is None:
            return self._workflows.newest_run(person.id, id_or_name)
        return self._workflows.by_run(person.id, *run)

    def _shared(self, person: Person, id_or_name: str) -> Workflow | None:
        if (number := _id(id_or_name)) is not None:
            return self._workflows.shared_by_id(person.id, number)
        run = _run(id_or_name)
        return None if run is None else self._workflows.shared_by_run(person.id, *run)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _run(text: str) -> tuple[str, int, int] | None:
    match = RUN_NAME.fullmatch(text)
    if match is None:
        return None
    return match["name"], int(match["major"]), int(match["minor"] or 0)
