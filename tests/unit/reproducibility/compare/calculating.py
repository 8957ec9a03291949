"""Answers questions on rows of numbers, a line of JSON each; run by the previews' interpreter."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa

KINDS = {
    "numbers": pa.int64(),
    "lists": pa.list_(pa.list_(pa.float64())),
    "records": pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
}


def answer(asked: dict[str, Any]) -> Any:
    """Return what a question asks for."""
    from reproducibility.compare import compatible
    from reproducibility.compare.sample import Sample
    from reproducibility.compare.tally import Tally
    from reproducibility.compare.tolerance import Tolerance

    if asked["what"] == "nested":
        return nested(asked)
    rows = [np.array(row, asked.get("type", "f8")) for row in asked["rows"]]
    match asked["what"]:
        case "tally":
            tally = Tally("npy", Tolerance(**asked["tolerance"]))
            for part in range(0, max(map(len, rows)), asked.get("part", 1000)):
                cut = slice(part, part + asked.get("part", 1000))
                tally.numbers("x", rows[0][cut], rows[1][cut])
            level, detail, found = tally.outcome()
            return {"level": level, "detail": detail, **found.as_json()}
        case "chi2":
            return compatible.chi_squared(*rows)
        case "above":
            return compatible.chi_squared_above(*asked["of"])
        case "ks":
            return compatible.kolmogorov_smirnov(*rows)
        case "sample":
            sample = Sample(asked["most"])
            for row in rows:
                sample.add(row)
            return sample.values.tolist()


def nested(asked: dict[str, Any]) -> Any:
    """Return what comes of two columns of nested values that come in parts of other lengths."""
    from reproducibility.compare import arrow, records, streams
    from reproducibility.compare.tally import Tally
    from reproducibility.compare.tolerance import Tolerance

    kind = KINDS[asked["kind"]]
    columns = [pa.array(row, kind) for row in asked["rows"]]
    parts = [
        iter([column[at : at + size] for at in range(0, len(column), size)])
        for column, size in zip(columns, asked["sizes"], strict=True)
    ]
    tally = Tally("parquet", Tolerance())
    for begin, one, other in streams.aligned(*parts):
        arrow.compare("x", one, other, tally, records.places((), begin))
    level, _detail, found = tally.outcome()
    return {"level": level, "places": [each.where for each in found.differences]}


def main(repository: str) -> None:
    """Answer until nobody asks any more."""
    sys.path.insert(0, repository)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(answer(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
