"""The portal with a provider that will misbehave, and a browser that goes between the two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.test import Client
from django.utils import timezone

from accounts.models import Identity, User, WebSession
from accounts.providers import Provider
from tests.fakes.misbehaving.provider import CLIENT, SECRET, MisbehavingProvider


@dataclass
class Site:
    """One provider, called "bent" at the portal; `http` reaches what the test client can't."""

    bent: MisbehavingProvider
    client: Client
    http: requests.Session

    def configured(self, slug: str = "bent") -> Provider:
        """Return the provider as the portal has it."""
        return Provider(
            slug=slug,
            name="The bent institute",
            issuer=self.bent.issuer,
            client_id=CLIENT,
            client_secret=SECRET,
            **{"roles": ({"role": "member"},), **self.bent.entry},
        )

    def sign_in(self, **form: str) -> Any:
        """Return the last page of a sign-in; its redirect is not followed."""
        started = self.start(**form)
        return self.client.get(self.answer_of(started)) if started.status_code == 302 else started

    def start(self, **form: str) -> Any:
        """Return the redirect to the provider."""
        return self.client.post("/accounts/login/bent/", {"next": "/data/", **form})

    def answer_of(self, started: Any) -> str:
        """Return the path to which the provider sends the browser back."""
        answered = self.http.get(started["Location"], allow_redirects=False, timeout=10)
        callback = urlsplit(answered.headers["Location"])
        return f"{callback.path}?{callback.query}"

    def be(self, user: User) -> None:
        """Let somebody be signed in whose provider was another one, long ago."""
        self.client.force_login(user)
        identity = Identity.objects.create(
            user=user, provider="bent", issuer="https://home.example", subject="a"
        )
        key = self.client.session.session_key or ""
        WebSession.objects.create(
            session_key=key, user=user, identity=identity, auth_time=timezone.now()
        )

    def whoami(self) -> str | None:
        """Return who is signed in at this browser, None when nobody is."""
        return self.client.session.get("_auth_user_id")


def query_of(redirect: Any) -> dict[str, str]:
    """Return the parameters of a redirect."""
    return {
        name: values[0] for name, values in parse_qs(urlsplit(redirect["Location"]).query).items()
    }
