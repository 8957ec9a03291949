"""The command line that runs a step and tells of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

STEP = Path(__file__).resolve().parent / "step.py"
#: As long as a command is shown.
SHOWN = 4000


def wrapped(
    key: str, command: Sequence[str], *, name: str, shown: str, image: str = ""
) -> list[str]:
    """Return a command line around `command`; `key` tells steps of one run apart."""
    described = json.dumps({"name": name, "command": shown[:SHOWN], "image": image})
    # -S: the step's shell needs no packages, and starts in a third of the time.
    return [sys.executable, "-S", str(STEP), key, described, *command]
