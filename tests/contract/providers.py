"""What the tests of the providers share."""

from __future__ import annotations

from typing import Any

import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.signin import TIMEOUT, Portal

WRONG = "not-the-password"


def verified(portal: Portal, token: str) -> dict[str, Any]:
    """Return a token's claims after its signature was checked with the provider's keys."""
    keys = KeySet.import_key_set(requests.get(portal.metadata["jwks_uri"], timeout=TIMEOUT).json())
    return dict(jwt.decode(token, keys, algorithms=["RS256"]).claims)
