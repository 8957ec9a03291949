"""What a page says of downloads: what there is to take, in which shape, and why not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from data_mgmt.backends import Did, DidType, StorageKind
from data_mgmt.did_shapes import Asked
from data_mgmt.models import BasketItem
from data_mgmt.services import DidView, archives, scripts

FILE, ZIP, METALINK = "file", "zip", "metalink"


def address(kind: str, did: Did | None) -> str:
    """Return where a download starts that tells in words what is wrong; no DID is the basket."""
    query = {"as": kind, **({"did": str(did)} if did else {})}
    return f"{reverse('data_mgmt:download')}?{urlencode(query)}"


def of_did(asked: Asked) -> dict[str, Any]:
    """Return the downloads of a DID's page."""
    info = asked.info
    if info.type is DidType.FILE:
        return {
            "download_url": address(FILE, asked.did),
            "download_refusal": _without_copy(asked.view),
            "download_bytes": info.bytes,
        }
    return _of_many(asked.did, [asked.did], files=info.files, size=info.bytes)


def of_basket(items: Sequence[BasketItem]) -> dict[str, Any]:
    """Return the downloads of the basket's page."""
    files = sum(item.files or 0 for item in items)
    size = sum(item.bytes or 0 for item in items)
    return _of_many(None, [item.did for item in items], files=files, size=size)


def _of_many(
    did: Did | None, dids: Sequence[Did], *, files: int | None, size: int | None
) -> dict[str, Any]:
    return {
        "download_dids": dids,
        "download_zip_url": address(ZIP, did),
        "download_metalink_url": address(METALINK, did),
        "download_zip_refusal": archives.refusal_of_size(files=files, size=size),
        "download_files": files,
        "download_bytes": size,
        "download_hours": scripts.DAYS * 24,
    }


def _without_copy(view: DidView) -> str:
    """Return why a file can't be read now, as far as the page knows; empty where it can."""
    if view.availability is None or view.storages is None:
        return ""
    kinds = {storage.name: storage.kind for storage in view.storages}
    there = [row.storage for row in view.availability if row.is_complete]
    if not there:
        return _("There is no available copy of it.")
    if all(kinds.get(name) is StorageKind.TAPE for name in there):
        return _("It is only on tape: ask for a copy on disk.")
    return ""
