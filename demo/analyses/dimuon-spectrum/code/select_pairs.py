"""Step 1: reads the events, keeps pairs of opposite charge, computes their invariant mass."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import uproot

BRANCHES = [f"mu{number}_{part}" for number in (1, 2) for part in ("pt", "eta", "phi", "charge")]


def invariant_mass(muons: dict[str, np.ndarray]) -> np.ndarray:
    """Return the mass of each pair in GeV; at these energies the muons' own mass is nothing."""
    pt = muons["mu1_pt"] * muons["mu2_pt"]
    eta = np.cosh(muons["mu1_eta"] - muons["mu2_eta"])
    phi = np.cos(muons["mu1_phi"] - muons["mu2_phi"])
    return np.sqrt(2 * pt * (eta - phi))


def main() -> None:
    """Read every ROOT file of the folder in the order of their names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    files = sorted(options.events.glob("*.root"))
    if not files:
        raise SystemExit(f"No ROOT file in {options.events}.")
    masses, seen = [], 0
    for file in files:
        with uproot.open(file) as root:
            muons = root["Events"].arrays(BRANCHES, library="np")
        muons = {name: values.astype(np.float64) for name, values in muons.items()}
        opposite = muons["mu1_charge"] * muons["mu2_charge"] < 0
        masses.append(invariant_mass(muons)[opposite])
        seen += len(opposite)
        print(f"{file.name}: {len(opposite)} events, {opposite.sum()} of opposite charge")
    selected = np.concatenate(masses)
    options.output.mkdir(parents=True, exist_ok=True)
    np.save(options.output / "masses.npy", selected)
    counts = {"events": seen, "opposite_charge": len(selected)}
    (options.output / "selection.json").write_text(json.dumps(counts) + "\n")
    print(f"{seen} events, {len(selected)} pairs of opposite charge")


if __name__ == "__main__":
    main()
