"""A real sign-in at a running demo provider, done by HTTP as a browser and the portal would.

    VRE_TEST_STACK=<state folder> python3 -m tests.signin researcher rucio

prints a person's access token, or one exchanged for the named audience.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import requests

from demo.people import PEOPLE, Person, issuer
from demo.stack import Stack

TIMEOUT = 10
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"
SCOPES = {
    "escape": "openid profile email offline_access wlcg.groups",
    "checkin": "openid profile email offline_access eduperson_entitlement voperson_id",
}


class SignInError(Exception):
    """The provider answered with something else than the next step."""


@dataclass(frozen=True)
class Tokens:
    """What a sign-in gives: the token endpoint's answer, and whose it is."""

    provider: str
    username: str
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    id_token: str = field(repr=False)
    scope: str


def running_stack() -> Stack:
    """Return the stack whose state folder VRE_TEST_STACK names."""
    state = Path(os.environ["VRE_TEST_STACK"])
    return Stack(state=state, port=json.loads((state / "stack.json").read_text())["port"])


def sign_in(stack: Stack, username: str) -> Tokens:
    """Sign one of the demo's people in with their own password, as the portal's client."""
    person = next(person for person in PEOPLE if person.username == username)
    return Portal(stack, person.provider).sign_in(person)


def exchange(stack: Stack, tokens: Tokens, audience: str, *, scope: str = "openid profile") -> str:
    """Return the person's access token for one service (RFC 8693)."""
    answer = Portal(stack, tokens.provider).exchange(tokens.access_token, audience, scope=scope)
    if not answer.ok:
        raise SignInError(f"{audience}: {answer.text}")
    return str(answer.json()["access_token"])


def claims_of(token: str) -> dict[str, Any]:
    """Return the claims of a JWT without a look at its signature."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(
        base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    )
    return claims


class Portal:
    """The portal's client at one provider, and one browser with its cookies."""

    def __init__(self, stack: Stack, provider: str) -> None:
        self.stack = stack
        self.provider = provider
        self.issuer = issuer(stack, provider)
        self.browser = requests.Session()
        self.redirect_uri = stack.url("portal", f"/accounts/callback/{provider}/")
        self.credentials = ("portal", stack.secret(f"iam-{provider}-portal-client"))
        document = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        self.metadata: dict[str, Any] = requests.get(document, timeout=TIMEOUT).json()

    def sign_in(self, person: Person, **extra: str) -> Tokens:
        """Walk the code flow with PKCE from the authorization request to the tokens."""
        verifier = secrets.token_urlsafe(48)
        page = self.authorize(verifier, **extra)
        if not self.is_callback(page):
            page = self.enter_password(page, person.username, person.password(self.stack))
        answer = self.redeem(self.callback(page)["code"], verifier)
        if not answer.ok:
            raise SignInError(answer.text)
        return self.tokens(answer, person.username)

    def authorize(self, verifier: str | None, **extra: str) -> requests.Response:
        """Open the authorization endpoint; stop before the portal's callback."""
        asked = {
            "response_type": "code",
            "client_id": self.credentials[0],
            "redirect_uri": self.redirect_uri,
            "scope": SCOPES[self.provider],
            "state": secrets.token_urlsafe(16),
            "nonce": secrets.token_urlsafe(16),
        }
        if verifier is not None:
            digest = hashlib.sha256(verifier.encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            asked |= {"code_challenge": challenge, "code_challenge_method": "S256"}
        answer = self.browser.get(
            self.metadata["authorization_endpoint"],
            params={**asked, **extra},
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        return self.follow(answer)

    def enter_password(
        self, page: requests.Response, username: str, password: str
    ) -> requests.Response:
        """Fill in the password page and send it."""
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text))
        if "csrfmiddlewaretoken" not in hidden:
            raise SignInError(f"no password page but {page.status_code} at {page.url}")
        filled = {name: value.replace("&amp;", "&") for name, value in hidden.items()}
        answer = self.browser.post(
            urljoin(page.url, "/login/"),
            data={**filled, "username": username, "password": password},
            allow_redirects=False,
            timeout=TIMEOUT,
        )
        return self.follow(answer)

    def follow(self, answer: requests.Response) -> requests.Response:
        """Follow redirects inside the provider only."""
        while answer.is_redirect and not self.is_callback(answer):
            target = urljoin(answer.url, answer.headers["Location"])
            answer = self.browser.get(target, allow_redirects=False, timeout=TIMEOUT)
        return answer

    def is_callback(self, answer: requests.Response) -> bool:
        """Tell whether the provider sends the browser back to the portal."""
        return answer.headers.get("Location", "").startswith(self.stack.url("portal", "/"))

    def callback(self, answer: requests.Response) -> dict[str, str]:
        """Return the parameters with which the browser would come back to the portal."""
        if not self.is_callback(answer):
            raise SignInError(f"no callback but {answer.status_code} at {answer.url}")
        query = parse_qs(urlsplit(answer.headers["Location"]).query)
        return {name: values[0] for name, values in query.items()}

    def redeem(self, code: str, verifier: str) -> requests.Response:
        """Take the code to the token endpoint."""
        return self.ask_tokens(
            grant_type="authorization_code",
            code=code,
            redirect_uri=self.redirect_uri,
            code_verifier=verifier,
        )

    def refresh(self, refresh_token: str) -> requests.Response:
        """Use a refresh token."""
        return self.ask_tokens(grant_type="refresh_token", refresh_token=refresh_token)

    def exchange(
        self, subject_token: str, audience: str, *, scope: str = "openid profile"
    ) -> requests.Response:
        """Ask for a token for one service."""
        return self.ask_tokens(
            grant_type=EXCHANGE,
            subject_token=subject_token,
            subject_token_type=ACCESS_TOKEN_TYPE,
            audience=audience,
            scope=scope,
        )

    def ask_tokens(self, **fields: str) -> requests.Response:
        """Post to the token endpoint as the authenticated client."""
        return requests.post(
            self.metadata["token_endpoint"], data=fields, auth=self.credentials, timeout=TIMEOUT
        )

    def userinfo(self, access_token: str) -> requests.Response:
        """Ask who the token's person is."""
        bearer = {"Authorization": f"Bearer {access_token}"}
        return requests.get(self.metadata["userinfo_endpoint"], headers=bearer, timeout=TIMEOUT)

    def tokens(self, answer: requests.Response, username: str) -> Tokens:
        """Read the token endpoint's answer."""
        granted = answer.json()
        return Tokens(
            provider=self.provider,
            username=username,
            access_token=granted["access_token"],
            refresh_token=granted["refresh_token"],
            id_token=granted["id_token"],
            scope=granted["scope"],
        )


if __name__ == "__main__":
    signed_in = sign_in(running_stack(), sys.argv[1])
    wanted = sys.argv[2:]
    token = exchange(running_stack(), signed_in, wanted[0]) if wanted else signed_in.access_token
    sys.stdout.write(f"{token}\n")
