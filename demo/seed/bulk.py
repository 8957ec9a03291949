"""Synthetic scopes, whose files are registered and have no bytes.

One has 100,000 DIDs, one a dataset of 100,000 files, named like paths, beside one of 100. Runs in
the environment `rucio` and writes by Rucio's own models: by REST the server compares each file of
a batch with each other, which takes minutes.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from rucio.common.constants import DEFAULT_VO
from rucio.common.types import InternalAccount, InternalScope
from rucio.core.rse import get_rse_id
from rucio.db.sqla import models
from rucio.db.sqla.constants import DIDType, ReplicaState
from rucio.db.sqla.session import transactional_session
from sqlalchemy import insert, select

from demo.rucio.configuration import ACCOUNT

SCOPE, WIDE_SCOPE = "bulk", "wide"
#: Files in each dataset of the wide scope.
WIDE = {"events.100": 100, "events.100000": 100_000}
FILES_IN_FOLDER = 1000
DATASETS = 100
FILES_IN_DATASET = 999  # with its dataset a thousand DIDs
STORAGES = ("CERN-DISK", "LAPP-DISK", "PIC-DISK")
SEED = 2026

Row = Mapping[str, Any]


def main() -> None:
    """Register what is not there yet, a dataset at a time."""
    scope = InternalScope(SCOPE, vo=DEFAULT_VO)
    storages = [get_rse_id(rse=name, vo=DEFAULT_VO) for name in STORAGES]
    there = datasets_of(scope)
    for number in range(DATASETS):
        name = f"run{number:04d}.events"
        if name not in there:
            register(scope, name, files(number), storages[number % len(STORAGES)])
    wide = InternalScope(WIDE_SCOPE, vo=DEFAULT_VO)
    there = datasets_of(wide)
    for name, count in WIDE.items():
        if name not in there:
            register(wide, name, wide_files(name, count), storages[0])


@transactional_session  # type: ignore[untyped-decorator]  # Rucio ships no types
def datasets_of(scope: Any, *, session: Any) -> set[str]:
    """Return the names of the datasets that are there."""
    named = select(models.DataIdentifier.name).where(
        models.DataIdentifier.scope == scope,
        models.DataIdentifier.did_type == DIDType.DATASET,
    )
    return set(session.execute(named).scalars())


@transactional_session  # type: ignore[untyped-decorator]  # Rucio ships no types
def register(scope: Any, name: str, listed: list[Row], storage: str, *, session: Any) -> None:
    """Write a dataset, its files and their replicas, all or nothing."""
    owned = {"scope": scope, "account": InternalAccount(ACCOUNT, vo=DEFAULT_VO), "is_new": False}
    size = sum(each["bytes"] for each in listed)
    dataset = {"name": name, "did_type": DIDType.DATASET, "is_open": False}
    dataset |= {"bytes": size, "length": len(listed)}
    dids = [{**owned, **each, "did_type": DIDType.FILE} for each in listed]
    session.execute(insert(models.DataIdentifier), [{**owned, **dataset}])
    session.execute(insert(models.DataIdentifier), dids)
    placed = {"rse_id": storage, "scope": scope, "state": ReplicaState.AVAILABLE}
    session.execute(insert(models.RSEFileAssociation), [{**placed, **each} for each in listed])
    held = {"scope": scope, "name": name, "did_type": DIDType.DATASET}
    contents = [
        {
            **held,
            "child_scope": scope,
            "child_name": each["name"],
            "child_type": DIDType.FILE,
            "bytes": each["bytes"],
            "adler32": each["adler32"],
        }
        for each in listed
    ]
    session.execute(insert(models.DataIdentifierAssociation), contents)
    totals = {"available_bytes": size, "available_replicas_cnt": len(listed)}
    copy = {**placed, **held, **totals, "bytes": size, "length": len(listed)}
    session.execute(insert(models.CollectionReplica), [copy])


def files(number: int) -> list[Row]:
    """Return name, size and checksum of a dataset's files, the same in each run."""
    names = [f"run{number:04d}.part{index:04d}.root" for index in range(FILES_IN_DATASET)]
    return _rows(names, SEED + number)


def wide_files(dataset: str, count: int) -> list[Row]:
    """Return the files of a dataset of the wide scope, whose names are paths."""
    numbers = (divmod(index, FILES_IN_FOLDER) for index in range(count))
    names = [f"/{dataset}/run{run:04d}/part{part:04d}.root" for run, part in numbers]
    return _rows(names, SEED + count)


def _rows(names: list[str], seed: int) -> list[Row]:
    chance = random.Random(seed)
    return [
        {
            "name": name,
            "bytes": chance.randrange(10_000_000, 4_000_000_000),
            "adler32": f"{chance.getrandbits(32):08x}",
        }
        for name in names
    ]


if __name__ == "__main__":
    main()
