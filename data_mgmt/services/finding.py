"""Find data: in the index where a scope was read, live in Rucio where it was not."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import User
from data_mgmt.backends import DidInfo, DidType
from data_mgmt.query import (
    NAME,
    SCOPE,
    TYPE,
    And,
    Compare,
    Node,
    OneOf,
    Op,
    Word,
    conjuncts,
    keys,
)
from data_mgmt.query.text import parse
from data_mgmt.services import catalogue, harvest, index_keys, index_search
from data_mgmt.services.index_search import Extent, Page, Place
from vre_portal.budget import Budget

NO_PAGE = Page((), None)


@dataclass(frozen=True, slots=True)
class Live:
    """What scopes that are not in the index were asked: the rows, and who gave no answer."""

    items: tuple[DidInfo, ...]
    scopes: tuple[str, ...]
    silent: tuple[str, ...]
    cut: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a search found, and how much of it is known."""

    node: Node
    over: Extent
    page: Page
    live: Live | None
    #: Scopes that are not wholly read, and can't be asked live for this.
    partly: tuple[str, ...]
    unknown_keys: tuple[str, ...]
    waits_for_details: bool


def understood(user: User, text: str) -> tuple[Node, Extent]:
    """Return what a text asks for, and the scopes that this person would search for it.

    Raises
    ------
    InvalidRequest
        The text can't be read.
    """
    node = parse(text, scopes=index_search.visible_scopes(user))
    return node, index_search.extent(user, node)


def find(user: User, text: str, *, limit: int, after: Place | None = None) -> Finding:
    """Return a page of what is found, and on the first page what Rucio says live."""
    node, over = understood(user, text)
    question = _live_question(node)
    asks_live = question is not None and bool(over.unread)
    searched = Extent(over.known, over.rows, over.is_narrowed) if asks_live else over
    page = index_search.search(searched, node, limit=limit, after=after)
    live = _ask(user, over.unread, question) if question and asks_live and not after else None
    known = {key.name for key in index_keys.keys_of([*over.rows])}
    return Finding(
        node=node,
        over=over,
        page=page,
        live=live,
        partly=() if asks_live else over.unread,
        unknown_keys=tuple(sorted(keys(node) - known)),
        waits_for_details=index_search.waits_for_details(over, node),
    )


def _ask(user: User, scopes: tuple[str, ...], question: tuple[str, DidType | None]) -> Live:
    pattern, type_ = question
    found = catalogue.search_everywhere(
        user, scopes, pattern=pattern, type=type_, budget=Budget(catalogue.SERVICE)
    )
    harvest.refresh_soon([item.did for item in found.items])
    return Live(found.items, scopes, found.silent, found.cut)


def _live_question(node: Node) -> tuple[str, DidType | None] | None:
    """Return the pattern and type that Rucio is asked; None where it can't be asked for this."""
    pattern, type_ = "", ""
    for part in conjuncts(node):
        if isinstance(part, Compare | OneOf) and part.field.name == SCOPE and not part.field.is_key:
            if isinstance(part, Compare) and part.op is not Op.EQ:
                return None
        elif isinstance(part, Word) and not pattern:
            pattern = part.text if "*" in part.text else f"*{part.text}*"
        elif not isinstance(part, Compare) or part.field.is_key:
            return None
        elif part.field.name == NAME and part.op in {Op.EQ, Op.LIKE} and not pattern:
            pattern = str(part.value.value)
        elif part.field.name == TYPE and part.op is Op.EQ and not type_:
            type_ = str(part.value.value)
        else:
            return None
    return pattern or "*", DidType(type_) if type_ else None


def is_empty(node: Node) -> bool:
    """Whether a query asks for nothing in particular."""
    return node == And()
