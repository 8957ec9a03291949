"""What a run tells the runner from inside its sandbox: one JSON line an event, in one file.

The file is the run's to write, so whoever reads it believes nothing of it but its shape.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence

#: The variable that names the file.
VARIABLE = "RUN_EVENTS"


def plan(steps: Sequence[str]) -> None:
    """Tell the names of all steps that are known so far, also of those told before."""
    _tell(kind="plan", steps=list(steps))


def begin(key: str, *, name: str, command: str, image: str) -> None:
    """Tell that a step starts."""
    _tell(kind="begin", key=key, name=name, command=command, image=image, time=time.time())


def output(key: str, text: str) -> None:
    """Tell what a step printed."""
    _tell(kind="log", key=key, text=text)


def end(key: str, code: int) -> None:
    """Tell that a step is over, and its exit code."""
    _tell(kind="end", key=key, code=code, time=time.time())


def _tell(**event: object) -> None:
    line = json.dumps(event) + "\n"
    # One write of a file that is open for appending: lines of steps side by side never mix.
    descriptor = os.open(os.environ[VARIABLE], os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)
