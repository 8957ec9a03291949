"""A specification as REANA 0.95 takes it: an uncompressed ZIP with reana.yaml at its root."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import yaml

from reproducibility.backends.reana.refusals import SERVICE
from vre_portal.errors import InvalidRequest

SPECIFICATION = "reana.yaml"
#: What servers take unless their operators say otherwise.
MOST_FILES, MOST_BYTES = 1000, 100 << 20
#: The first day that a ZIP can name: the same files give the same bytes.
DAY = (1980, 1, 1, 0, 0, 0)


def bundle(specification: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Return the ZIP; a reana.yaml among the files takes the place of the parsed one.

    Raises
    ------
    InvalidRequest
        A path leads out of the bundle, or there is more than REANA takes.
    """
    members = {SPECIFICATION: as_yaml(specification), **files}
    for path in members:
        _check_path(path)
    if len(members) > MOST_FILES or sum(map(len, members.values())) > MOST_BYTES:
        raise InvalidRequest(
            f"A specification may have {MOST_FILES} files and {MOST_BYTES >> 20} MiB in all. "
            "Leave data out of it.",
            service=SERVICE,
        )
    packed = io.BytesIO()
    with ZipFile(packed, "w", ZIP_STORED, allowZip64=False) as archive:
        for path in sorted(members):
            entry = ZipInfo(path, date_time=DAY)
            entry.external_attr = 0o100600 << 16
            archive.writestr(entry, members[path])
    return packed.getvalue()


def as_yaml(specification: Mapping[str, Any]) -> bytes:
    """Return a parsed reana.yaml as text, in its own order."""
    try:
        text = yaml.safe_dump(dict(specification), sort_keys=False, allow_unicode=True)
    except yaml.YAMLError as exc:
        raise InvalidRequest(
            "The specification holds what reana.yaml cannot express.", service=SERVICE
        ) from exc
    return text.encode()


def _check_path(path: str) -> None:
    parts = PurePosixPath(path).parts
    inside = parts and not path.startswith("/") and ".." not in parts and "\\" not in path
    if not inside or not path.isprintable() or PurePosixPath(*parts).as_posix() != path:
        raise InvalidRequest(f"{path!r} is no path inside a specification.", service=SERVICE)
