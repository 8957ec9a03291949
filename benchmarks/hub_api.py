"""The hub's API as a script calls it, without the portal."""

from __future__ import annotations

import json
import time

import requests

TIMEOUT = 60


class Hub:
    """A hub by its REST API, with a service's token."""

    def __init__(self, api: str, token: str) -> None:
        self.api, self.token = api, token
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.headers["Authorization"] = f"token {token}"

    def call(self, method: str, path: str, **kwargs: object) -> requests.Response:
        """Send one request."""
        url = f"{self.api}{path}"
        return self._session.request(method, url, timeout=TIMEOUT, **kwargs)  # type: ignore[arg-type]

    def start(self, handle: str, server: str, options: dict[str, str]) -> float:
        """Start a server, and return after how many seconds the hub answered."""
        began = time.monotonic()
        answer = self.call(
            "POST", f"/users/{handle}/servers/{server}", json={"user_options": options}
        )
        answer.raise_for_status()
        return time.monotonic() - began

    def stop(self, handle: str, server: str) -> None:
        """Stop and forget a server, and wait until it is gone."""
        path = f"/users/{handle}/servers/{server}"
        for _ in range(60):
            if self.call("DELETE", path, json={"remove": True}).status_code in {204, 404}:
                return
            time.sleep(0.5)
        raise TimeoutError(f"The hub does not stop {server}.")

    def ready_at(self, handle: str, server: str) -> float:
        """Read the progress of a start, and return when the hub said that it is ready."""
        path = f"/users/{handle}/servers/{server}/progress"
        with self.call("GET", path, stream=True) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                told = json.loads(line[5:]) if line.startswith(b"data:") else {}
                if told.get("failed"):
                    raise RuntimeError(told["message"])
                if told.get("ready"):
                    return time.monotonic()
        raise RuntimeError("The progress ended before the session was ready.")

    def active(self) -> tuple[float, int]:
        """List what runs, and return the seconds that it took and how many servers these are."""
        began = time.monotonic()
        users = self.call("GET", "/users?state=active&limit=200").json()
        return time.monotonic() - began, sum(len(user["servers"]) for user in users)
