"""Datasets of three scopes, and the reading that puts them into the index."""

from __future__ import annotations

from typing import Any

from data_mgmt.models import IndexedScope
from data_mgmt.services import harvest

DATASETS: dict[str, dict[str, Any]] = {
    "ligo:h1_o1": {"instrument": "LIGO", "gps_start": 968000000, "quality": "good", "run": 1,
                   "taken": "2015-09-14T09:50:45"},
    "ligo:h1_o2": {"instrument": "LIGO", "gps_start": 1164556817, "quality": "bad", "run": 2,
                   "taken": "2016-11-30"},
    "ligo:l1_100%_o1": {"instrument": "LIGO", "gps_start": 968000001.5, "run": "3"},
    "virgo:v1": {"instrument": "VIRGO", "gps_start": "unknown", "open_data": True, "size": 5},
    "virgo:V1_O2": {"instrument": "VIRGO", "a b/c": "x y", "quality": "good"},
}  # fmt: skip


def read_all() -> None:
    """Read every scope into the index."""
    harvest.find_scopes()
    for scope in IndexedScope.objects.values_list("scope", flat=True):
        harvest.harvest(scope)
