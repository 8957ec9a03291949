"""The caged side of writing a table as Parquet: lines of JSON come in, its bytes go out.

It has written a small table before it locks itself up, so that all that the library loads late is
there; then it reads one open file and speaks over one connection.
"""

from __future__ import annotations

import io
import json
import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_mgmt.previews import cage, wire
from data_mgmt.previews.worker import prepare

LATER = ("pyarrow.compute", "zoneinfo", "datetime", "decimal", "uuid")
#: Values that are held at once, and rows of a group at most.
CELLS, ROWS = 400_000, 20_000
#: The kinds of columns as the portal names them.
TYPES = {"int64": pa.int64(), "double": pa.float64(), "bool": pa.bool_(), "string": pa.string()}


class _Sink(io.RawIOBase):
    """A file that is only written to: each part goes over the connection."""

    def __init__(self, line: socket.socket) -> None:
        self._line, self._written = line, 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._written

    def write(self, part: Any) -> int:
        length = memoryview(part).nbytes
        if length:  # nothing stands for the end
            self._line.sendall(wire.HEAD.pack(wire.ANSWER, 0, length))
            self._line.sendall(part)
            self._written += length
        return length


def main(connection: int, descriptor: int) -> None:
    """Do one job; whoever hears no end knows that it failed."""
    line = socket.socket(fileno=connection)
    job = wire.receive_document(line)
    pa.set_memory_pool(pa.system_memory_pool())
    pa.set_cpu_count(1)
    prepare(LATER)
    write(io.BytesIO(), {name: name for name in TYPES}, {"k": "v"}, [b'[1, 0.5, true, "a"]'])
    file = os.fdopen(descriptor, "rb")
    cage.lock(cage.Limits(**job["limits"]))
    sink = _Sink(line)
    write(sink, dict(job["columns"]), job["metadata"], file)
    line.sendall(wire.HEAD.pack(wire.ANSWER, 0, 0))
    os._exit(0)  # nothing is left that must be tidied up, and destructors may want what is gone


def write(
    sink: io.RawIOBase | io.BytesIO,
    columns: Mapping[str, str],
    metadata: Mapping[str, str],
    lines: Iterable[bytes],
) -> None:
    """Write rows, a JSON list each, as a Parquet file; each column has the kind that is told."""
    fields = [pa.field(name, TYPES[kind]) for name, kind in columns.items()]
    schema = pa.schema(fields, metadata=dict(metadata))
    most = min(ROWS, max(1, CELLS // len(fields)))
    coming = iter(lines)
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        while rows := [json.loads(line) for line in islice(coming, most)]:
            cells = zip(zip(*rows, strict=True), columns.values(), strict=True)
            arrays = [_array(values, kind) for values, kind in cells]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema), row_group_size=most)


def _array(values: Sequence[Any], kind: str) -> Any:
    """Return a column; in one of texts, what is none is written as in JSON."""
    if kind == "double":
        values = [None if value is None else float(value) for value in values]
    elif kind == "string":
        values = [
            value if value is None or isinstance(value, str) else json.dumps(value)
            for value in values
        ]
    return pa.array(values, TYPES[kind])
