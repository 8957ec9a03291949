"""A person at the running portal without a screen: signs in by HTTP as a browser would."""

from __future__ import annotations

import requests

from demo.people import Person
from demo.process import wait_until
from demo.stack import Stack
from tests.signin import TIMEOUT, Portal, SignInError

ACCOUNTS_SECONDS = 60.0


class Browser:
    """One browser with its cookies, of somebody who signs in at their own provider."""

    def __init__(self, stack: Stack, person: Person) -> None:
        self.stack, self.person = stack, person
        self._provider = Portal(stack, person.provider)
        self._session = self._provider.browser

    @property
    def cookies(self) -> dict[str, str]:
        """Return the portal's cookies; they hold for every process that serves it."""
        return {c.name: c.value or "" for c in self._session.cookies if c.name.startswith("vre_")}

    @property
    def web(self) -> requests.Session:
        """Return what opens other addresses with the same cookies."""
        return self._session

    def get(self, path: str) -> requests.Response:
        """Open a page of the portal, or ask its API."""
        return self._session.get(self.stack.url("portal", path), timeout=TIMEOUT)

    def post(self, path: str, *, follow: bool = True, **fields: str) -> requests.Response:
        """Send a form of the portal."""
        secret = next(value for name, value in self.cookies.items() if name.startswith("vre_csrf"))
        return self._session.post(
            self.stack.url("portal", path),
            data={**fields, "csrfmiddlewaretoken": secret},
            allow_redirects=follow,
            timeout=TIMEOUT,
        )

    def sign_in(self) -> None:
        """Sign in with the password, accept the terms where they are asked, and have accounts."""
        self.get("/accounts/login/")
        asked = self.post(f"/accounts/login/{self.person.provider}/", follow=False)
        page = self._provider.follow(asked)
        if not self._provider.is_callback(page):
            password = self.person.password(self.stack)
            page = self._provider.enter_password(page, self.person.username, password)
        self._provider.callback(page)
        landed = self._session.get(page.headers["Location"], timeout=TIMEOUT)
        if "/accounts/terms/" in landed.url:
            landed = self.post("/accounts/terms/", accept="yes", next="/")
        if not landed.ok:
            raise SignInError(f"{landed.status_code} at {landed.url}")
        if not wait_until(self.has_accounts, ACCOUNTS_SECONDS):
            raise SignInError(f"no accounts: {self.get('/api/v1/me').text}")

    def has_accounts(self) -> bool:
        """Tell whether the account in each backend is ready."""
        told = self.get("/api/v1/me").json()
        return bool(told["backends"]) and all(
            account["state"] == "ready" for account in told["backends"]
        )
