"""The runner's state in PostgreSQL: one pool, and a row mapper for each kind of value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

Pool = ConnectionPool[Connection[DictRow]]

__all__ = ["Pool", "Row", "open_pool"]

Row = dict[str, Any]


def open_pool(url: str) -> Pool:
    """Return an open pool on the database, whose tables exist."""
    pool: Pool = ConnectionPool(
        url,
        min_size=1,
        max_size=8,
        open=False,
        connection_class=Connection[DictRow],
        kwargs={"row_factory": dict_row},
        check=ConnectionPool.check_connection,
    )
    pool.open(wait=True, timeout=20)
    with pool.connection() as connection:
        connection.execute((Path(__file__).parent / "schema.sql").read_bytes())
    return pool
