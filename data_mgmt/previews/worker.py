"""The worker's side: takes one job, locks itself up, makes the preview, says it, ends.

It is started with its connection to the portal as its only open door: no variables, no token,
no address. What it imports, it imports before it has seen a byte of the file.
"""

from __future__ import annotations

import faulthandler
import gc
import importlib
import json
import os
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from data_mgmt.previews import cage, wire
from data_mgmt.previews.options import Options
from data_mgmt.previews.reading import Blocks, Reader
from data_mgmt.previews.values import Preview, Refused, TooMuch, Unreadable, plain, said

#: The module of each format; several are told apart by their name.
MODULES = {
    "root": "root", "fits": "fits", "hdf5": "hdf5", "parquet": "parquet", "csv": "csv",
    "image": "image", "pdf": "pdf", "text": "text", "json": "documents", "yaml": "documents",
    "notebook": "notebook",
}  # fmt: skip
#: What Python and the libraries import when they first need it, which is too late in the cage; a
#: module's own list is its `LATER`.
LATER = (
    *(f"encodings.{name}" for name in ("ascii", "cp1252", "latin_1", "utf_16", "utf_16_be")),
    *("encodings.utf_16_le", "encodings.utf_8_sig", "traceback"),
)
Make = Callable[[Reader, str, Options], Preview]


class Asked:
    """The file, read by asking the portal for ranges."""

    def __init__(self, connection: socket.socket, size: int) -> None:
        self._connection, self._size = connection, size

    @property
    def size(self) -> int:
        """Its bytes."""
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        """Return the bytes of a range."""
        self._connection.sendall(wire.HEAD.pack(wire.RANGE, offset, length))
        (coming,) = wire.LENGTH.unpack(wire.receive(self._connection, wire.LENGTH.size))
        if coming == wire.REFUSED:
            raise TooMuch
        return wire.receive(self._connection, coming)


def main(descriptor: int) -> None:
    """Do one job."""
    connection = socket.socket(fileno=descriptor)
    job = wire.receive_document(connection)
    module = importlib.import_module(f"data_mgmt.previews.{MODULES[job['format']]}")
    prepare(getattr(module, "LATER", ()))
    try:
        cage.lock(cage.Limits(**job["limits"]))
    except (cage.NoCage, OSError) as exc:
        say(connection, {"failed": "cage", "detail": str(exc)})
        return
    say(connection, _made(module.preview, Asked(connection, job["size"]), job))
    os._exit(0)  # nothing is left that must be tidied up, and destructors may want what is gone


def prepare(later: Iterable[str]) -> None:
    """Import what is imported late, and make ready for the cage."""
    for name in (*LATER, *later):
        importlib.import_module(name)
    faulthandler.disable()
    sys.setrecursionlimit(1000)
    gc.freeze()


def _made(  # noqa: PLR0911 - a table of outcomes
    make: Make, file: Reader, job: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        made = make(Blocks(file), job["format"], Options(**job["options"]))
        return {"preview": plain(made)}
    except Refused as exc:
        return {"refused": exc.option, "reason": plain(exc.reason)}
    except Unreadable as exc:
        return {"failed": "broken", "reason": plain(exc.reason)}
    except TooMuch:
        return {"failed": "too_much"}
    except MemoryError:
        return {"failed": "memory"}
    except RecursionError:
        reason = said("It is nested too deeply for a preview.")
        return {"failed": "broken", "reason": plain(reason)}
    except wire.Closed:
        os._exit(1)
    # Whatever a library raises over a broken file is a broken file; its text stays here.
    except Exception as exc:  # noqa: BLE001
        return {"failed": "broken", "detail": f"{type(exc).__name__}: {exc}"[:300]}


def say(connection: socket.socket, answer: dict[str, Any]) -> None:
    """Give the answer to the portal, or that it would be too long."""
    body = json.dumps(answer).encode()
    if len(body) > wire.MAX_ANSWER:
        body = json.dumps({"failed": "too_long"}).encode()
    connection.sendall(wire.HEAD.pack(wire.ANSWER, 0, len(body)) + body)
