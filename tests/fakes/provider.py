"""An OpenID provider on real HTTP for tests: keeps state, and misbehaves when told to."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import RSAKey

#: Made once: a new RSA key takes a good part of a second.
KEY = RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class FakeProvider:
    """State of the provider; `id_token_claims` overrides what a sign-in says."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: KEY)
    signing_key: RSAKey | None = None
    nonce: str = ""
    subject: str = "subject-1"
    claims: dict[str, Any] = field(default_factory=lambda: {"name": "Ada", "email": "a@b.eu"})
    id_token_claims: dict[str, Any] = field(default_factory=dict)
    id_token_header: dict[str, Any] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] | None = None
    refuse: dict[str, tuple[int, str]] = field(default_factory=dict)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    valid_refresh: str = "refresh-0"
    access_life: int = 3600
    refresh_with_id_token: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    #: What happens elsewhere while a refresh is on its way.
    meanwhile: Callable[[], None] = lambda: None

    def grants(self, kind: str) -> list[dict[str, str]]:
        """Return the token requests of one grant type."""
        return [form for path, form in self.requests if form.get("grant_type", "").endswith(kind)]

    def id_token(self, access_token: str) -> str:
        """Return a signed id_token, bent by `id_token_claims` (None removes a claim)."""
        now = int(time.time())
        half = sha256(access_token.encode()).digest()[:16]
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": "portal",
            "exp": now + 300,
            "iat": now,
            "nonce": self.nonce,
            "at_hash": urlsafe_b64encode(half).rstrip(b"=").decode(),
            **self.claims,
            **self.id_token_claims,
        }
        told = {name: value for name, value in claims.items() if value is not None}
        header = {"alg": "RS256", "kid": "one", **self.id_token_header}
        signed = {name: value for name, value in header.items() if value is not None}
        return jwt.encode(signed, told, self.signing_key or self.key)

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, Any]:
        """Return status and JSON of an endpoint."""
        with self.lock:
            self.requests.append((path, form))
            match path:
                case "/.well-known/openid-configuration":
                    return 200, self._discovery()
                case "/jwks":
                    return 200, {"keys": [self.key.as_dict(private=False, use="sig", alg="RS256")]}
                case "/userinfo":
                    return 200, self.userinfo or {"sub": self.subject, **self.claims}
                case "/token":
                    return self._token(form)
                case "/revoke":
                    return 200, {}
        return 404, {}

    def _discovery(self) -> dict[str, Any]:
        base = self.issuer.rstrip("/")
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{base}/authorize",
            "token_endpoint": f"{base}/token",
            "userinfo_endpoint": f"{base}/userinfo",
            "jwks_uri": f"{base}/jwks",
            "revocation_endpoint": f"{base}/revoke",
            **self.discovery,
        }

    def _token(self, form: dict[str, str]) -> tuple[int, Any]:
        kind = form["grant_type"].rpartition(":")[2]
        if kind in self.refuse:
            status, error = self.refuse[kind]
            return status, {"error": error}
        access = f"access-{len(self.requests)}"
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.access_life}
        if kind == "authorization_code":
            self.valid_refresh = "refresh-0"
            return 200, answer | {
                "refresh_token": self.valid_refresh,
                "id_token": self.id_token(access),
            }
        if kind == "refresh_token":
            if form["refresh_token"] != self.valid_refresh:
                return 400, {"error": "invalid_grant"}
            self.valid_refresh = f"refresh-{len(self.requests)}"
            self.meanwhile()
            told = {"id_token": self.id_token(access)} if self.refresh_with_id_token else {}
            return 200, answer | told | {"refresh_token": self.valid_refresh}
        audience = form["audience"]
        return 200, answer | {"access_token": f"{audience}-{len(self.requests)}", "expires_in": 600}


@contextmanager
def serve(provider: FakeProvider) -> Iterator[FakeProvider]:
    """Serve a provider on a free loopback port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
            self._answer({name: values[0] for name, values in parse_qs(body).items()})

        def _answer(self, form: dict[str, str]) -> None:
            status, value = provider.answer(urlsplit(self.path).path, form)
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    provider.issuer = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
