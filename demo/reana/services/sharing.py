"""Lets other people read a workflow, until a day or until it is taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from uuid import UUID

from demo.reana.errors import Conflict, Malformed, NotFound
from demo.reana.store.people import People
from demo.reana.store.shares import Share, Shares
from demo.reana.values import Person, Workflow


class Sharing:
    """The readers of people's workflows."""

    def __init__(
        self, people: People, shares: Shares, *, today: Callable[[], date] = date.today
    ) -> None:
        self._people = people
        self._shares = shares
        self._today = today

    def share(
        self, owner: Person, workflow: Workflow, email: str, *, message: str, until: date | None
    ) -> None:
        """Let somebody read a workflow, to the end of a day or without end."""
        readers = self._others(owner, email)
        if until is not None and until < self._today():
            raise Malformed("The 'valid_until' date cannot be in the past.")
        if not self._shares.add(workflow.id, readers, message=message, until=until):
            raise Conflict(f"{workflow.full_name} is already shared with {email}.")

    def unshare(self, owner: Person, workflow: Workflow, email: str) -> None:
        """Take a workflow back from somebody."""
        if not self._shares.remove(workflow.id, self._others(owner, email)):
            raise Conflict(f"{workflow.full_name} is not shared with {email}.")

    def readers_of(self, workflow: Workflow) -> list[Share]:
        """Return with whom a workflow is shared."""
        return self._shares.of(workflow.id)

    def sharers(self, reader: Person) -> list[str]:
        """Return the e-mails of those who share something with a person."""
        return self._shares.sharers(reader.id)

    def readers(self, owner: Person) -> list[str]:
        """Return the e-mails of those with whom a person shares something."""
        return self._shares.readers(owner.id)

    def _others(self, owner: Person, email: str) -> list[UUID]:
        found = [one for one in self._people.by_email(email) if one != owner.id]
        if found:
            return found
        if email.lower() == owner.email.lower():
            raise Malformed("A workflow cannot be shared with its owner.")
        raise NotFound(f"User with email {email!r} does not exist.")
