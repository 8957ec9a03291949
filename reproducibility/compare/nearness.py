"""Rows of numbers side by side: which differ, which by more than the tolerance, and how much."""

from __future__ import annotations

from typing import Any

import numpy as np

from reproducibility.compare.tolerance import Tolerance

#: numpy's letters of what counts as a number.
NUMBERS = "biuf"


def alike(recorded: Any, found: Any) -> tuple[Any, Any]:
    """Return two rows of numbers in types that can be compared without losing a digit."""
    kinds = {recorded.dtype.kind, found.dtype.kind}
    if kinds == {"i", "u"}:  # numpy would take double, which holds no 64 bits
        return recorded.astype(np.longdouble), found.astype(np.longdouble)
    if "f" in kinds and kinds & set("iu"):
        return recorded.astype(np.longdouble), found.astype(np.longdouble)
    return recorded, found


def differs(recorded: Any, found: Any) -> Any:
    """Return where two rows differ: no number equals no number, and -0.0 equals 0.0."""
    apart = recorded != found
    if recorded.dtype.kind == "f" and found.dtype.kind == "f" and apart.any():
        apart &= ~(np.isnan(recorded) & np.isnan(found))
    return apart


def distances(recorded: Any, found: Any) -> tuple[Any, Any]:
    """Return absolute and relative (to the larger) distances, infinite where one is no number."""
    before, after = recorded.astype(np.longdouble), found.astype(np.longdouble)
    with np.errstate(all="ignore"):
        absolute = np.abs(after - before)
        relative = absolute / np.maximum(np.abs(before), np.abs(after))
    lost = ~(np.isfinite(before) & np.isfinite(after))
    absolute[lost], relative[lost] = np.inf, np.inf
    relative[(absolute == 0) & ~lost] = 0
    return absolute, relative


def beyond(absolute: Any, relative: Any, tolerance: Tolerance) -> Any:
    """Return which distances are larger than a tolerance allows."""
    within = np.isfinite(absolute)
    within &= (absolute <= tolerance.atol) | (relative <= tolerance.rtol)
    return ~within
