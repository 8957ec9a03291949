"""The door as a part of the stack: one process for all storages, with a folder for each."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.people import issuer
from demo.rucio.storages import CATALOGUE
from demo.stack import REPOSITORY, Component, Stack, write_private

#: Each download that runs holds one.
THREADS = 64
UNAUTHORIZED = 401
#: What a file is called while it arrives (`folders.File.begin_write`).
HALF = re.compile(r"\.[0-9a-f]{32}\.part")


def prepare(stack: Stack) -> None:
    """Write which folders there are, and whose tokens are good."""
    told = {
        "folder": str(stack.folder("rucio", "rse")),
        "storages": [storage.name for storage in CATALOGUE if storage.folder(stack)],
        "writers": str(stack.folder("storage", "writers")),
        "issuers": [issuer(stack, slug) for slug in ("escape", "checkin")],
        "audiences": ["storage"],
    }
    write_private(_file(stack), json.dumps(told, indent=1))
    for storage in CATALOGUE:
        remove_halves(storage.folder(stack))


def remove_halves(folder: Path) -> None:
    """Remove what a door that was killed left of uploads; none runs by now."""
    for path in folder.rglob(".*.part"):
        if HALF.fullmatch(path.name):
            path.unlink()


def command(stack: Stack) -> Sequence[str]:
    """Return gunicorn's command line."""
    return (
        str(stack.binary("storage", "gunicorn")),
        "demo.storage.wsgi:application",
        f"--bind=127.0.0.1:{stack.port_of('storage')}",
        *("--workers=1", "--worker-class=gthread", f"--threads={THREADS}"),
        "--no-control-socket",
        "--keep-alive=75",
        "--graceful-timeout=3",
    )


def variables(stack: Stack) -> Mapping[str, str]:
    """Return the environment of the door's process."""
    return {
        "PYTHONPATH": str(REPOSITORY),
        "STORAGE_CONFIGURATION": str(_file(stack)),
        "MALLOC_ARENA_MAX": "2",
    }


def health(stack: Stack) -> str | None:
    """Knock without a token: the door is up when it asks for one."""
    try:
        urllib.request.urlopen(stack.url("storage", "/"), timeout=2).close()
    except urllib.error.HTTPError as answer:
        return None if answer.code == UNAUTHORIZED else f"answers {answer.code}"
    except OSError as exc:
        return f"no answer ({exc})"
    return "lets anybody in"


def _file(stack: Stack) -> Path:
    return stack.folder("storage") / "configuration.json"


ENVIRONMENTS = {"storage": Path(__file__).with_name("requirements.txt")}
COMPONENTS = (
    Component(
        name="storage",
        title="Storage door (WebDAV)",
        command=command,
        health=health,
        # Keys are asked for at the first token; the order only spares a start its first refusal.
        needs=("iam-escape", "iam-checkin"),
        environments=("storage",),
        prepare=prepare,
        variables=variables,
        url=lambda stack: stack.url("storage"),
        stop_seconds=5.0,
    ),
)
