"""Parquet: column by column, whatever the row groups, the encodings and the compression."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_mgmt.previews.reading import Opened, Reader
from reproducibility.compare import arrow, records, streams
from reproducibility.compare.sides import TooLarge, Unreadable, both
from reproducibility.compare.tally import Tally

LATER = arrow.LATER
MAX_COLUMNS = 10_000
MAX_ROWS = 1 << 17
#: Bytes of a column that are decoded at once, of each file.
PIECE = 2 << 20


def compare(recorded: Reader, found: Reader, tally: Tally) -> None:
    """Tell which columns differ."""
    arrow.limited()
    before, after = both(_opened, recorded, found)
    names = [_names(each) for each in (before, after)]
    rows = [each.metadata.num_rows for each in (before, after)]
    if rows[0] != rows[1] and not tally.tolerance.statistical:
        tally.told("the table", "length", *(f"{number:,} rows" for number in rows))
    widths = [_widths(each) for each in (before, after)]
    for name in tally.keys(str, *names):
        size = min(_rows_at_once(each.get(name, 0)) for each in widths)
        _column(name, before, after, size, tally)


def _opened(file: Reader) -> Any:
    return pq.ParquetFile(
        pa.PythonFile(Opened(file), mode="r"), buffer_size=1 << 20, pre_buffer=False,
        thrift_string_size_limit=16 << 20, thrift_container_size_limit=1_000_000,
    )  # fmt: skip


def _names(opened: Any) -> list[str]:
    names = list(opened.schema_arrow.names)
    if len(names) > MAX_COLUMNS:
        raise TooLarge
    if len(set(names)) != len(names):
        raise Unreadable("two of its columns have the same name")
    return names


def _widths(opened: Any) -> dict[str, int]:
    """Return by column how many bytes a row of it has."""
    about = opened.metadata
    sizes: Counter[str] = Counter()
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        for at in range(about.num_columns):
            part = group.column(at)
            sizes[part.path_in_schema.partition(".")[0]] += part.total_uncompressed_size
    return {name: size // max(1, about.num_rows) for name, size in sizes.items()}


def _rows_at_once(width: int) -> int:
    return max(1, min(MAX_ROWS, PIECE // max(8, width)))


def _column(name: str, before: Any, after: Any, size: int, tally: Tally) -> None:
    columns = _batches(before, name, size), _batches(after, name, size)
    for begin, one, other in streams.aligned(*columns):
        if len(one) != len(other) and not tally.tolerance.statistical:
            break
        arrow.compare(name, one, other, tally, records.places((), begin))
    tally.settle()


def _batches(opened: Any, name: str, size: int) -> Iterator[Any]:
    groups = range(opened.metadata.num_row_groups)
    for batch in opened.iter_batches(size, row_groups=groups, columns=[name], use_threads=False):
        yield batch.column(batch.schema.get_field_index(name))
