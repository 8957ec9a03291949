"""Makes small synthetic samples of the formats that have a preview, the same in each run.

Runs in the environment `previews` with a folder as its argument; nothing in the files is measured.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot
from astropy.io import fits
from PIL import Image, ImageDraw

SEED = 2026
PREFIX = "preview_synthetic_2026"


def main(folder: Path) -> None:
    """Write every sample."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(SEED)
    sky = _sky(chance)
    _root(folder / f"{PREFIX}.root", chance)
    _fits(folder / f"{PREFIX}.fits", chance, sky)
    _hdf5(folder / f"{PREFIX}.h5", chance, sky)
    _parquet(folder / f"{PREFIX}.parquet", chance)
    _csv(folder / f"{PREFIX}.csv", chance)
    _pictures(folder, sky)
    _texts(folder)
    _notebook(folder / f"{PREFIX}.ipynb", sky)


def _sky(chance: np.random.Generator) -> Any:
    """Return an image of some stars on a noisy ground."""
    down, across = np.mgrid[0:120, 0:160]
    image = chance.normal(100.0, 3.0, (120, 160))
    for _ in range(60):
        x, y, bright = chance.uniform(0, 160), chance.uniform(0, 120), chance.exponential(300)
        image += bright * np.exp(-((across - x) ** 2 + (down - y) ** 2) / 5.0)
    return image.astype(np.float32)


def _root(path: Path, chance: np.random.Generator) -> None:
    with uproot.recreate(path) as file:
        events = {
            "mass": chance.normal(91.2, 2.5, 400).astype(np.float32),
            "charge": chance.choice(np.array([-1, 1], dtype=np.int32), 400),
        }
        file.mktree("events", {name: values.dtype for name, values in events.items()})
        file["events"].extend(events)
        file["monitoring/hits"] = np.histogram(chance.exponential(4.0, 1000), bins=20)
        file["monitoring/plane"] = np.histogram2d(*chance.normal(0, 1, (2, 1000)), bins=12)


def _fits(path: Path, chance: np.random.Generator, sky: Any) -> None:
    first = fits.PrimaryHDU()
    first.header["ORIGIN"] = ("synthetic", "made by the demo")
    image = fits.ImageHDU(sky, name="SKY")
    image.header["EXPTIME"] = (30.0, "seconds")
    columns = [
        fits.Column("id", "J", array=np.arange(30)),
        fits.Column("flux", "E", unit="Jy", array=chance.exponential(1.0, 30)),
        fits.Column("name", "8A", array=[f"star {n}" for n in range(30)]),
    ]
    fits.HDUList([first, image, fits.BinTableHDU.from_columns(columns, name="STARS")]).writeto(
        path, overwrite=True
    )


def _hdf5(path: Path, chance: np.random.Generator, sky: Any) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["title"] = "synthetic strain"
        strain = file.create_group("strain")
        wave = np.sin(np.linspace(0, 60, 2000)) * np.hanning(2000) + chance.normal(0, 0.1, 2000)
        held = strain.create_dataset("H1", data=wave.astype(np.float32), compression="gzip")
        held.attrs["sampling_hz"] = 4096
        file.create_dataset("images/sky", data=sky[::2, ::2], compression="gzip")
        kind = np.dtype([("time", "f8"), ("count", "i4")])
        file.create_dataset("events", data=np.array([(0.5 * n, n * n) for n in range(8)], kind))
        file["elsewhere"] = h5py.ExternalLink("another.h5", "/data")


def _parquet(path: Path, chance: np.random.Generator) -> None:
    table = pa.table(
        {
            "event": np.arange(500),
            "energy": chance.exponential(20.0, 500),
            "detector": [("north", "south", None)[n % 3] for n in range(500)],
        }
    )
    pq.write_table(table, path, row_group_size=250)


def _csv(path: Path, chance: np.random.Generator) -> None:
    lines = ["station,day,temperature,remark"]
    for day in range(90):
        heat = f"{10 + 8 * np.sin(day / 14) + chance.normal():.2f}"
        lines.append(f'{"AB"[day % 2]},{day},{heat},"{"rain, some" if day % 7 == 0 else ""}"')
    path.write_text("\n".join(lines) + "\n")


def _pictures(folder: Path, sky: Any) -> None:
    gray = Image.fromarray(np.clip((sky - 90) * 2, 0, 255).astype(np.uint8), "L")
    gray.save(folder / f"{PREFIX}.png")
    pages = []
    for number in (1, 2, 3, 4):
        page = Image.new("RGB", (420, 594), "white")
        draw = ImageDraw.Draw(page)
        draw.text((40, 40), f"Synthetic report, page {number} of 4", fill="black")
        page.paste(gray, (40, 90))
        for line in range(18):
            draw.line((40, 250 + 16 * line, 380 - 37 * (line * 7 % 5), 250 + 16 * line), "gray", 3)
        pages.append(page.convert("L"))
    pages[0].save(folder / f"{PREFIX}.pdf", save_all=True, append_images=pages[1:], title="Report")


def _texts(folder: Path) -> None:
    settings = {
        "run": 2026,
        "detectors": [{"name": "north", "active": True}, {"name": "south", "active": False}],
        "limits": {"energy_gev": [0.5, 250], "note": None},
    }
    (folder / f"{PREFIX}.json").write_text(json.dumps(settings, indent=1))
    (folder / f"{PREFIX}.yaml").write_text(
        "defaults: &defaults {threshold: 3.5, window: 20}\n"
        "steps:\n  - {name: calibrate, with: *defaults}\n  - {name: fit, model: gaussian}\n"
    )
    lines = [f"{n:02d}:00 run 2026 step {n}: {n * 41 % 97} events" for n in range(24)]
    (folder / f"{PREFIX}.log").write_text("\n".join(["# synthetic log", *lines]) + "\n")


def _notebook(path: Path, sky: Any) -> None:
    held = io.BytesIO()
    Image.fromarray(np.clip((sky - 90) * 2, 0, 255).astype(np.uint8), "L").save(held, "PNG")
    output = {
        "output_type": "display_data",
        "metadata": {},
        "data": {"image/png": base64.b64encode(held.getvalue()).decode(), "text/plain": ["<sky>"]},
    }
    stream = {"output_type": "stream", "name": "stdout", "text": ["60 stars\n"]}
    code = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [stream, output]}
    cells = [
        {
            "cell_type": "markdown",
            "metadata": {},
            "source": ["# A synthetic sky\n", "Sixty stars."],
        },
        {**code, "source": ["sky = observe()\n", "show(sky)"]},
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": kernel, "cells": cells}
    path.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
