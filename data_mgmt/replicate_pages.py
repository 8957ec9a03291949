"""What the form that asks for copies shows: storages as cards, and the estimate beside them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from data_mgmt import pages, replicate_words, services
from data_mgmt.did_shapes import Asked
from data_mgmt.forms import CopiesForm
from data_mgmt.models import ReplicaRequest
from data_mgmt.services import DidView, Estimate, Outcome, Picked, acting
from vre_portal.components.formats import number, size


@dataclass(frozen=True, slots=True)
class Card:
    """A storage as a choice."""

    name: str
    place: str
    quota: str
    state: str
    word: str
    disabled: bool
    checked: bool


@dataclass(frozen=True, slots=True)
class Estimated:
    """An estimate as a page shows it: the sentence, and the request that stands already."""

    storage: str
    sentence: str
    there: pages.Line | None = None
    quota_url: str = ""


def cards(view: DidView, chosen: Sequence[str], *, is_member: bool = False) -> list[Card]:
    """Return each storage as a choice; a group's quota may suffice where one's own does not."""
    found = []
    for option in services.storage_options(view):
        state, word = replicate_words.there(option, view.info.files or 0)
        fits = option.fits or option.storage.takes_approval or is_member
        can = option.storage.is_writable and fits
        found.append(
            Card(
                name=option.storage.name,
                place=replicate_words.place(option),
                quota=replicate_words.quota(option),
                state=state,
                word=word,
                disabled=not can,
                checked=option.storage.name in chosen and can,
            )
        )
    return found


def estimated(
    found: Iterable[Estimate],
    form: CopiesForm | None = None,
    standing: Iterable[ReplicaRequest] = (),
) -> dict[str, Any]:
    """Return the estimates, and what has to be said to them: a second yes, a wish for approval."""
    all_found = list(found)
    there = {row.storage: pages.request_line(row) for row in standing}
    rows = [
        Estimated(
            each.storage,
            replicate_words.estimate_sentence(each),
            there.get(each.storage),
            _quota_url(each) if not each.fits else "",
        )
        for each in all_found
    ]
    large = [each for each in all_found if each.confirm_large]
    unfit = [each for each in all_found if each.may_ask_approval and not each.needs_approval]
    who = sorted({replicate_words.approvers(each) for each in unfit})
    return {
        "estimates": rows,
        "together": _together(all_found),
        "large": size(sum(each.recall_bytes for each in large)) if large else "",
        "approval_by": ", ".join(who),
        "said_large": bool(form and form.data.get("confirm_large")),
        "said_approval": bool(form and form.data.get("ask_approval")),
    }


def _together(found: Sequence[Estimate]) -> str:
    if len(found) < 2:
        return ""
    return _("Together: %(size)s in %(n)s copies.") % {
        "size": size(sum(each.bytes_to_move for each in found)),
        "n": len(found),
    }


def _quota_url(estimate: Estimate) -> str:
    try:
        address = reverse("data_mgmt:quota-ask")
    except NoReverseMatch:
        return ""
    query = {"storage": estimate.storage, "bytes": estimate.quota_after}
    return f"{address}?{urlencode(query)}"


def of_did(asked: Asked) -> dict[str, Any]:
    """Return the form on a DID's page, and the requests that the user has for it."""
    view, form = asked.view, asked.form
    chosen = form.storages() if form else [name for name in [asked.query.get("storage")] if name]
    actors = acting.actors(asked.user)
    shown = cards(view, chosen, is_member=len(actors) > 1)
    picked = [card.name for card in shown if card.checked]
    mine = services.requests_of_did(asked.user.pk, asked.did)
    found = [estimate for name in picked if (estimate := services.preview(view, name))]
    return {
        "cards": shown,
        "form": form or CopiesForm(),
        "actors": actors,
        "requests": [pages.request_line(row) for row in mine],
        **estimated(found, form, standing(mine)),
    }


def standing(requests: Iterable[ReplicaRequest]) -> list[ReplicaRequest]:
    """Return the requests whose copy is there, or on its way."""
    return [row for row in requests if row.can_cancel]


def of_several(
    user: User, items: Sequence[Picked], chosen: Sequence[str], form: CopiesForm | None = None
) -> dict[str, Any]:
    """Return the page that asks where copies of all are to go."""
    several = services.as_one(user, items)
    actors = acting.actors(user)
    shown = cards(several.view, chosen, is_member=len(actors) > 1)
    picked = [card.name for card in shown if card.checked]
    return {
        "items": items,
        "sentence": contents_sentence(items),
        "cards": shown,
        "actors": actors,
        "form": form or CopiesForm(),
        **estimated(services.estimates_of(several, picked), form),
    }


def contents_sentence(items: Sequence[Picked]) -> str:
    """Return how much was picked."""
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


def outcomes(found: Sequence[Outcome]) -> dict[str, Any]:
    """Return the page that tells what became of each wish."""
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
        "storage": ", ".join(dict.fromkeys(outcome.storage for outcome in found)),
        "sentence": ", ".join(filter(None, counts)) + ".",
        "asked": [pages.request_line(outcome.request) for outcome in asked if outcome.request],
        "there": [pages.request_line(outcome.request) for outcome in there if outcome.request],
        "failed": failed,
    }
