"""Runs a Snakemake workflow, without containers: `drive_snakemake.py {"workflow": ...}`."""

from __future__ import annotations

import json
import sys
from typing import Any

from snakemake.cli import main as run_snakemake


def main(order: dict[str, Any]) -> None:
    """Run the workflow of an order, and exit as Snakemake does."""
    run_snakemake(
        [
            *("--snakefile", order["workflow"], "--directory", order["workspace"]),
            *("--configfile", *order["parameter_files"], order["parameters"]),
            *("--executor", "telling", "--jobs", str(order["at_once"])),
            # The solver of the default scheduler is a program of its own that takes a second.
            *("--scheduler", "greedy"),
            *("--latency-wait", "0", "--seconds-between-status-checks", "0"),
            *("--rerun-incomplete", "--nolock", "--nocolor"),
            *(["--report", order["report"]] if order["report"] else []),
            *("--", *order["targets"]),
        ]
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
