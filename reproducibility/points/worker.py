"""The caged side of reading a table: one open file, one connection, nothing else.

It imports the libraries before it has seen a byte, locks itself up as the previews' worker does,
and says the table in pieces.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import warnings
from collections.abc import Iterator
from typing import Any, BinaryIO

from data_mgmt.previews import cage, wire
from data_mgmt.previews.worker import prepare
from reproducibility.points.formats import MODULES, Format
from reproducibility.points.limits import MOST_TEXT
from reproducibility.points.tables import Problem, Table, Unreadable, bounded

#: Characters of JSON after which a piece is sent: `caged.MOST_PIECE` holds it and one more row.
PIECE = 1 << 18


def main(connection: int, descriptor: int) -> None:
    """Do one job."""
    line = socket.socket(fileno=connection)
    job = wire.receive_document(line)
    module: Any = importlib.import_module(MODULES[Format(job["format"])])
    prepare(module.LATER)
    file = os.fdopen(descriptor, "rb")
    warnings.simplefilter("ignore")
    try:
        cage.lock(cage.Limits(**job["limits"]))
    except (cage.NoCage, OSError):
        _say(line, json.dumps({"problem": Problem.CAGE}))
        return
    for piece in pieces(module, file):
        _say(line, piece)
    os._exit(0)  # nothing is left that must be tidied up, and destructors may want what is gone


def pieces(module: Any, file: BinaryIO) -> Iterator[str]:
    """Yield the header, then rows, then that it was all or what the problem is, each as JSON."""
    try:
        table = bounded(module.read(file))
        yield json.dumps({"columns": table.columns, "header": table.header})
        yield from _rows(table)
    except Unreadable as exc:
        place = {"row": exc.row, "column": exc.column[:MOST_TEXT], "number": exc.number}
        yield json.dumps({"problem": exc.problem, **place})
    except MemoryError:
        yield json.dumps({"problem": Problem.MEMORY})
    except RecursionError:
        yield json.dumps({"problem": Problem.NESTED})
    # Whatever a library raises over a broken file is a broken file; its text is for the log.
    except Exception as exc:  # noqa: BLE001
        detail = f"{type(exc).__name__}: {exc}"[:300]
        yield json.dumps({"problem": Problem.BROKEN, "detail": detail})
    else:
        yield json.dumps({"end": True})


def _rows(table: Table) -> Iterator[str]:
    held: list[str] = []
    length = 0
    for row in table.rows:
        held.append(json.dumps(row))
        length += len(held[-1])
        if length > PIECE:
            yield f"[{','.join(held)}]"
            held, length = [], 0
    yield f"[{','.join(held)}]"


def _say(line: socket.socket, piece: str) -> None:
    line.sendall(wire.HEAD.pack(wire.ANSWER, 0, len(piece)) + piece.encode())
