"""Satellites of the portal's own issuer, in place of the site's file."""

from __future__ import annotations

from typing import Any

import pytest

from accounts import satellites
from accounts.satellites import Satellite
from tests.fakes.issuer_requests import CALLBACK, OTHER_SECRET

SECRET = "the secret of the hub, long enough"
HUB = {"client_id": "hub", "client_secret": SECRET, "redirect_uris": [CALLBACK]}
OTHER = {"client_id": "other", "client_secret": OTHER_SECRET, "redirect_uris": [CALLBACK]}
CLI = {"client_id": "cli", "name": "the command line", "grant": "device",
       "scopes": ["openid", "read", "data"]}  # fmt: skip


def register(monkeypatch: pytest.MonkeyPatch, *entries: dict[str, Any]) -> None:
    """Make the satellites these, as a start of the portal with another file would."""
    found = [Satellite.model_validate(entry) for entry in entries]
    told = {satellite.client_id: satellite for satellite in found}
    monkeypatch.setattr(satellites, "entries", lambda: told)
    satellites.sync_satellites()
