"""A storage in full, and what is kept there: frozen values, none of them knows the vendor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from data_mgmt.backends.values import Did, Storage


@dataclass(frozen=True, slots=True)
class Door:
    """One way into a storage: a protocol at an address."""

    scheme: str
    address: str


@dataclass(frozen=True, slots=True)
class StorageDetails:
    """A storage with all that is told of it; sizes in bytes, None where nobody set or told one."""

    storage: Storage
    is_readable: bool = True
    is_deletable: bool = True
    total: int | None = None
    files: int | None = None
    min_free: int | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    doors: tuple[Door, ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetAt:
    """How much of a dataset the catalogue last counted at one storage."""

    did: Did
    storage: str
    files: int
    files_total: int
    bytes: int

    @property
    def is_complete(self) -> bool:
        """Whether every file is there."""
        return self.files >= self.files_total
