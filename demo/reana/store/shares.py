"""Shares as rows: who else may read a workflow, and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from demo.reana.store import Pool


@dataclass(frozen=True, slots=True)
class Share:
    """One reader of a workflow."""

    email: str
    valid_until: date | None


class Shares:
    """The shares of all workflows."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add(
        self, workflow: UUID, people: Sequence[UUID], *, message: str, until: date | None
    ) -> bool:
        """Share a workflow with people; tell whether it was not shared with them all before.

        A share that has expired is made anew.
        """
        with self._pool.connection() as connection:
            made = connection.execute(
                "INSERT INTO share (workflow, person, message, valid_until)"
                " SELECT %s, unnest(%s::uuid[]), %s, %s"
                " ON CONFLICT (workflow, person) DO UPDATE"
                " SET message = excluded.message, valid_until = excluded.valid_until"
                " WHERE share.valid_until < current_date RETURNING person",
                (workflow, list(people), message, until),
            ).fetchall()
        return bool(made)

    def remove(self, workflow: UUID, people: Sequence[UUID]) -> bool:
        """End the shares with people; tell whether there were any."""
        with self._pool.connection() as connection:
            gone = connection.execute(
                "DELETE FROM share WHERE workflow = %s AND person = ANY(%s) RETURNING person",
                (workflow, list(people)),
            ).fetchall()
        return bool(gone)

    def of(self, workflow: UUID) -> list[Share]:
        """Return the readers of a workflow, by e-mail; one with two accounts counts once."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT p.email, s.valid_until FROM valid_share AS s"
                " JOIN person AS p ON p.id = s.person WHERE s.workflow = %s ORDER BY p.email",
                (workflow,),
            ).fetchall()
        return [Share(**row) for row in rows]

    def sharers(self, reader: UUID) -> list[str]:
        """Return the e-mails of the people who share something with a person."""
        return self._emails(
            "SELECT DISTINCT p.email FROM valid_share AS s JOIN workflow AS w ON w.id = s.workflow"
            " JOIN person AS p ON p.id = w.owner"
            " WHERE s.person = %s AND w.status <> 'deleted' ORDER BY p.email",
            reader,
        )

    def readers(self, owner: UUID) -> list[str]:
        """Return the e-mails of the people with whom a person shares something."""
        return self._emails(
            "SELECT DISTINCT p.email FROM valid_share AS s JOIN workflow AS w ON w.id = s.workflow"
            " JOIN person AS p ON p.id = s.person"
            " WHERE w.owner = %s AND w.status <> 'deleted' ORDER BY p.email",
            owner,
        )

    def _emails(self, statement: str, person: UUID) -> list[str]:
        with self._pool.connection() as connection:
            rows = connection.execute(statement.encode(), (person,)).fetchall()
        return [str(row["email"]) for row in rows]
