"""The shape of the Z peak: a relativistic line, smeared by the detector, on a falling ground."""

from __future__ import annotations

import numpy as np
from scipy.special import voigt_profile

#: The natural width of the Z boson in GeV (Particle Data Group).
Z_WIDTH = 2.4952
NAMES = ("signal", "mass", "resolution", "background", "slope")


def spectrum(mass: np.ndarray, *parameters: float) -> np.ndarray:
    """Return events per GeV: signal and background counts in the window shape the two parts."""
    signal, centre, resolution, background, slope = parameters
    peak = signal * voigt_profile(mass - centre, abs(resolution), Z_WIDTH / 2)
    return peak + background * np.exp(-slope * (mass - 90.0))
