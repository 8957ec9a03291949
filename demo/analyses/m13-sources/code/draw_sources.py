"""Step 2: draws the image with a ring around every source of the catalogue."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from astropy.io import fits
from matplotlib import font_manager


def use_own_fonts() -> None:
    """Draw with the fonts that matplotlib ships, whatever the machine has installed."""
    own = mpl.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(own)]


def stretched(image: np.ndarray) -> np.ndarray:
    """Return the image between 0 and 1 on an inverse hyperbolic sine scale."""
    low, high = np.percentile(image, (1.0, 99.7))
    scaled = np.clip((image - low) / (high - low), 0, 1)
    return np.arcsinh(scaled * 8) / np.arcsinh(8)


def main() -> None:
    """Draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    options = parser.parse_args()
    use_own_fonts()
    image = fits.getdata(options.image).astype(np.float64)
    with (options.results / "catalogue.csv").open() as stream:
        stars = list(csv.DictReader(stream))
    x, y, flux = (
        np.array([float(star[name]) for star in stars]) for name in ("x_pixel", "y_pixel", "flux")
    )
    figure, axes = plt.subplots(figsize=(8, 8), layout="constrained")
    axes.imshow(stretched(image), cmap="bone", origin="lower", interpolation="nearest")
    size = 20 + 120 * np.sqrt(np.clip(flux, 0, None) / flux.max())
    axes.scatter(x, y, s=size, facecolors="none", edgecolors="#fb923c", linewidths=0.8)
    axes.set_title(f"Messier 13: {len(stars)} sources", loc="left")
    axes.set(xlabel="x [pixel, 1 arcsec]", ylabel="y [pixel, 1 arcsec]")
    figure.savefig(options.results / "m13.png", dpi=120, metadata={"Software": None})
    print(f"{len(stars)} sources drawn")


if __name__ == "__main__":
    main()
