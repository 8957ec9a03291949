"""The portal as a small OpenID provider for its own satellites (the hub), and for nobody else."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.hashers import check_password
from oauth2_provider.models import get_application_model
from oauth2_provider.oauth2_validators import OAuth2Validator

from vre_portal.config import get_config


class SatelliteValidator(OAuth2Validator):  # type: ignore[misc]  # untyped base
    """Tells satellites the subject (never changes), the handle and the name."""

    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        """Return the claims of the id_token and of userinfo."""
        user = request.user
        return {
            "preferred_username": user.handle,
            "name": user.display_name,
            "groups": list(user.groups),
        }


def sync_satellites() -> None:
    """Make the registered clients those of the configuration: first-party, no consent page."""
    path = get_config().satellites_file
    if path is None:
        return
    application = get_application_model()
    entries = json.loads(path.read_text())
    application.objects.exclude(client_id__in=[entry["client_id"] for entry in entries]).delete()
    for entry in entries:
        client, _made = application.objects.get_or_create(client_id=entry["client_id"])
        client.name = entry.get("name", entry["client_id"])
        client.redirect_uris = " ".join(entry["redirect_uris"])
        client.client_type = application.CLIENT_CONFIDENTIAL
        client.authorization_grant_type = application.GRANT_AUTHORIZATION_CODE
        client.algorithm = application.RS256_ALGORITHM
        client.skip_authorization = True
        if not check_password(entry["client_secret"], client.client_secret):
            client.client_secret = entry["client_secret"]
        client.save()
