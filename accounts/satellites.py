"""The clients of the portal's own issuer: first-party, from the site's file, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from django.contrib.auth.hashers import check_password
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_device_grant_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)
from oauth2_provider.scopes import SettingsScopes

from accounts.models import User
from vre_portal.config import get_config

#: What a client may ask for when its entry does not say.
USUAL_SCOPES = ("openid", "profile")


@cache
def entries() -> Mapping[str, Mapping[str, Any]]:
    """Return the entries of the site's file by client id."""
    path = get_config().satellites_file
    told = json.loads(path.read_text()) if path else []
    return {entry["client_id"]: entry for entry in told}


def sync_satellites() -> None:
    """Make the registered clients those of the configuration: first-party, no consent page."""
    application = get_application_model()
    application.objects.exclude(client_id__in=list(entries())).delete()
    for client_id, entry in entries().items():
        client, _made = application.objects.get_or_create(client_id=client_id)
        secret, device = entry.get("client_secret", ""), entry.get("grant") == "device"
        client.name = entry.get("name", client_id)
        client.redirect_uris = " ".join(entry.get("redirect_uris", []))
        client.client_type = (
            application.CLIENT_CONFIDENTIAL if secret else application.CLIENT_PUBLIC
        )
        client.authorization_grant_type = (
            application.GRANT_DEVICE_CODE if device else application.GRANT_AUTHORIZATION_CODE
        )
        client.algorithm = application.RS256_ALGORITHM
        client.skip_authorization = True
        if secret and not check_password(secret, client.client_secret):
            client.client_secret = secret
        client.save()


class SatelliteScopes(SettingsScopes):  # type: ignore[misc]  # untyped base
    """Each client may ask for its own scopes only, as the configuration lists them."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes of a client; without one, all."""
        known = list(super().get_available_scopes(application, request))
        if application is None:
            return known
        allowed = entries().get(application.client_id, {}).get("scopes", USUAL_SCOPES)
        return [scope for scope in known if scope in allowed]

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what a client gets that asks for nothing in particular."""
        return ["openid"]


def end_grants(user: User) -> None:
    """End every token and code that the portal has issued for a user."""
    for model in (
        get_refresh_token_model(), get_id_token_model(), get_access_token_model(),
        get_grant_model(), get_device_grant_model(),
    ):  # fmt: skip
        model.objects.filter(user=user).delete()
