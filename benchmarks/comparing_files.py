"""Writes pairs of large files, and compares them by plain loops; run by the previews' interpreter.

Both files of a pair hold the same in other bytes: parts of another length.
"""

from __future__ import annotations

import itertools
import json
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

COLUMNS = 8
ROWS = 200_000
#: Rows of a part that is written at once, of each file.
PARTS = ROWS, ROWS // 4


def blocks(size: int, rows: int) -> Iterator[dict[str, Any]]:
    """Yield about so many bytes of columns in parts of so many rows, always the same values."""
    chance = np.random.default_rng(7)
    for _ in range(max(1, size // (ROWS * COLUMNS * 8))):
        whole = {f"c{number}": chance.normal(size=ROWS) for number in range(COLUMNS)}
        whole["c0"] = chance.integers(0, 1 << 40, ROWS)
        for begin in range(0, ROWS, rows):
            yield {name: column[begin : begin + rows] for name, column in whole.items()}


def write_root(path: Path, size: int, rows: int) -> None:
    """Write a tree with baskets of so many rows."""
    with uproot.recreate(path, compression=uproot.LZ4(1)) as file:
        kinds = {f"c{number}": "float64" if number else "int64" for number in range(COLUMNS)}
        tree = file.mktree("events", kinds)
        for part in blocks(size, rows):
            tree.extend(part)


def write_parquet(path: Path, size: int, rows: int) -> None:
    """Write a table with row groups of so many rows."""
    parts = (pa.table(part) for part in blocks(size, rows))
    first = next(parts)
    with pq.ParquetWriter(path, first.schema, compression="zstd") as writer:
        for part in itertools.chain([first], parts):
            writer.write_table(part)


def loop_root(*paths: Path) -> bool:
    """Compare two trees as one would by hand."""
    trees = [uproot.open(path)["events"] for path in paths]
    streams = (tree.iterate(step_size=ROWS, library="np") for tree in trees)
    return all(
        np.array_equal(one[name], other[name])
        for one, other in zip(*streams, strict=True)
        for name in one
    )


def loop_parquet(*paths: Path) -> bool:
    """Compare two tables as one would by hand."""
    files = [pq.ParquetFile(path) for path in paths]
    streams = (file.iter_batches(ROWS // 4) for file in files)
    return all(one.equals(other) for one, other in zip(*streams, strict=True))


def main(what: str, kind: str, size: str, *names: str) -> None:
    """Write a pair, or compare it and say how many seconds that took."""
    paths = [Path(name) for name in names]
    if what == "write":
        write = write_root if kind == "root" else write_parquet
        for path, rows in zip(paths, PARTS, strict=True):
            write(path, int(size), rows)
        return
    loop = loop_root if kind == "root" else loop_parquet
    begun = time.monotonic()
    equal = loop(*paths)
    seconds = time.monotonic() - begun
    if not equal:
        raise RuntimeError("the loop says that the files differ")
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "resident": resident}))


if __name__ == "__main__":
    main(*sys.argv[1:])
