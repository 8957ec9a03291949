"""Tell the clients that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0)."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections.abc import Iterable

import requests
from jwcrypto import jwk, jwt
from oauth2_provider.settings import oauth2_settings
from oauth2_provider.utils import jwk_from_pem

from demo.iam.models import SignIn
from demo.iam.settings import CONFIGURATION

log = logging.getLogger(__name__)
EVENT = "http://schemas.openid.net/event/backchannel-logout"
SECONDS = 120
TIMEOUT = 5
TRIES = 2


def tell(sign_ins: Iterable[SignIn]) -> None:
    """Send a logout token for each sign-in to each client that listens, beside the answer."""
    ended = [(str(one.id), one.person.subject) for one in sign_ins]
    threading.Thread(target=_tell_all, args=(ended,), daemon=True).start()


def _tell_all(ended: list[tuple[str, str]]) -> None:
    for sid, subject in ended:
        for client in CONFIGURATION.clients:
            if client.backchannel_logout_uri:
                token = logout_token(client.client_id, subject=subject, sid=sid)
                _post(client.backchannel_logout_uri, token)


def _post(address: str, token: str) -> None:
    for _try in range(TRIES):
        try:
            form = {"logout_token": token}
            answer = requests.post(address, data=form, timeout=TIMEOUT, allow_redirects=False)
        except requests.RequestException as exc:
            log.warning("%s not told of a logout: %r", address, exc)
            continue
        if not answer.ok:
            log.warning("%s refused a logout token: %s", address, answer.text[:200])
        return


def logout_token(client_id: str, *, subject: str, sid: str) -> str:
    """Return a signed logout token (section 2.4)."""
    now = int(time.time())
    claims = {
        "iss": CONFIGURATION.issuer,
        "aud": client_id,
        "sub": subject,
        "sid": sid,
        "iat": now,
        "exp": now + SECONDS,
        "jti": str(uuid.uuid4()),
        "events": {EVENT: {}},
    }
    key: jwk.JWK = jwk_from_pem(oauth2_settings.OIDC_RSA_PRIVATE_KEY)
    header = {"typ": "logout+jwt", "alg": "RS256", "kid": key.thumbprint()}
    token = jwt.JWT(header=json.dumps(header), claims=json.dumps(claims))
    token.make_signed_token(key)
    return str(token.serialize())
