"""Parquet: schema, what the file itself knows of its columns, first rows, a histogram."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from data_mgmt.previews import plots
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Opened, Reader
from data_mgmt.previews.values import (
    NOTHING,
    Block,
    Choice,
    Column,
    Preview,
    Refused,
    Table,
    said,
    told,
)

LATER = (*plots.LATER, "pyarrow.compute", "zoneinfo", "datetime", "decimal")
MAX_COLUMNS = 400
SHOWN_COLUMNS = 25
MAX_GROUPS = 100
SAMPLE = 50_000


def preview(file: Reader, _format: str, options: Options) -> Preview:
    """Return a Parquet file's schema, statistics and first rows."""
    pool = pa.system_memory_pool()
    pa.set_memory_pool(pool)
    pa.set_cpu_count(1)
    opened = pq.ParquetFile(
        pa.PythonFile(Opened(file), mode="r"), buffer_size=1 << 20, pre_buffer=False,
        thrift_string_size_limit=16 << 20, thrift_container_size_limit=1_000_000,
    )  # fmt: skip
    schema, about = opened.schema_arrow, opened.metadata
    numeric = [name for name in schema.names[:MAX_COLUMNS] if _is_numeric(schema.field(name).type)]
    floating = [name for name in numeric if pa.types.is_floating(schema.field(name).type)]
    chosen = options.branch or next(iter((*floating, *numeric)), "")
    if options.branch and options.branch not in numeric:
        text = "This file has no column of numbers called %(name)s."
        raise Refused("branch", said(text, name=options.branch))
    blocks: list[Block] = []
    if chosen and about.num_rows:
        blocks.append(Choice("branch", "Column", chosen, tuple((n, told(n, 60)) for n in numeric)))
        blocks.append(_drawn(opened, chosen))
    blocks += [_first_rows(opened, options.rows), _columns(opened)]
    size = {"rows": about.num_rows, "columns": len(schema.names), "groups": about.num_row_groups}
    summary = said("Rows: %(rows)s, columns: %(columns)s, row groups: %(groups)s", **size)
    return Preview("parquet", summary, tuple(blocks))


def _is_numeric(kind: Any) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def _drawn(opened: Any, name: str) -> Block:
    batches = opened.iter_batches(
        batch_size=SAMPLE, row_groups=[0], columns=[name], use_threads=False
    )
    held = next(iter(batches)).column(0).drop_null().to_numpy(zero_copy_only=False)
    note = said("Of the first rows, at most %(n)s; %(all)s in the file.",
                n=SAMPLE, all=opened.metadata.num_rows)  # fmt: skip
    return plots.histogram(np.asarray(held), "Histogram", name, note)


def _first_rows(opened: Any, rows: int) -> Table:
    schema = opened.schema_arrow
    names = schema.names[:SHOWN_COLUMNS]
    columns = tuple(
        Column(told(name, 60), told(schema.field(at).type, 30), _is_numeric(schema.field(at).type))
        for at, name in enumerate(names)
    )
    cells: tuple[tuple[str, ...], ...] = ()
    if opened.metadata.num_rows and opened.metadata.num_row_groups:
        batches = opened.iter_batches(
            batch_size=rows, row_groups=[0], columns=names, use_threads=False
        )
        batch = next(iter(batches))
        held = [[_cell(value) for value in column.to_pylist()] for column in batch.columns]
        cells = tuple(zip(*held, strict=True))
    size = {"all": opened.metadata.num_rows, "shown": len(names), "columns": len(schema.names)}
    note = said("%(n)s of %(all)s rows, %(shown)s of %(columns)s columns.", n=len(cells), **size)
    return Table("First rows", columns, cells, "", note)


def _cell(value: object) -> str:
    return NOTHING if value is None else told(value, 60)


def _columns(opened: Any) -> Table:
    """Return each column with what the file's own statistics say of it."""
    about = opened.metadata
    groups = [about.row_group(at) for at in range(min(about.num_row_groups, MAX_GROUPS))]
    rows = []
    for at in range(min(about.num_columns, MAX_COLUMNS)):
        column = about.schema.column(at)
        known = [group.column(at).statistics for group in groups]
        rows.append((told(column.path, 80), _type(column), *_summed_up(known)))
    note = said("Least, greatest and empty as the file's own statistics say.")
    if about.num_row_groups > MAX_GROUPS:
        note = said("Statistics of the first %(n)s row groups.", n=MAX_GROUPS)
    heads = (Column("Column"), Column("Type"), Column("Least", numeric=True),
             Column("Greatest", numeric=True), Column("Empty", numeric=True))  # fmt: skip
    return Table("Columns", heads, tuple(rows), "", note)


def _type(column: Any) -> str:
    logical = str(column.logical_type.type)
    return column.physical_type.lower() if logical == "NONE" else logical.lower()


def _summed_up(known: list[Any]) -> tuple[str, str, str]:
    if not known or any(each is None for each in known):
        return NOTHING, NOTHING, NOTHING
    empty = NOTHING
    if all(each.has_null_count for each in known):
        empty = told(sum(each.null_count for each in known))
    if not all(each.has_min_max for each in known):
        return NOTHING, NOTHING, empty
    try:
        least, greatest = min(each.min for each in known), max(each.max for each in known)
    except (TypeError, ValueError, NotImplementedError, pa.ArrowException):
        return NOTHING, NOTHING, empty
    return _number(least), _number(greatest), empty


def _number(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else told(value, 40)
