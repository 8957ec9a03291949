"""Two statistical tests, of histograms by their errors and of distributions by their values.

Both come as closed forms: SciPy would be 40 MB more in the cage for these two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

#: The chance that all is compatible and a comparison says that it is not, over all its tests.
SIGNIFICANCE = 0.01


def threshold(tests: int) -> float:
    """Return the least p-value that is compatible when so many tests are made (Bonferroni)."""
    return SIGNIFICANCE / max(1, tests)


def chi_squared(recorded: Any, found: Any, variances: Any) -> tuple[float, int, float]:
    """Return chi-squared, its degrees of freedom and the p-value of two rows of bins.

    `variances` are the sums of both variances of each bin; a bin without any has to be equal.
    """
    known = variances > 0
    if np.any(~known & (recorded != found)) or not _finite(recorded, found, variances):
        return math.inf, int(known.sum()), 0.0
    statistic = float(np.sum((recorded[known] - found[known]) ** 2 / variances[known]))
    degrees = int(known.sum())
    return statistic, degrees, chi_squared_above(statistic, degrees)


def _finite(*rows: Any) -> bool:
    return all(bool(np.isfinite(row).all()) for row in rows)


def chi_squared_above(statistic: float, degrees: int) -> float:
    """Return the chance of a chi-squared above a value (Abramowitz and Stegun, 26.4.4 and 5)."""
    if degrees <= 0 or statistic <= 0:
        return 1.0
    if not math.isfinite(statistic):
        return 0.0
    half = statistic / 2
    odd = degrees % 2
    # The terms half^k / gamma(k + 1) grow beyond any double; their logarithms do not.
    orders = np.arange(odd / 2, degrees / 2)
    logarithms = [order * math.log(half) - math.lgamma(order + 1) - half for order in orders]
    total = math.fsum(math.exp(each) for each in logarithms)
    return min(1.0, total + (math.erfc(math.sqrt(half)) if odd else 0.0))


def kolmogorov_smirnov(recorded: Sequence[float] | Any, found: Any) -> tuple[float, float]:
    """Return the largest distance of two cumulative distributions and its p-value.

    The p-value is asymptotic, with the correction of Stephens (1970) for few values; values that
    are no number count as the greatest of all. Equal values make it larger than it is.
    """
    before, after = _sorted(recorded), _sorted(found)
    if not before.size or not after.size:
        return 1.0, 0.0
    places = np.concatenate([before, after])
    one = np.searchsorted(before, places, side="right") / before.size
    other = np.searchsorted(after, places, side="right") / after.size
    distance = float(np.max(np.abs(one - other)))
    root = math.sqrt(before.size * after.size / (before.size + after.size))
    return distance, _kolmogorov((root + 0.12 + 0.11 / root) * distance)


def _sorted(values: Any) -> Any:
    return np.sort(np.nan_to_num(np.asarray(values, np.float64), nan=np.inf, posinf=np.inf,
                                 neginf=-np.inf))  # fmt: skip


def _kolmogorov(scaled: float) -> float:
    if scaled < 0.2:  # the series converges slowly here, to 1 within 1e-12
        return 1.0
    terms = (
        (-1.0) ** (number - 1) * math.exp(-2 * (number * scaled) ** 2) for number in range(1, 101)
    )
    return min(1.0, max(0.0, 2 * math.fsum(terms)))
