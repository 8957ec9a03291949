"""What a DID's page is made of: who asks for it, and the shape of its tabs, actions and notices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django.utils.functional import Promise

from accounts.models import User
from data_mgmt.backends import Did, DidInfo
from data_mgmt.forms import CopiesForm
from data_mgmt.metadata_forms import KeysFormSet
from data_mgmt.services import DidView, describe
from data_mgmt.services.catalogue import SERVICE
from vre_portal.budget import Budget


@dataclass(frozen=True, slots=True)
class Asked:
    """A DID's page as somebody asks for it; a form that was refused comes along.

    Whatever else is asked of Rucio shares the `budget`: a page waits once.
    """

    user: User
    view: DidView
    query: Mapping[str, str]
    budget: Budget
    form: CopiesForm | None = None
    keys: KeysFormSet | None = None

    @classmethod
    def of(
        cls,
        user: User,
        did: Did,
        query: Mapping[str, str],
        *,
        form: CopiesForm | None = None,
        keys: KeysFormSet | None = None,
    ) -> Self:
        """Ask what the page shows whatever its tab."""
        budget = Budget(SERVICE)
        return cls(user, describe(user, did, budget=budget), query, budget, form, keys)

    @property
    def did(self) -> Did:
        """The DID."""
        return self.view.info.did

    @property
    def info(self) -> DidInfo:
        """The DID as the catalogue has it."""
        return self.view.info


def nothing(_asked: Asked) -> Mapping[str, Any]:
    """Return no values."""
    return {}


def always(_info: DidInfo) -> bool:
    """Fit every DID."""
    return True


def of_collections(info: DidInfo) -> bool:
    """Fit datasets and containers."""
    return info.type.is_collection


def uncounted(_view: DidView) -> int | None:
    """Return no number."""
    return None


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab: its template gets the page's values, and its own, worked out only when it is open."""

    key: str
    title: str | Promise
    template: str
    values: Callable[[Asked], Mapping[str, Any]] = nothing
    fits: Callable[[DidInfo], bool] = always
    count: Callable[[DidView], int | None] = uncounted


@dataclass(frozen=True, slots=True)
class Piece:
    """An action beside the heading, or a notice above the tabs, on every tab alike."""

    template: str
    values: Callable[[Asked], Mapping[str, Any]] = nothing
    fits: Callable[[DidInfo], bool] = always


@dataclass(frozen=True, slots=True)
class ShownTab:
    """A tab as a link."""

    key: str
    title: str
    count: int | None
    current: bool
