"""What the pages of storages show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from data_mgmt.backends import Storage, StorageDetails, StorageKind, Usage
from data_mgmt.services.places import SHOWN_DATASETS, StorageUse, StorageView
from vre_portal.components.formats import NOTHING, number, size


def listing(found: Sequence[StorageUse]) -> dict[str, Any]:
    """Return the page of all storages."""
    return {
        "rows": [
            {
                "storage": each.storage,
                "kind": kind(each.storage),
                "place": place(each.storage),
                "state": "ok" if each.storage.is_writable else "suspended",
                "word": _("takes data") if each.storage.is_writable else _("takes nothing now"),
                "quota": quota(each.usage),
                "used": each.usage.used if each.usage else None,
                "limit": each.usage.limit if each.usage else None,
            }
            for each in found
        ],
        "count": len(found),
    }


def one(view: StorageView) -> dict[str, Any]:
    """Return the page of one storage."""
    details, storage = view.details, view.details.storage
    datasets = view.datasets
    return {
        "view": view,
        "storage": storage,
        "sentence": sentence(view),
        "facts": _facts(details),
        "attributes": list(details.attributes.items()),
        "quota": quota(view.usage),
        "datasets": None if datasets is None else datasets[:SHOWN_DATASETS],
        "more_datasets": datasets is not None and len(datasets) > SHOWN_DATASETS,
        "more_held": view.held_total - len(view.held or ()),
    }


def kind(storage: Storage) -> str:
    """Return what a storage is made of."""
    return _("tape") if storage.kind is StorageKind.TAPE else _("disk")


def place(storage: Storage) -> str:
    """Return site and country."""
    return ", ".join(part for part in (storage.site, storage.country) if part) or NOTHING


def quota(usage: Usage | None) -> str:
    """Return what somebody uses of what they may."""
    if usage is None:
        return _("no quota for you")
    if usage.limit is None:
        return _("%(used)s, no limit") % {"used": size(usage.used)}
    return _("%(used)s of %(limit)s") % {"used": size(usage.used), "limit": size(usage.limit)}


def sentence(view: StorageView) -> str:
    """Return how a storage is."""
    storage = view.details.storage
    tape = storage.kind is StorageKind.TAPE
    what = _("Tape at %(place)s: reading takes hours.") if tape else _("Disk at %(place)s.")
    text = [what % {"place": place(storage)}]
    if storage.free is not None:
        text.append(_("%(size)s free.") % {"size": size(storage.free)})
    text.append(_availability(view.details))
    return " ".join(part for part in text if part)


def _availability(details: StorageDetails) -> str:
    if not details.is_readable and not details.storage.is_writable:
        return _("Switched off at the moment: nothing can be read or written.")
    if not details.is_readable:
        return _("Nothing can be read there at the moment.")
    if not details.storage.is_writable:
        return _("It takes no data at the moment.")
    return _("It can be read and written.")


def _facts(details: StorageDetails) -> list[tuple[str, object]]:
    storage = details.storage
    yes, no = _("yes"), _("no")
    return [
        (_("Type"), kind(storage)),
        (_("Site"), storage.site or NOTHING),
        (_("Country"), storage.country or NOTHING),
        (_("Can be read"), yes if details.is_readable else no),
        (_("Can be written"), yes if storage.is_writable else no),
        (_("Can be deleted from"), yes if details.is_deletable else no),
        (_("Free"), size(storage.free)),
        (_("Used by Rucio"), size(storage.used)),
        (_("Size in all"), size(details.total)),
        (_("Kept free"), size(details.min_free)),
        (_("Files"), number(details.files)),
    ]
