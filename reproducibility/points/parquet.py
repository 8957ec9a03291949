"""Parquet: columns of numbers, texts, dates and truth values; only ever read in the cage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from reproducibility.points.limits import MOST_COLUMNS, MOST_ROWS
from reproducibility.points.tables import Cell, Problem, Row, Table, Unreadable

LATER = ("pyarrow.compute", "zoneinfo", "datetime", "decimal", "uuid")
#: Rows that are decoded at once.
PIECE = 2000


def read(file: BinaryIO) -> Table:
    """Return the table of a file; a row's number is its place in it, from 1."""
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    opened = pq.ParquetFile(
        pa.PythonFile(file, mode="r"), buffer_size=1 << 20, pre_buffer=False,
        thrift_string_size_limit=16 << 20, thrift_container_size_limit=1_000_000,
    )  # fmt: skip
    # What the file says of itself refuses it before anything is decoded; `bounded` counts again.
    if opened.metadata.num_columns > MOST_COLUMNS:
        raise Unreadable(Problem.COLUMNS, number=opened.metadata.num_columns)
    if opened.metadata.num_rows > MOST_ROWS:
        raise Unreadable(Problem.ROWS, number=opened.metadata.num_rows)
    return Table(tuple(opened.schema_arrow.names), _rows(opened))


def _rows(opened: Any) -> Iterator[Row]:
    number = 0
    for batch in opened.iter_batches(PIECE, use_threads=False):
        columns = [_cells(column) for column in batch.columns]
        for cells in zip(*columns, strict=True):
            number += 1
            yield number, cells


def _cells(column: Any) -> list[Cell]:
    """Return the values of a column, dates and decimal numbers as texts."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _cells(column.dictionary_decode())
    if pa.types.is_nested(kind):
        return [[] if valid else None for valid in column.is_valid().to_pylist()]
    if pa.types.is_timestamp(kind):
        return _times(column)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        column = column.cast(pa.large_string())
    values: list[Any] = column.to_pylist()
    if pa.types.is_date(kind) or pa.types.is_decimal(kind):
        return _texts(values)
    return values


def _times(column: Any) -> list[Cell]:
    """Return times as texts, to the microsecond; those that have a zone in UTC."""
    zone = "Z" if column.type.tz else ""
    # Without its zone, whose rules stand in files that the cage keeps shut.
    bare = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit))
    return _texts(bare.cast(pa.timestamp("us"), safe=False).to_pylist(), zone)


def _texts(values: list[Any], end: str = "") -> list[Cell]:
    return [None if value is None else f"{value}{end}" for value in values]
