"""Step 1: draws events of a signal on a background, and writes them as a ROOT tree."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import uproot

MASS, WIDTH, SLOPE = 5.28, 0.04, 0.9
LOW, HIGH = 5.0, 5.6


def draw(events: int, fraction: float, seed: int) -> np.ndarray:
    """Return masses in GeV, in a random order, of which a fraction is signal."""
    random = np.random.default_rng(seed)
    signal = round(events * fraction)
    # By the inverse of the cumulative distribution, so that each value lies in the window.
    share = random.random(events - signal)
    span = 1 - np.exp(-SLOPE * (HIGH - LOW))
    background = LOW - np.log(1 - share * span) / SLOPE
    masses = np.concatenate([random.normal(MASS, WIDTH, signal), background])
    return random.permutation(masses[(masses > LOW) & (masses < HIGH)])


def main() -> None:
    """Write `data.root`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, required=True)
    parser.add_argument("--fraction", type=float, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    masses = np.round(draw(options.events, options.fraction, options.seed), 9)
    with uproot.recreate(options.output) as file:
        file.mktree("events", {"mass": masses.dtype})
        file["events"].extend({"mass": masses})
    print(f"{len(masses)} events in {options.output}")


if __name__ == "__main__":
    main()
