"""What the pages of the basket show, worked out before any template sees it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from data_mgmt import download_pages, pages, replicate_pages, services, words
from data_mgmt.models import BasketItem
from data_mgmt.services import Added

SHEET = ("scope", "name", "type", "files", "bytes")


def basket(user: User) -> dict[str, Any]:
    """Return the basket's page."""
    items = [*services.basket.contents(user)]
    return {
        "items": items,
        "sentence": replicate_pages.contents_sentence(services.from_basket(user)),
        **download_pages.of_basket(items),
        **_session(items),
        "emptied": 0 if items else services.basket.emptied(user).count(),
    }


def _session(items: Sequence[BasketItem]) -> dict[str, str]:
    """Return where the basket is opened in a session, or why it is not."""
    most = services.basket.OPENED
    if len(items) <= most:
        return {"session_url": pages.session_url(*(item.did for item in items))}
    text = _(
        "A session opens at most %(most)d at once; here are %(n)d. Make a dataset of them first."
    )
    return {"session_refusal": text % {"most": most, "n": len(items)}}


def added_sentence(added: Added) -> str:
    """Return what became of picked DIDs."""
    parts = [
        ngettext("%(n)d put into the basket.", "%(n)d put into the basket.", added.new)
        % {"n": added.new}
        if added.new or not added.known
        else "",
        ngettext("%(n)d was in it.", "%(n)d were in it.", added.known) % {"n": added.known}
        if added.known
        else "",
        _("Not found: %(dids)s.") % {"dids": ", ".join(map(str, added.missing[: words.MANY]))}
        if added.missing
        else "",
    ]
    return " ".join(filter(None, parts))


def as_list(items: Iterable[BasketItem]) -> str:
    """Return the DIDs, one a line."""
    return "".join(f"{item.did}\n" for item in items)


def as_csv(items: Iterable[BasketItem]) -> str:
    """Return the DIDs with what is known of them, a line each."""
    sheet = StringIO()
    writer = csv.writer(sheet)
    writer.writerow(SHEET)
    for item in items:
        row = (item.did_scope, item.did_name, item.did_type, item.files, item.bytes)
        writer.writerow([_harmless(value) if isinstance(value, str) else value for value in row])
    return sheet.getvalue()


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (ASVS 1.2.10)."""
    return f"'{cell}" if cell[:1] in set("=+-@\t\r") else cell
