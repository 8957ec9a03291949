"""People as rows."""

from __future__ import annotations

from uuid import UUID

from demo.reana.store import Pool
from demo.reana.values import Person


class People:
    """The people who have called the runner at least once."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def remember(
        self, issuer: str, subject: str, *, username: str, name: str, email: str
    ) -> Person:
        """Return the person of this issuer and subject, made at the first call."""
        with self._pool.connection() as connection:
            row = connection.execute(
                "INSERT INTO person (issuer, subject, username, name, email)"
                " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (issuer, subject) DO UPDATE"
                " SET username = excluded.username, name = excluded.name, email = excluded.email"
                " RETURNING id, issuer, subject, username, name, email",
                (issuer, subject, username, name, email),
            ).fetchone()
        assert row is not None
        return Person(**row)

    def by_email(self, email: str) -> list[UUID]:
        """Return the people of an e-mail: one with accounts at two providers is two rows."""
        with self._pool.connection() as connection:
            rows = connection.execute(
                "SELECT id FROM person WHERE lower(email) = lower(%s)", (email,)
            ).fetchall()
        return [row["id"] for row in rows]
