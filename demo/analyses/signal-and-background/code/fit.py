"""Step 2: fits a Gaussian on an exponential to the events of a ROOT tree, and draws it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import uproot
from matplotlib import font_manager
from scipy.optimize import curve_fit

INK, FAINT, ACCENT = "#1d2433", "#8a93a6", "#c2410c"
NAMES = ("signal", "mass", "width", "background", "slope")


def shape(mass: np.ndarray, *values: float) -> np.ndarray:
    """Return events per GeV."""
    signal, centre, width, background, slope = values
    peak = np.exp(-0.5 * ((mass - centre) / width) ** 2) / (width * np.sqrt(2 * np.pi))
    return signal * peak + background * np.exp(-slope * (mass - 5.0))


def fit(masses: np.ndarray, bins: int) -> tuple[np.ndarray, np.ndarray, dict[str, object]]:
    """Return counts, edges, and the fitted values with their errors."""
    counts, edges = np.histogram(masses, bins=bins, range=(5.0, 5.6))
    centres, step = (edges[1:] + edges[:-1]) / 2, edges[1] - edges[0]
    start = (len(masses) * 0.2, 5.3, 0.05, len(masses), 1.0)
    values, covariance = curve_fit(
        lambda x, *p: shape(x, *p) * step, centres, counts, p0=start, sigma=np.sqrt(counts + 1)
    )
    pull = (counts - shape(centres, *values) * step) / np.sqrt(counts + 1)
    errors = np.sqrt(np.diag(covariance))
    told = {
        name: {"value": float(f"{value:.6g}"), "error": float(f"{error:.3g}")}
        for name, value, error in zip(NAMES, values, errors, strict=True)
    }
    chi2 = {"chi2": float(f"{np.sum(pull**2):.6g}"), "degrees_of_freedom": bins - len(NAMES)}
    return counts, edges, {"events": len(masses), "parameters": told, **chi2}


def plot(counts: np.ndarray, edges: np.ndarray, told: dict[str, object], target: Path) -> None:
    """Draw the events with the fitted curve."""
    own = mpl.get_data_path()
    manager = font_manager.fontManager
    manager.ttflist = [font for font in manager.ttflist if font.fname.startswith(own)]
    values = [told["parameters"][name]["value"] for name in NAMES]
    fine, step = np.linspace(edges[0], edges[-1], 600), edges[1] - edges[0]
    figure, axes = plt.subplots(figsize=(7, 4.2), layout="constrained")
    axes.errorbar(
        (edges[1:] + edges[:-1]) / 2, counts, np.sqrt(counts), fmt="o", markersize=3, color=INK,
        label="events",
    )  # fmt: skip
    axes.plot(fine, shape(fine, *values) * step, color=ACCENT, label="fit")
    axes.plot(fine, shape(fine, 0.0, *values[1:]) * step, color=FAINT, ls="--", label="background")
    axes.set(xlabel="mass [GeV]", ylabel=f"events per {step * 1000:.0f} MeV", xlim=edges[[0, -1]])
    axes.legend(frameon=False)
    figure.savefig(target, dpi=100, metadata={"Software": None})


def main() -> None:
    """Write `fit.json` and `plot.png`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--bins", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    masses = uproot.open(options.input)["events"]["mass"].array(library="np")
    counts, edges, told = fit(masses, options.bins)
    (options.output / "fit.json").write_text(json.dumps(told, indent=1) + "\n")
    plot(counts, edges, told, options.output / "plot.png")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
