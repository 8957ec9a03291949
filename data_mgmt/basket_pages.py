"""What the pages of the basket show, worked out before any template sees it."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from data_mgmt import pages, services, words
from data_mgmt.forms import CopiesForm
from data_mgmt.models import BasketItem
from data_mgmt.services import Added, Outcome
from vre_portal.components.formats import number, size

SHEET = ("scope", "name", "type", "files", "bytes")


def basket(user: User) -> dict[str, Any]:
    """Return the basket's page."""
    items = [*services.basket.contents(user)]
    return {
        "items": items,
        "sentence": contents_sentence(items),
        "emptied": 0 if items else services.basket.emptied(user).count(),
    }


def contents_sentence(items: Sequence[BasketItem]) -> str:
    """Return how much is in the basket."""
    if not items:
        return _("Nothing is in it.")
    text = ngettext("%(n)s of %(size)s.", "%(n)s together of %(size)s.", len(items)) % {
        "n": _of(len(items)),
        "size": size(sum(item.bytes or 0 for item in items)),
    }
    unknown = sum(item.bytes is None for item in items)
    if not unknown:
        return text
    more = ngettext("The size of %(n)s is not known.", "The sizes of %(n)s are not known.", unknown)
    return f"{text} {more % {'n': number(unknown)}}"


def _of(count: int) -> str:
    return ngettext("%(n)s item", "%(n)s items", count) % {"n": number(count)}


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


def copies(
    user: User, items: Sequence[BasketItem], chosen: str, *, form: CopiesForm | None = None
) -> dict[str, Any]:
    """Return the page that asks where copies of all are to go."""
    view = services.as_one(user, items)
    cards = pages.storage_cards(view, chosen)
    checked = next((card.name for card in cards if card.checked), "")
    estimate = services.preview(view, checked) if checked else None
    return {
        "items": items,
        "sentence": contents_sentence(items),
        "cards": cards,
        "estimate": pages.estimated(estimate) if estimate else None,
        "form": form or CopiesForm(),
    }


def outcomes(found: Sequence[Outcome], storage: str) -> dict[str, Any]:
    """Return the page that tells what became of each DID."""
    asked = [outcome for outcome in found if outcome.is_new]
    there = [outcome for outcome in found if outcome.request and not outcome.is_new]
    failed = [outcome for outcome in found if outcome.problem]
    counts = [
        ngettext("%(n)s request is on its way", "%(n)s requests are on their way", len(asked))
        % {"n": number(len(asked))}
        if asked
        else "",
        ngettext("%(n)s is already there", "%(n)s are already there", len(there))
        % {"n": number(len(there))}
        if there
        else "",
        ngettext("%(n)s could not be asked for", "%(n)s could not be asked for", len(failed))
        % {"n": number(len(failed))}
        if failed
        else "",
    ]
    return {
        "storage": storage,
        "sentence": ", ".join(filter(None, counts)) + ".",
        "asked": [pages.request_line(outcome.request) for outcome in asked if outcome.request],
        "there": [pages.request_line(outcome.request) for outcome in there if outcome.request],
        "failed": failed,
    }
