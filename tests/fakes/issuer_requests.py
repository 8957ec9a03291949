"""Bad requests to the portal's own issuer: what differs from a good one, by what it is."""

from __future__ import annotations

import base64
import hashlib

CALLBACK = "http://127.0.0.1:9999/hub/oauth_callback"
OTHER_SECRET = "the secret of the other satellite"
VERIFIER = "v" * 64
_DIGEST = hashlib.sha256(VERIFIER.encode()).digest()
CHALLENGE = base64.urlsafe_b64encode(_DIGEST).rstrip(b"=").decode()

AUTHORIZE: dict[str, dict[str, str | None]] = {
    "a redirect with another path": {"redirect_uri": f"{CALLBACK}/more"},
    "a redirect with a slash": {"redirect_uri": f"{CALLBACK}/"},
    "a redirect to another port": {"redirect_uri": CALLBACK.replace("9999", "9998")},
    "a redirect to another host": {"redirect_uri": CALLBACK.replace("127.0.0.1", "evil.example")},
    "a redirect to another scheme": {"redirect_uri": CALLBACK.replace("http", "https")},
    "a redirect with user information": {"redirect_uri": CALLBACK.replace("//", "//a@")},
    "a redirect with a query": {"redirect_uri": f"{CALLBACK}?next=x"},
    "a redirect with a fragment": {"redirect_uri": f"{CALLBACK}#x"},
    "a script as redirect": {"redirect_uri": "javascript:alert(1)"},
    "an unknown client": {"client_id": "nobody"},
    "no client": {"client_id": None},
    "a client of the device flow": {"client_id": "cli"},
    "no PKCE": {"code_challenge": None, "code_challenge_method": None},
    "plain PKCE": {"code_challenge_method": "plain"},
    "PKCE without a method": {"code_challenge_method": None},
    "an unknown method of PKCE": {"code_challenge_method": "S512"},
    "a scope beyond": {"scope": "openid admin"},
    "a scope of another client": {"scope": "openid data"},
    "the implicit flow": {"response_type": "token"},
    "the hybrid flow": {"response_type": "code id_token"},
    "no response type": {"response_type": None},
    "an answer in the fragment": {"response_mode": "fragment"},
    "an answer as a form": {"response_mode": "form_post"},
    "a nonce that is too long": {"nonce": "n" * 256},
    "a challenge that is too long": {"code_challenge": "c" * 200},
    "a challenge that is none": {"code_challenge": "short"},
    "an age that is no number": {"max_age": "soon"},
    "an age below nothing": {"max_age": "-1"},
    "no page and a sign-in": {"prompt": "none login"},
    "a new account": {"prompt": "create"},
    "a new sign-in": {"prompt": "login"},
    "a new sign-in that was only said to be": {"prompt": "login", "since": "1700000000"},
    "claims that are none": {"claims": "{"},
    "a resource that is none": {"resource": "nowhere"},
    "a request object": {"request": "eyJ.e30."},
    "a request object elsewhere": {"request_uri": "http://127.0.0.1:9/x"},
    "a NUL character": {"nonce": "a\0b"},
    "a NUL character in the client": {"client_id": "hub\0"},
    "a NUL character in the redirect": {"redirect_uri": f"{CALLBACK}\0"},
}

REDEEM: dict[str, dict[str, str | None]] = {
    "a wrong secret": {"client_secret": "wrong"},
    "no secret": {"client_secret": None},
    "another client": {"client_id": "other", "client_secret": OTHER_SECRET},
    "an unknown client": {"client_id": "nobody"},
    "another redirect": {"redirect_uri": f"{CALLBACK}/"},
    "a wrong verifier": {"code_verifier": "w" * 64},
    "no verifier": {"code_verifier": None},
    "the challenge as verifier": {"code_verifier": CHALLENGE},
    "an unknown code": {"code": "unknown"},
    "no code": {"code": None},
    "the password grant": {"grant_type": "password", "username": "a", "password": "b"},
    "client credentials": {"grant_type": "client_credentials"},
    "an unknown grant": {"grant_type": "urn:x"},
    "no grant": {"grant_type": None},
    "a device code of nobody": {
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "x",
    },
    "no device code": {"grant_type": "urn:ietf:params:oauth:grant-type:device_code"},
    "a NUL character": {"code": "\0"},
    "a NUL character in the client": {"client_id": "\0"},
}  # fmt: skip
