"""Is the portal alive, is it ready, and what is the state of each backend behind it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from celery import shared_task
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy

from vre_portal.config import get_config
from vre_portal.errors import PortalError
from vre_portal.http import call

log = logging.getLogger(__name__)
CHECK_SECONDS = 4.0
KEEP_SECONDS = 24 * 3600
PURPOSES = {
    "rucio": gettext_lazy("Data: catalogue and copies"),
    "jupyterhub": gettext_lazy("Interactive sessions"),
    "reana": gettext_lazy("Workflows and reproduction"),
}
NAMES: Mapping[str, str] = {
    "rucio": "Rucio",
    "jupyterhub": "JupyterHub",
    "reana": "REANA",
    # The site says which one it is.
    "deposits": lazy(lambda: get_config().deposit_name, str)(),
}


@dataclass(frozen=True, slots=True)
class BackendState:
    """What is known of a backend: `since` is when it went down, None while it answers."""

    service: str
    name: str
    up: bool | None
    since: datetime | None = None

    @property
    def state(self) -> str:
        """One of up, down, unknown."""
        return "unknown" if self.up is None else "up" if self.up else "down"


def backend_states() -> list[BackendState]:
    """Return the last known state of every configured backend, without asking any."""
    known = _known()
    return [
        BackendState(service, NAMES[service], **known.get(service, {"up": None}))
        for service in addresses()
    ]


def is_down(service: str) -> bool:
    """Whether the last check found a backend down: pages then don't wait for it."""
    return _known().get(service, {}).get("up") is False


def addresses() -> dict[str, str]:
    """Return the address that answers without a sign-in, by configured backend."""
    config = get_config()
    probes = {
        "rucio": config.rucio_url and f"{config.rucio_url}/ping",
        "jupyterhub": config.hub_api_url and f"{config.hub_api_url}/",
        "reana": config.reana_url and f"{config.reana_url}/api/ping",
    }
    return {service: url for service, url in probes.items() if url}


@shared_task(name="portal.check_backends")
def check_backends() -> None:
    """Ask every backend whether it answers, and remember since when it does not."""
    for service, url in addresses().items():
        up = _answers(service, url)
        since = None if up else _known().get(service, {}).get("since") or datetime.now(UTC)
        cache.set(f"backend:{service}", {"up": up, "since": since}, KEEP_SECONDS)


def _answers(service: str, url: str) -> bool:
    try:
        return call(NAMES[service], "GET", url, timeout=CHECK_SECONDS).ok
    except PortalError:
        return False


def _known() -> dict[str, dict[str, Any]]:
    found = cache.get_many([f"backend:{service}" for service in addresses()])
    return {key.removeprefix("backend:"): value for key, value in found.items()}


def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process runs."""
    return JsonResponse({"status": "alive"})


def readyz(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the database answers; backends are told, and do not count."""
    try:
        connection.ensure_connection()
    except DatabaseError as exc:
        log.warning("database does not answer: %s", exc)
        return JsonResponse({"status": "no database"}, status=503)
    states = [asdict(state) for state in backend_states()]
    return JsonResponse({"status": "ready", "backends": states})
