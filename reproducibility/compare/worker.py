"""The caged side of a comparison: two files open for reading and one connection, nothing else.

It imports the libraries before it has seen a byte, locks itself up as the previews' worker does,
compares, says what came of it, and ends.
"""

from __future__ import annotations

import importlib
import os
import socket
import warnings
from collections.abc import Mapping
from typing import Any

from data_mgmt.previews import cage, wire
from data_mgmt.previews.reading import Blocks, Reader
from data_mgmt.previews.worker import prepare, say
from reproducibility.compare.formats import MODULES
from reproducibility.compare.sides import Descriptor, Module, TooLarge, Unreadable
from reproducibility.compare.tally import Tally
from reproducibility.compare.tolerance import Tolerance

#: What numpy imports when it is first used so.
LATER = ("numpy.ma", "numpy.rec", "numpy.char", "numpy.strings", "numpy.lib.format")


def main(connection: int, recorded: int, found: int) -> None:
    """Do one job."""
    line = socket.socket(fileno=connection)
    job = wire.receive_document(line)
    module: Any = importlib.import_module(f"reproducibility.compare.{MODULES[job['format']]}")
    prepare((*LATER, *module.LATER))
    warnings.simplefilter("ignore")
    files = [Descriptor(*each) for each in zip((recorded, found), job["sizes"], strict=True)]
    try:
        cage.lock(cage.Limits(**job["limits"]))
    except (cage.NoCage, OSError) as exc:
        say(line, {"failed": "cage", "detail": str(exc)})
        return
    before, after = map(Blocks, files)
    say(line, compared(module, before, after, job))
    os._exit(0)  # nothing is left that must be tidied up, and destructors may want what is gone


def compared(
    module: Module, recorded: Reader, found: Reader, job: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the worker says of two files."""
    tally = Tally(job["format"], Tolerance.from_json(job["tolerance"]))
    try:
        module.compare(recorded, found, tally)
        level, detail, comparison = tally.outcome()
        return {"level": level, "detail": detail, "comparison": comparison.bounded().as_json()}
    except Unreadable as exc:
        told = {"reason": exc.reason, "side": exc.side or "", "detail": exc.fault[:300]}
        return {"failed": "broken", **told}
    except TooLarge:
        return {"failed": "too_much"}
    except MemoryError:
        return {"failed": "memory"}
    except RecursionError:
        return {"failed": "broken", "reason": "it is nested too deeply", "side": ""}
    # Whatever a library raises over a broken file is a broken file; its text stays here.
    except Exception as exc:  # noqa: BLE001
        detail = f"{type(exc).__name__}: {exc}"[:300]
        return {"failed": "broken", "reason": "", "side": "", "detail": detail}
