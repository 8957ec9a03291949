"""Step 3: draws the whole spectrum, and the Z peak with its fit."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from line_shape import NAMES, spectrum
from matplotlib import font_manager

INK, FAINT, ACCENT = "#1d2433", "#8a93a6", "#c2410c"
PEAKS = {"J/ψ": 3.10, "\N{GREEK CAPITAL LETTER UPSILON}": 9.46, "Z": 91.19}


def use_own_fonts() -> None:
    """Draw with the fonts that matplotlib ships, whatever the machine has installed."""
    own = mpl.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(own)]


def draw_spectrum(axes: plt.Axes, masses: np.ndarray) -> None:
    """Draw all pairs over two decades of mass."""
    edges = np.geomspace(2, 150, 181)
    counts, _ = np.histogram(masses, edges)
    per_gev = counts / np.diff(edges)
    axes.stairs(per_gev, edges, color=INK, linewidth=1.1)
    axes.set(xscale="log", yscale="log", xlim=(2, 150), ylabel="pairs per GeV")
    axes.set_ylim(top=per_gev.max() * 4)
    for name, mass in PEAKS.items():
        near = np.abs(np.log(edges[:-1] / mass)) < 0.1
        height = per_gev[near].max()
        axes.annotate(name, (mass, height * 1.5), ha="center", color=ACCENT, fontsize=11)
    axes.set_xticks([2, 5, 10, 20, 50, 100], ["2", "5", "10", "20", "50", "100"])


def draw_fit(axes: plt.Axes, results: Path) -> None:
    """Draw the histogram of the window with the fitted curve."""
    with (results / "histogram.csv").open() as stream:
        rows = [[float(cell) for cell in row] for row in list(csv.reader(stream))[1:]]
    low, high, counts = (np.array(column) for column in zip(*rows, strict=True))
    fit = json.loads((results / "fit.json").read_text())
    values = [fit["parameters"][name]["value"] for name in NAMES]
    fine = np.linspace(low[0], high[-1], 600)
    centres, width = (low + high) / 2, high[0] - low[0]
    axes.plot(fine, spectrum(fine, *values) * width, color=ACCENT, label="fit")
    ground = spectrum(fine, 0.0, *values[1:]) * width
    axes.plot(fine, ground, color=FAINT, linestyle="--", label="background")
    axes.errorbar(centres, counts, np.sqrt(counts), fmt="o", markersize=3, color=INK, label="pairs")
    mass = fit["parameters"]["mass"]
    axes.set_title(
        f"Z mass {mass['value']:.2f} ± {mass['error']:.2f} GeV,"
        f" χ²/ndf = {fit['chi2']:.1f}/{fit['degrees_of_freedom']}",
        fontsize=10,
        loc="left",
    )
    axes.set(xlim=(low[0], high[-1]), ylabel=f"pairs per {width:g} GeV")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)


def main() -> None:
    """Draw both panels into one picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--results", type=Path, required=True)
    options = parser.parse_args()
    use_own_fonts()
    figure, (above, below) = plt.subplots(2, figsize=(8, 8.5), layout="constrained")
    masses = np.load(options.input / "masses.npy")
    draw_spectrum(above, masses)
    draw_fit(below, options.results)
    above.set_title(f"{len(masses):,} muon pairs of opposite charge (synthetic)", loc="left")
    for axes in (above, below):
        axes.set_xlabel("invariant mass of the pair [GeV]")
        axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(options.results / "mass.png", dpi=120, metadata={"Software": None})
    print(f"{options.results / 'mass.png'} drawn")


if __name__ == "__main__":
    main()
