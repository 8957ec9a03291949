"""The four storages: what they are called, where they stand, and how Rucio is told of them."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from demo.rucio.configuration import ACCOUNT
from demo.rucio.rest import Rest
from demo.stack import Stack

SPARE_BYTES = 1_000_000_000
OPERATIONS = {"read": 1, "write": 1, "delete": 1}
DOOR_SCHEME = "http"
DOOR_OPERATIONS = {"read": 2, "write": 2, "delete": 2}


@dataclass(frozen=True)
class Storage:
    """A storage of the demo: a folder that stands for a site's disk or tape."""

    name: str
    site: str
    country: str
    kind: str

    def folder(self, stack: Stack) -> Path:
        """Return the folder that holds the storage's files."""
        return stack.folder("rucio", "rse", self.name)

    @property
    def attributes(self) -> Mapping[str, object]:
        """Return the RSE attributes by which people and rules choose the storage."""
        return {
            "site": self.site,
            "country": self.country,
            "type": self.kind,
            "greedyDeletion": True,
        }


CATALOGUE = (
    Storage("CERN-DISK", "CERN", "Switzerland", "DISK"),
    Storage("LAPP-DISK", "LAPP", "France", "DISK"),
    Storage("PIC-DISK", "PIC", "Spain", "DISK"),
    Storage("CNAF-TAPE", "CNAF", "Italy", "TAPE"),
)


def declare_all(stack: Stack, rucio: Rest) -> None:
    """Tell Rucio of the storages it does not know yet, and of the room there is on each."""
    known = {row["rse"] for row in rucio.rows("/rses/")}
    for storage in CATALOGUE:
        if storage.name not in known:
            _declare(stack, rucio, storage)
        _declare_door(stack, rucio, storage)
        _report_room(stack, rucio, storage)
    if not known.issuperset(storage.name for storage in CATALOGUE):
        _connect(rucio)


def _declare(stack: Stack, rucio: Rest, storage: Storage) -> None:
    path = f"/rses/{storage.name}"
    rucio.call("POST", path, {"deterministic": True, "rse_type": storage.kind})
    protocol = {
        "hostname": "localhost",
        "port": 0,
        "scheme": "file",
        "prefix": f"{storage.folder(stack)}/",
        "impl": "rucio.rse.protocols.posix.Default",
        "domains": {
            "lan": OPERATIONS,
            "wan": {**OPERATIONS, "third_party_copy_read": 1, "third_party_copy_write": 1},
        },
    }
    rucio.call("POST", f"{path}/protocols/file", protocol)
    for key, value in storage.attributes.items():
        rucio.ensure(f"{path}/attr/{key}", {"value": value})
    limit = {"name": "MinFreeSpace", "value": SPARE_BYTES}
    rucio.ensure(f"{path}/limits", limit, method="PUT")
    rucio.ensure(f"/accounts/{ACCOUNT}/limits/local/{storage.name}", {"bytes": -1})


def _declare_door(stack: Stack, rucio: Rest, storage: Storage) -> None:
    """Tell of the door (demo/storage), behind the folder: Rucio's own daemons take the folder."""
    there = rucio.call("GET", f"/rses/{storage.name}")["protocols"]
    if any(protocol["scheme"] == DOOR_SCHEME for protocol in there):
        return
    protocol = {
        "hostname": "127.0.0.1",
        "port": stack.port_of("storage"),
        "scheme": DOOR_SCHEME,
        "prefix": f"/{storage.name}/",
        "impl": "rucio.rse.protocols.webdav.Default",
        "domains": {"lan": DOOR_OPERATIONS, "wan": DOOR_OPERATIONS},
    }
    rucio.call("POST", f"/rses/{storage.name}/protocols/{DOOR_SCHEME}", protocol)


def _report_room(stack: Stack, rucio: Rest, storage: Storage) -> None:
    folder = storage.folder(stack)
    used = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    room = {"source": "storage", "used": used, "free": shutil.disk_usage(folder).free}
    rucio.call("PUT", f"/rses/{storage.name}/usage", room)


def _connect(rucio: Rest) -> None:
    """Set a distance for each ordered pair: Rucio transfers nothing where there is none."""
    for source in CATALOGUE:
        for destination in CATALOGUE:
            if source is not destination:
                path = f"/rses/{source.name}/distances/{destination.name}"
                rucio.ensure(path, {"distance": 1})
