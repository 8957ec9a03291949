"""100,000 synthetic dimuon events in ROOT and Parquet; runs in the environment `physics`.

A Z peak (91.19 GeV, width 2.5) with detector smearing stands on a falling background beside small
J/psi and Upsilon peaks. The dimuon mass itself is not stored: finding it is the analysis.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import uproot

SEED = 20260913
EVENTS = 100_000
FILES = 6
NAME = "dimuon_synthetic_2026"
FIRST_RUN = 900_001
MUON_MASS = 0.1056583755
SMEARING = 0.011
ACCEPTED_ETA = 2.4
ACCEPTED_PT = 3.0
#: Share, mass and width in GeV of each peak; the rest is background.
PEAKS = (
    (0.34, 91.1876, 2.4952),
    (0.05, 3.0969, 0.0001),
    (0.020, 9.4603, 0.0001),
    (0.008, 10.0233, 0.0001),
    (0.006, 10.3552, 0.0001),
)
LOWEST_MASS, HIGHEST_MASS = 2.0, 160.0
SAME_SIGN = 0.04

Array = Any


def events(seed: int = SEED, count: int = EVENTS) -> dict[str, Array]:
    """Return the columns of `count` accepted events, the same for the same seed."""
    random = np.random.Generator(np.random.PCG64(seed))
    columns: dict[str, list[Array]] = {}
    accepted = 0
    while accepted < count:
        batch = _accepted(_decays(random, count))
        accepted += len(batch["mu1_pt"])
        for name, values in batch.items():
            columns.setdefault(name, []).append(values)
    joined = {name: np.concatenate(parts)[:count] for name, parts in columns.items()}
    number = np.arange(count)
    run = FIRST_RUN + number * FILES // count
    return {"run": run.astype(np.int32), "event": (number + 1).astype(np.int64), **joined}


def _decays(random: np.random.Generator, count: int) -> dict[str, Array]:
    """Return the two muons of `count` pairs as the detector sees them, harder one first."""
    mass, peak = _masses(random, count)
    transverse = -np.log1p(-random.random(count)) * np.where(mass < 20, 14.0, 18.0)
    rapidity = 1.3 * _normal(random, count)
    azimuth = 2 * np.pi * random.random(count)
    first, second = _muons(random, mass, transverse, rapidity, azimuth)
    charge = np.where(random.random(count) < 0.5, -1, 1)
    same = ~peak & (random.random(count) < SAME_SIGN)
    seen = [_smeared(random, muon) for muon in (first, second)]
    pt, eta, phi = (np.stack([muon[axis] for muon in seen]) for axis in range(3))
    charges = np.stack([charge, np.where(same, charge, -charge)])
    order = np.argsort(-pt, axis=0)
    result: dict[str, Array] = {}
    for number in (0, 1):
        chosen = order[number : number + 1]
        for name, values in (("pt", pt), ("eta", eta), ("phi", phi)):
            taken = np.take_along_axis(values, chosen, axis=0)[0]
            result[f"mu{number + 1}_{name}"] = taken.astype(np.float32)
        result[f"mu{number + 1}_mass"] = np.full(count, MUON_MASS, np.float32)
        taken = np.take_along_axis(charges, chosen, axis=0)[0]
        result[f"mu{number + 1}_charge"] = taken.astype(np.int32)
    return result


def _masses(random: np.random.Generator, count: int) -> tuple[Array, Array]:
    """Return the true masses, and which of them belong to a peak."""
    low, high, power = LOWEST_MASS, HIGHEST_MASS, -1.6
    share = random.random(count)
    # A falling power law: its cumulative distribution inverted.
    ends = low ** (power + 1), high ** (power + 1)
    mass = (ends[0] + random.random(count) * (ends[1] - ends[0])) ** (1 / (power + 1))
    resonant = np.tan(np.pi * (random.random(count) - 0.5))
    begin = 0.0
    for part, centre, width in PEAKS:
        chosen = (share >= begin) & (share < begin + part)
        mass = np.where(chosen, centre + 0.5 * width * resonant, mass)
        begin += part
    return np.clip(mass, low, high), share < begin


def _muons(
    random: np.random.Generator, mass: Array, transverse: Array, rapidity: Array, azimuth: Array
) -> tuple[Array, Array]:
    """Return the momenta (3 x n) of two muons of an isotropic decay, boosted to the laboratory."""
    count = len(mass)
    cosine, angle = 2 * random.random(count) - 1, 2 * np.pi * random.random(count)
    sine = np.sqrt(1 - cosine**2)
    direction = np.stack([sine * np.cos(angle), sine * np.sin(angle), cosine])
    own = np.sqrt(mass**2 / 4 - MUON_MASS**2) * direction
    total = np.sqrt(mass**2 + transverse**2)
    pair = np.stack(
        [
            transverse * np.cos(azimuth),
            transverse * np.sin(azimuth),
            total * np.sinh(rapidity),
        ]
    )
    energy = total * np.cosh(rapidity)
    along = np.sum(pair * own, axis=0) / (mass * (energy + mass))
    return (pair * (along + 0.5) + own), (pair * (0.5 - along) - own)


def _smeared(random: np.random.Generator, momentum: Array) -> tuple[Array, Array, Array]:
    """Return pt, eta and phi with the detector's resolution of pt."""
    x, y, z = momentum
    pt = np.hypot(x, y)
    return pt * (1 + SMEARING * _normal(random, len(pt))), np.arcsinh(z / pt), np.arctan2(y, x)


def _normal(random: np.random.Generator, count: int) -> Array:
    """Return normal numbers by Box and Muller: NumPy's own may change from release to release."""
    radius = np.sqrt(-2 * np.log1p(-random.random(count)))
    return radius * np.cos(2 * np.pi * random.random(count))


def _accepted(batch: dict[str, Array]) -> dict[str, Array]:
    inside = batch["mu2_pt"] > ACCEPTED_PT
    for number in (1, 2):
        inside &= np.abs(batch[f"mu{number}_eta"]) < ACCEPTED_ETA
    return {name: values[inside] for name, values in batch.items()}


def write(folder: Path) -> None:
    """Write one ROOT file a run and one Parquet file of all, each whole or not at all."""
    columns = events()
    for number in range(FILES):
        chosen = columns["run"] == FIRST_RUN + number
        part = folder / f"{number}.part"
        with uproot.recreate(part) as root:
            root.mktree("Events", {name: values.dtype for name, values in columns.items()})
            root["Events"].extend({name: values[chosen] for name, values in columns.items()})
        part.replace(folder / f"{NAME}_{number + 1}.root")
    part = folder / "table.part"
    pq.write_table(pa.table(columns), part)
    part.replace(folder / f"{NAME}.parquet")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
