"""Step 2: fills the histogram and fits the Z peak."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from line_shape import NAMES, spectrum
from scipy.optimize import curve_fit


def rounded(value: float) -> float:
    """Return four significant digits: what another processor computes in the same way."""
    return float(f"{value:.4g}")


def fit(centres: np.ndarray, counts: np.ndarray, width: float) -> dict[str, object]:
    """Return the fitted values, their errors and the quality of the fit."""
    errors = np.sqrt(np.maximum(counts, 1.0))
    start = (counts.sum() / 2, 91.0, 1.5, counts.min() / width + 1.0, 0.02)
    values, covariance = curve_fit(
        spectrum, centres, counts / width, p0=start, sigma=errors / width, absolute_sigma=True
    )
    residuals = (counts - spectrum(centres, *values) * width) / errors
    freedom = len(counts) - len(values)
    spread = np.sqrt(np.diag(covariance))
    return {
        "model": "Voigt profile (width 2.4952 GeV fixed) on an exponential",
        "parameters": {
            name: {"value": rounded(value), "error": rounded(error)}
            for name, value, error in zip(NAMES, values, spread, strict=True)
        },
        "chi2": rounded(float((residuals**2).sum())),
        "degrees_of_freedom": freedom,
        "converged": bool(np.isfinite(spread).all()),
    }


def main() -> None:
    """Fill, fit, write both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--low", type=float, required=True)
    parser.add_argument("--high", type=float, required=True)
    parser.add_argument("--bins", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    masses = np.load(options.input / "masses.npy")
    counts, edges = np.histogram(masses, options.bins, (options.low, options.high))
    options.output.mkdir(parents=True, exist_ok=True)
    with (options.output / "histogram.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["mass_low_gev", "mass_high_gev", "pairs"])
        for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True):
            writer.writerow([f"{low:.6g}", f"{high:.6g}", int(count)])
    selection = json.loads((options.input / "selection.json").read_text())
    found = fit((edges[:-1] + edges[1:]) / 2, counts.astype(float), edges[1] - edges[0])
    answer = {**selection, "window_gev": [options.low, options.high], **found}
    (options.output / "fit.json").write_text(json.dumps(answer, indent=2) + "\n")
    print(json.dumps(answer, indent=2))
    if not found["converged"]:
        raise SystemExit("The fit did not converge.")


if __name__ == "__main__":
    main()
