"""Inside the cage: a virtual environment of its own packages, over those of the base.

The base is not copied: its packages stand behind the environment's own, so that a newer numpy
wins and half a gigabyte is written once. pip sees them as installed, adds what is missing, and
leaves alone what the session's server needs (the constraints). Only wheels are installed: no
code of a package runs here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

from sessions.builder import cage
from sessions.builder.order import Order, write_json

MANIFEST = "manifest.json"
SCRATCH = ".making"
TREES = ("share", "etc")
PACKAGES_SHOWN = 500
#: A script names its interpreter in its first line, or where that can't be by way of a shell.
NAMED = re.compile(rb"#!(/bin/sh\n'''exec' )?[^\n]*/python[^\n]*\n(' '''\n)?")
LONGEST_HEAD, LONGEST_LINE = 1000, 120


def main(order_file: str) -> int:
    """Make the environment that the order asks for, in the order's folder."""
    order = Order.read(Path(order_file))
    cage.lock(order.limits)
    home, base = Path(order.work), Path(order.base)
    _say("Making an environment over the site's base")
    subprocess.run(  # noqa: S603 - the site's own interpreter
        [str(base / "bin" / "python"), "-I", "-m", "venv", "--without-pip", str(home)], check=True
    )
    config = home / "pyvenv.cfg"
    own_config = config.read_bytes()
    packages = next(home.glob("lib/python*/site-packages"))
    behind = base / packages.relative_to(home)
    (packages / "_base.pth").write_text(f"import site; site.addsitedir({str(behind)!r})\n")
    done = _pip(order, home)
    if done:
        return done
    _say("Putting it in order")
    config.write_bytes(own_config)  # a wheel's data may have been laid over it
    shutil.rmtree(home / SCRATCH)
    for activate in (home / "bin").glob("[aA]ctivate*"):
        activate.unlink()  # they name the folder in which it was made
    _scripts(home, base, Path(order.finished))
    for tree in TREES:
        _link_missing(home / tree, base / tree)
    found = {each.metadata["Name"]: each.version for each in distributions(path=[str(packages)])}
    listed = [{"name": name, "version": found[name]} for name in sorted(found, key=str.lower)]
    manifest = {"fingerprint": order.fingerprint, "packages": listed[:PACKAGES_SHOWN]}
    write_json(home / MANIFEST, manifest)
    _say("Done")
    return 0


def _pip(order: Order, home: Path) -> int:
    scratch = home / SCRATCH
    (scratch / "tmp").mkdir(parents=True)
    wanted, limits = scratch / "requirements.txt", scratch / "constraints.txt"
    wanted.write_text("".join(f"{line}\n" for line in order.requirements))
    limits.write_text("".join(f"{line}\n" for line in order.constraints))
    pip = [sys.executable, "-I", "-m", "pip", "--python", str(home / "bin" / "python")]
    options = ["--only-binary", ":all:", "--no-input", "--no-cache-dir", "--progress-bar", "off"]
    options += ["--disable-pip-version-check", "--no-color", "--retries", "2"]
    given = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    variables = {**given, "HOME": str(scratch), "TMPDIR": str(scratch / "tmp"), "LANG": "C.UTF-8"}
    variables["PATH"] = "/usr/bin:/bin"
    if order.index_url:
        variables["PIP_INDEX_URL"] = order.index_url  # everybody reads a command line
    command = [*pip, "install", *options, "-c", limits.name, "-r", wanted.name]
    done = subprocess.run(command, env=variables, cwd=scratch, check=False)  # noqa: S603 - pip
    return done.returncode


def _scripts(home: Path, base: Path, finished: Path) -> None:
    """Let commands run in this environment at its place, the base's among them."""
    for script, _body in _python_scripts(base / "bin"):
        if not (home / "bin" / script.name).exists():
            shutil.copy(script, home / "bin" / script.name)
    for script, body in _python_scripts(home / "bin"):
        script.write_bytes(_head(f"{finished}/bin/python") + body)


def _head(python: str) -> bytes:
    """Return the line by which a script names its interpreter, as pip writes it."""
    if " " not in python and len(python) < LONGEST_LINE:
        return f"#!{python}\n".encode()
    return f"#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n".encode()


def _python_scripts(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield each script for Python, and what stands in it below the line for its interpreter."""
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file():
            continue
        with path.open("rb") as stream:
            if head := NAMED.match(stream.read(LONGEST_HEAD)):
                yield path, path.read_bytes()[head.end() :]


def _link_missing(own: Path, base: Path) -> None:
    """Show the base's files where the environment has none of its own."""
    if not base.is_dir():
        return
    if not own.exists():
        own.symlink_to(base)
        return
    if own.is_dir() and not own.is_symlink():
        for each in base.iterdir():
            _link_missing(own / each.name, each) if each.is_dir() else _link(own / each.name, each)


def _link(own: Path, base: Path) -> None:
    if not own.exists() and not own.is_symlink():
        own.symlink_to(base)


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def manifest_of(folder: Path) -> dict[str, object] | None:
    """Return what was written when an environment was finished, None while it is not."""
    try:
        read = json.loads((folder / MANIFEST).read_bytes()[: 1 << 20])
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None
