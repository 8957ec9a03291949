"""The way that one came to a DID: the collections above it, kept in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from data_mgmt.backends import Did
from data_mgmt.services import DidView
from vre_portal.errors import InvalidRequest

DEEPEST = 8


@dataclass(frozen=True, slots=True)
class Step:
    """A collection on the way, and its page."""

    did: Did
    url: str


def way(view: DidView, query: Mapping[str, str]) -> tuple[Did, ...]:
    """Return the collections by which one came; else the first that holds the DID."""
    came = of_text(query.get("via", ""))
    if came and (view.parents is None or came[-1] in view.parents):
        return came
    return view.parents[:1] if view.parents else ()


def of_text(text: str) -> tuple[Did, ...]:
    """Read a way; nothing of it where a part is no DID."""
    try:
        return tuple(Did.parse(part) for part in text.split()[-DEEPEST:])
    except InvalidRequest:
        return ()


def steps(dids: Sequence[Did]) -> list[Step]:
    """Return each collection on a way as a link that keeps the way to it."""
    return [Step(did, address(did, dids[:number])) for number, did in enumerate(dids)]


def address(did: Did, came: Sequence[Did], **also: str) -> str:
    """Return the address of a DID's page with the way to it."""
    query = {**also, "via": text_of(came)} if came else also
    page = reverse("data_mgmt:did", kwargs={"did": did})
    return f"{page}?{urlencode(query)}" if query else page


def text_of(came: Sequence[Did]) -> str:
    """Return a way as an address holds it."""
    return " ".join(map(str, came[-DEEPEST:]))
