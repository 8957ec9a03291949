"""Writes small tables as Parquet, good ones and hostile ones; run by the previews' interpreter."""

from __future__ import annotations

import datetime
import decimal
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

NANOSECOND = 1_790_000_000_123_456_789


def main(folder: Path) -> None:
    """Write them all."""
    for name, columns in (good() | hostile()).items():
        pq.write_table(pa.table(columns), folder / f"{name}.parquet", compression="zstd")
    names = [f"p{number}" for number in range(201)]
    pq.write_table(pa.table({name: [1] for name in names}), folder / "wide.parquet")
    twice = pa.table([[1], [2]], names=["events", "events"])
    pq.write_table(twice, folder / "twice.parquet")
    whole = (folder / "points.parquet").read_bytes()
    (folder / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "claims.parquet").write_bytes(whole[:4] + b"\xff" * 200 + whole[204:])


def good() -> dict[str, dict[str, object]]:
    """Tables that are read: by name their columns."""
    days = [datetime.date(2026, 1, 31), datetime.date(2026, 2, 1)]
    return {
        "points": {
            "mass": [1.5, -2.0], "events": pa.array([1, 2], pa.int16()), "label": ["a", "b"],
            "quick": [True, False], "day": days,
        },
        "kinds": {
            "mass": pa.array([0.5, 2.5], pa.float16()), "events": pa.array([1, 2], pa.uint64()),
            "label": pa.array(["a", "b"]).dictionary_encode(),
            "free": [decimal.Decimal("1.50"), decimal.Decimal("-2.25")],
        },
        "times": {"label": pa.array([1, NANOSECOND], pa.timestamp("ns", tz="Europe/Zurich"))},
        "bytes": {"label": [b"a", b"b"]},
        "many": {"events": list(range(100_000)), "mass": [number / 7 for number in range(100_000)]},
    }  # fmt: skip


def hostile() -> dict[str, dict[str, object]]:
    """Tables that are refused."""
    return {
        "faults": {
            "mass": [1.0, None, float("nan")], "events": [1.5, 2.5, 3.5],
            "label": [[1], [2], None],
        },
        "rows": {"events": pa.array([1] * 200_000, pa.int8())},
        "text": {"label": pa.array(["x" * (1 << 20)] * 900).dictionary_encode()},
        "texts": {"label": pa.array(["x" * 900] * 100_000).dictionary_encode()},
        "nested": {"label": pa.array([None] * 3, _nested(40))},
    }  # fmt: skip


def _nested(depth: int) -> pa.DataType:
    kind = pa.int8()
    for _ in range(depth):
        kind = pa.list_(kind)
    return kind


if __name__ == "__main__":
    main(Path(sys.argv[1]))
