"""The site's files of entries, of providers and of satellites: read whole, every fault told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, SecretStr, ValidationError

from vre_portal.errors import UpstreamRefused

Entry = TypeVar("Entry", bound=BaseModel)


class SiteFileError(ValueError):
    """A file of entries is wrong; the text names every fault by entry and field."""


def read(path: Path, kind: type[Entry], *, key: str) -> Mapping[str, Entry]:
    """Return the entries of a file by their key field, in its order.

    Raises
    ------
    SiteFileError
        With every fault of the file, each with its entry and field.
    """
    try:
        told = yaml.safe_load(path.read_text()) or []
    except (OSError, yaml.YAMLError) as exc:
        raise SiteFileError(f"{path.name}: {exc}") from exc
    if not isinstance(told, list):
        raise SiteFileError(f"{path.name}: a list of {kind.__name__.lower()}s is needed")
    found: dict[str, Entry] = {}
    faults: list[str] = []
    for number, entry in enumerate(told, 1):
        try:
            value = kind.model_validate(entry)
        except ValidationError as exc:
            name = entry.get(key) if isinstance(entry, dict) else None
            faults += _faults(f"entry {number}" + (f" ({name})" if name else ""), exc)
            continue
        name = getattr(value, key)
        if name in found:
            faults.append(f"entry {number}, {key}: {name} is there twice")
        found[name] = value
    if faults:
        raise SiteFileError("\n".join(f"{path.name}: {fault}" for fault in faults))
    return found


def _faults(head: str, error: ValidationError) -> list[str]:
    told: list[Any] = error.errors(include_input=False, include_url=False)
    return [f"{head}, {'.'.join(map(str, one['loc'])) or 'entry'}: {one['msg']}" for one in told]


def secret_of(given: SecretStr | None, file: Path | None, *, whose: str, service: str = "") -> str:
    """Return a secret that stands in its entry, or in a file of its own that is read each time."""
    if file is None:
        return given.get_secret_value() if given else ""
    try:
        return file.read_text().strip()
    except OSError as exc:
        raise UpstreamRefused(
            f"{whose} is not set up rightly here. Tell the operators.", service=service or None
        ) from exc
