"""A synthetic scope of 100,000 DIDs: files that are registered and have no bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator

from demo.rucio.configuration import ACCOUNT
from demo.rucio.rest import Rest

SCOPE = "bulk"
DATASETS = 100
FILES_IN_DATASET = 999  # with its dataset a thousand DIDs
STORAGES = ("CERN-DISK", "LAPP-DISK", "PIC-DISK")
SEED = 2026


def fill(rucio: Rest) -> None:
    """Register what is not there yet, a dataset at a time."""
    rucio.ensure(f"/scopes/{ACCOUNT}/{SCOPE}", None)
    there = set(rucio.rows(f"/dids/{SCOPE}/dids/search?type=dataset&name=*"))
    for number in range(DATASETS):
        name = f"run{number:04d}.events"
        if name not in there:
            _register(rucio, number, name)


def _register(rucio: Rest, number: int, name: str) -> None:
    """Register a dataset; it comes last, so that a dataset that is there is complete."""
    storage = STORAGES[number % len(STORAGES)]
    files = list(_files(number))
    rucio.ensure("/replicas", {"rse": storage, "files": files})
    dids = [{"scope": SCOPE, "name": each["name"]} for each in files]
    dataset = {"type": "DATASET", "dids": dids, "meta": {"run": number, "instrument": "synthetic"}}
    rucio.ensure(f"/dids/{SCOPE}/{name}", dataset)


def _files(number: int) -> Iterator[dict[str, object]]:
    chance = random.Random(SEED + number)
    for index in range(FILES_IN_DATASET):
        yield {
            "scope": SCOPE,
            "name": f"run{number:04d}.part{index:04d}.root",
            "bytes": chance.randrange(10_000_000, 4_000_000_000),
            "adler32": f"{chance.getrandbits(32):08x}",
        }
