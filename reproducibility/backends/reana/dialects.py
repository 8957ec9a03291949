"""Which dialect a REANA speaks: asked of it by what it can do, never by its version."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from reproducibility.backends.reana import rest
from reproducibility.backends.reana.parsing import parsing, rows, text
from reproducibility.backends.values import Dialect, NotOffered
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest, NotFound, UpstreamRefused

#: Workflows are made from a ZIP of their specification.
BUNDLES = "workflow-specification-bundles-v1"
KEPT_SECONDS = 300.0
#: What a server answers that was spoken to in a dialect which is not its own.
UPGRADED = (InvalidRequest, NotFound, NotOffered, UpstreamRefused)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a REANA said of itself without a login."""

    version: str
    capabilities: frozenset[str]

    @property
    def dialect(self) -> Dialect:
        """How it is spoken to."""
        return Dialect(bundles=BUNDLES in self.capabilities, bearer=not rest.in_query())


class Dialects:
    """What each address speaks, remembered for minutes: a site may upgrade under the portal."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: dict[str, tuple[float, Spoken]] = {}

    def spoken(self) -> Spoken:
        """Return what the configured REANA speaks."""
        address = str(get_config().reana_url)
        until, known = self._kept.get(address, (0.0, None))
        if known is None or self._clock() >= until:
            known = _understood(rest.fields(None, "GET", "/ping"))
            self._kept[address] = (self._clock() + KEPT_SECONDS, known)
        return known

    def speaking(self, ask: Callable[[Dialect], R]) -> R:
        """Ask in the dialect that is spoken; once more where that has changed since a moment ago.

        Only what made nothing is refused in these ways, so asking again does nothing twice.
        """
        believed = self.spoken().dialect
        try:
            return ask(believed)
        except UPGRADED:
            self._kept.pop(str(get_config().reana_url), None)
            if self.spoken().dialect == believed:
                raise
        return ask(self.spoken().dialect)


@parsing
def _understood(told: Mapping[str, Any]) -> Spoken:
    names = rows(told, "api_capabilities")
    return Spoken(text(told.get("reana_server_version")), frozenset(map(text, names)))
