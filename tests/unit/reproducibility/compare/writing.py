"""Writes one small file of each format in several ways; run by the interpreter of the previews.

``recorded`` and ``again`` hold the same, written in other bytes; ``moved`` has one value moved by
1e-9, ``resampled`` has other values of the same distributions, ``other`` of another one.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import awkward as ak
import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
import yaml
from astropy.io import fits
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from uproot.writing.identify import to_TList, to_TObjString

VARIANTS = ("recorded", "again", "moved", "resampled", "other")
ROWS = 400


class Content:
    """The values of one variant."""

    def __init__(self, variant: str) -> None:
        self.again = variant == "again"
        self.word = "another" if variant == "other" else "word"
        chance = np.random.default_rng({"resampled": 8, "other": 9}.get(variant, 7))
        self.mass = chance.normal(91.0 if variant != "other" else 95.0, 2.5, ROWS)
        if variant == "moved":
            self.mass[17] += 1e-9
        self.mass[5] = np.nan
        self.first = float(self.mass[17])
        self.charge = np.where(np.arange(ROWS) % 3 == 0, 1, -1)
        self.names = [f"event {number}" for number in range(ROWS)]
        self.within = (80.0, 106.0 if variant == "other" else 105.0), (-2.0, 2.0)
        self.hits = np.arange(ROWS) % 4
        self.inner = self.mass.repeat(self.hits)
        self.counts, self.edges = np.histogram(self.mass[6:], 20, (80.0, 105.0))
        self.weights = self.counts * (1 + 1e-11 if variant == "moved" else 1.0)


def root(path: Path, held: Content) -> None:
    """A TTree with plain and jagged branches, an RNTuple, histograms, a list of texts."""
    packed = uproot.LZMA(5) if held.again else uproot.ZLIB(1)
    jagged = ak.unflatten(held.inner, held.hits)
    with uproot.recreate(path, compression=packed) as file:
        columns = {"mass": held.mass, "charge": held.charge, "inner": jagged}
        file.mktree("events", {"mass": "float64", "charge": "int64", "inner": "var * float64"})
        step = 100 if held.again else ROWS
        for begin in range(0, ROWS, step):
            file["events"].extend({k: v[begin : begin + step] for k, v in columns.items()})
        file.mkrntuple("tuple", ak.Array({**columns, "name": held.names}))
        file["hist"] = held.weights, held.edges
        file["plane"] = np.histogram2d(held.mass[6:], held.charge[6:], (5, 2), held.within)
        file["list"] = to_TList([to_TObjString("a"), to_TObjString(held.word)])


def parquet(path: Path, held: Content) -> None:
    """Numbers, texts, nulls, lists and records."""
    table = pa.table(
        {
            "mass": held.mass,
            "charge": pa.array(held.charge, pa.int8()),
            "name": held.names,
            "maybe": pa.array([None if n % 7 == 0 else n / 2 for n in range(ROWS)]),
            "hits": pa.array(ak.to_list(ak.unflatten(held.inner, held.hits))),
            "point": pa.array([{"x": float(m), "tag": "a"} for m in held.mass]),
        }
    )
    size, packed = (37, "zstd") if held.again else (200, "snappy")
    pq.write_table(table, path, row_group_size=size, compression=packed)


def csv(path: Path, held: Content) -> None:
    """Columns of numbers and texts, between commas."""
    digits = "{:.17e}" if held.again else "{!r}"
    rows = zip(held.names, held.mass.tolist(), held.charge.tolist(), strict=True)
    lines = [f'"{a}",{digits.format(b)},{c}' for a, b, c in rows]
    path.write_text("\n".join(["name,mass,charge", *lines, ""]))


def _document(held: Content) -> dict[str, Any]:
    found = {"fit": {"mass": held.mass[6:40].tolist(), "status": "ok"}, "events": ROWS,
             "first": held.first, "list": [{"a": 1, "b": None}, "two"]}  # fmt: skip
    return dict(reversed(found.items())) if held.again else found


def json_(path: Path, held: Content) -> None:
    """A document."""
    path.write_text(json.dumps(_document(held), indent=3 if held.again else None))


def yaml_(path: Path, held: Content) -> None:
    """The same document."""
    path.write_text(yaml.safe_dump(_document(held), default_flow_style=held.again, sort_keys=False))


def hdf5(path: Path, held: Content) -> None:
    """Groups, datasets of numbers, texts and records, attributes."""
    rows = np.zeros(ROWS, [("mass", "f8"), ("charge", "i4")])
    rows["mass"], rows["charge"] = held.mass, held.charge
    how: dict[str, Any] = {"compression": "gzip", "chunks": (50,)} if held.again else {}
    with h5py.File(path, "w") as file:
        group = file.create_group("run", track_order=held.again)
        group.create_dataset("mass", data=held.mass, **how)
        group.create_dataset("rows", data=rows, **how)
        group["cube"] = held.mass.reshape(4, 10, 10)
        group["names"] = held.names
        group["axis"] = np.arange(4.0)
        group["cube"].dims[0].attach_scale(group["axis"])
        group["one"] = 5
        group["soft"] = h5py.SoftLink("/run/mass")
        group.attrs["rate"], group.attrs["note"] = 4096.0, "synthetic"


def fits_(path: Path, held: Content) -> None:
    """An image and a table, with checksums and a date of writing."""
    image = fits.PrimaryHDU(np.nan_to_num(held.mass).reshape(20, 20).astype(">f8"))
    image.header["EXPTIME"] = 12.5
    image.header["DATE"] = "2026-11-02" if held.again else "2026-11-01"
    image.header["HISTORY"] = "made"
    columns = [
        fits.Column("mass", "D", array=held.mass),
        fits.Column("charge", "J", array=held.charge),
        fits.Column("name", "12A", array=held.names),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="EVENTS")
    tiled = fits.CompImageHDU(
        np.arange(900, dtype=np.int32).reshape(30, 30),
        compression_type="GZIP_1" if held.again else "RICE_1",
    )
    fits.HDUList([image, table, tiled]).writeto(path, checksum=held.again, overwrite=True)


def npz(path: Path, held: Content) -> None:
    """Arrays by name."""
    save = np.savez_compressed if held.again else np.savez
    complex_ = held.mass + 1j
    save(path, mass=held.mass, cube=held.mass.reshape(4, 10, 10), texts=held.names, c=complex_)


def npy(path: Path, held: Content) -> None:
    """One array, with its axes in one or the other order."""
    plane = held.mass.reshape(20, 20)
    np.save(path, np.asfortranarray(plane) if held.again else plane)


def _picture(held: Content) -> Image.Image:
    plane = np.nan_to_num(held.mass[:400]).reshape(20, 20)
    colours = np.stack([plane, plane * 2, plane], axis=-1).astype(np.uint8)
    if held.first != Content("recorded").first:
        colours[3, 4, 1] += 1
    return Image.fromarray(colours)


def png(path: Path, held: Content) -> None:
    """A picture."""
    tags = PngInfo()
    tags.add_text("Software", "one" if held.again else "another")
    _picture(held).save(path, "PNG", pnginfo=tags, compress_level=9 if held.again else 1)


def notebook(path: Path, held: Content) -> None:
    """A notebook with a stream, a value and a picture."""
    drawn = io.BytesIO()
    _picture(held).save(drawn, "PNG", compress_level=9 if held.again else 1)
    data = {"text/plain": [f"mass = {held.first!r}"],
            "image/png": base64.b64encode(drawn.getvalue()).decode()}  # fmt: skip
    said = ["step 1\n", "step 2\n"]
    streams = [{"output_type": "stream", "name": "stdout", "text": each} for each in said]
    joined = [{"output_type": "stream", "name": "stdout", "text": said}]
    outputs = [*(joined if held.again else streams), {"output_type": "display_data", "data": data}]
    cells = [{"cell_type": "markdown", "source": ["# A fit\n"]},
             {"cell_type": "code", "source": "fit()", "execution_count": 2 + held.again,
              "metadata": {"timing": str(held.again)}, "outputs": outputs}]  # fmt: skip
    path.write_text(json.dumps({"cells": cells, "nbformat": 4, "metadata": {"t": held.again}}))


def text(path: Path, held: Content) -> None:
    """Lines with numbers in them; a text has no second way to be written."""
    path.write_text(f"begin\nmass = {held.first!r} GeV after 12 steps\nend\n")


WRITERS = {
    "root": root, "parquet": parquet, "csv": csv, "json": json_, "yaml": yaml_, "h5": hdf5,
    "fits": fits_, "npz": npz, "npy": npy, "png": png, "ipynb": notebook, "txt": text,
}  # fmt: skip


def main(folder: str) -> None:
    """Write each format in each variant."""
    for variant in VARIANTS:
        (Path(folder) / variant).mkdir()
        for ending, write in WRITERS.items():
            write(Path(folder) / variant / f"sample.{ending}", Content(variant))


if __name__ == "__main__":
    main(*sys.argv[1:])
