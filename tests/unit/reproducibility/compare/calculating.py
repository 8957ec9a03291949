"""Answers questions on rows of numbers, a line of JSON each; run by the previews' interpreter."""

from __future__ import annotations

import base64
import io
import json
import sys
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

Asked = dict[str, Any]
KINDS = {
    "numbers": pa.int64(),
    "small": pa.int32(),
    "lists": pa.list_(pa.list_(pa.float64())),
    "records": pa.struct([("a", pa.int64()), ("b", pa.list_(pa.string()))]),
}


def _rows(asked: Asked) -> list[Any]:
    return [np.array(row, asked.get("type", "f8")) for row in asked["rows"]]


def tally(asked: Asked) -> Any:
    """Return what comes of two rows that come in parts."""
    from reproducibility.compare.tally import Tally
    from reproducibility.compare.tolerance import Tolerance

    one, other = _rows(asked)
    held, size = Tally("npy", Tolerance(**asked["tolerance"])), asked.get("part", 1000)
    for begin in range(0, max(len(one), len(other)), size):
        held.numbers("x", one[begin : begin + size], other[begin : begin + size])
    level, detail, found = held.outcome()
    return {"level": level, "detail": detail, **found.as_json()}


def chi2(asked: Asked) -> Any:
    """Return chi-squared of bins, recorded and found, with their variances."""
    from reproducibility.compare import compatible

    return compatible.chi_squared(*_rows(asked))


def above(asked: Asked) -> Any:
    """Return the chance of more than a chi-squared."""
    from reproducibility.compare import compatible

    return compatible.chi_squared_above(*asked["of"])


def ks(asked: Asked) -> Any:
    """Return the distance of two distributions and its chance."""
    from reproducibility.compare import compatible

    return compatible.kolmogorov_smirnov(*_rows(asked))


def sample(asked: Asked) -> Any:
    """Return what a sample keeps of a row that comes in parts."""
    from reproducibility.compare.sample import Sample

    held = Sample(asked["most"])
    for row in _rows(asked):
        held.add(row)
    return held.values.tolist()


def brightest(asked: Asked) -> Any:
    """Return the brightest pixel of a picture."""
    opened = Image.open(io.BytesIO(base64.b64decode(asked["png"])))
    return int(np.asarray(opened).max())


def nested(asked: Asked) -> Any:
    """Return what comes of two columns of nested values that come in parts of other lengths."""
    from reproducibility.compare import arrow, records, streams
    from reproducibility.compare.tally import Tally
    from reproducibility.compare.tolerance import Tolerance

    kinds = KINDS[asked["kind"]], KINDS[asked["other"] if "other" in asked else asked["kind"]]
    columns = [pa.array(row, kind) for row, kind in zip(asked["rows"], kinds, strict=True)]
    parts = [
        iter([column[at : at + size] for at in range(0, len(column), size)])
        for column, size in zip(columns, asked["sizes"], strict=True)
    ]
    held = Tally("parquet", Tolerance())
    for begin, one, other in streams.aligned(*parts):
        arrow.compare("x", one, other, held, records.places((), begin))
    level, _detail, found = held.outcome()
    return {"level": level, "places": [each.where for each in found.differences]}


ANSWERS = {each.__name__: each for each in (tally, chi2, above, ks, sample, brightest, nested)}


def main(repository: str) -> None:
    """Answer until nobody asks any more."""
    sys.path.insert(0, repository)
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.write(json.dumps(ANSWERS[asked["what"]](asked)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
