"""Step 1: takes the background off the image, finds the stars, measures them."""

from __future__ import annotations

import argparse
import csv
import json
from pathlib import Path

import numpy as np
from astropy.io import fits
from astropy.stats import SigmaClip
from astropy.table import Table
from astropy.wcs import WCS
from photutils.aperture import CircularAperture, aperture_photometry
from photutils.background import Background2D, MedianBackground
from photutils.detection import DAOStarFinder

COLUMNS = ("id", "x_pixel", "y_pixel", "ra_deg", "dec_deg", "peak", "flux")


def background_of(image: np.ndarray) -> Background2D:
    """Return the sky below the stars, in boxes of 50 pixels, with its scatter."""
    return Background2D(
        image,
        (50, 50),
        filter_size=(3, 3),
        sigma_clip=SigmaClip(sigma=3.0),
        bkg_estimator=MedianBackground(),
    )


def stars_in(image: np.ndarray, *, threshold: float, fwhm: float) -> Table:
    """Return the stars of a background-free image, brightest first."""
    found = DAOStarFinder(threshold, fwhm)(image)
    if found is None:
        raise SystemExit("No source stands out of the background.")
    x, y = (np.asarray(found[name]) for name in ("x_centroid", "y_centroid"))
    aperture = CircularAperture(np.transpose([x, y]), r=fwhm)
    flux = np.asarray(aperture_photometry(image, aperture)["aperture_sum"])
    stars = Table({"x": x, "y": y, "peak": np.asarray(found["peak"]), "flux": flux})
    return stars[np.lexsort((stars["x"], -np.round(stars["flux"], 1)))]


def main() -> None:
    """Find, measure, write the catalogue and its summary."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--image", type=Path, required=True)
    parser.add_argument("--threshold", type=float, required=True)
    parser.add_argument("--fwhm", type=float, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    with fits.open(options.image) as hdus:
        image, header = hdus[0].data.astype(np.float64), hdus[0].header
    sky = background_of(image)
    scatter = float(sky.background_rms_median)
    threshold = options.threshold * scatter
    stars = stars_in(image - sky.background, threshold=threshold, fwhm=options.fwhm)
    ra, dec = WCS(header).all_pix2world(stars["x"], stars["y"], 0)
    options.output.mkdir(parents=True, exist_ok=True)
    with (options.output / "catalogue.csv").open("w", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        for number, (star, east, north) in enumerate(zip(stars, ra, dec, strict=True), 1):
            position = f"{star['x']:.2f}", f"{star['y']:.2f}", f"{east:.5f}", f"{north:.5f}"
            writer.writerow([number, *position, f"{star['peak']:.1f}", f"{star['flux']:.1f}"])
    summary = {
        "sources": len(stars),
        "threshold_sigma": options.threshold,
        "background_median": float(f"{sky.background_median:.4g}"),
        "background_scatter": float(f"{scatter:.4g}"),
        "brightest_flux": float(f"{stars['flux'][0]:.4g}"),
        "median_flux": float(f"{np.median(stars['flux']):.4g}"),
    }
    (options.output / "sources.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
