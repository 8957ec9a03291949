"""The keys of the site's verdicts: the one that signs, and all that anybody may check with."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from vre_portal.config import get_config
from vre_portal.errors import NotFound


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key with which verdicts are checked; its id is the SHA-256 of its DER, in hex."""

    id: str
    pem: str
    raw: bytes

    @property
    def jwk(self) -> dict[str, str]:
        """Return it as a JSON Web Key (RFC 8037)."""
        x = urlsafe_b64encode(self.raw).decode().rstrip("=")
        return {
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": self.id, "x": x,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class SigningKey:
    """The site's key; the private half never shows in a representation."""

    public: PublicKey
    private: Ed25519PrivateKey = field(repr=False)

    def sign(self, statement: str) -> bytes:
        """Return the signature (64 bytes) over a statement's UTF-8."""
        return self.private.sign(statement.encode())


def signing_key() -> SigningKey | None:
    """Return the key that signs; None where the site has none, which only tests and demos may."""
    file = get_config().signing_key_file
    return _private_in(file) if file else None


def public_keys() -> tuple[PublicKey, ...]:
    """Return all published keys, the one that signs now first."""
    now = signing_key()
    former = [_public_in(file) for file in get_config().signing_old_public_key_files]
    return ((now.public,) if now else ()) + tuple(former)


def public_key(key_id: str = "") -> PublicKey:
    """Return a published key by its id, or the one that signs now.

    Raises
    ------
    NotFound
        The site never signed with such a key, or signs nothing.
    """
    for key in public_keys():
        if key_id in {"", key.id}:
            return key
    raise NotFound("This site has no such key. /.well-known/vre-verdict-keys.json lists them all.")


@cache
def _private_in(file: Path) -> SigningKey:
    private = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise TypeError(f"{file.name} holds no Ed25519 key")
    return SigningKey(_public(private.public_key()), private)


@cache
def _public_in(file: Path) -> PublicKey:
    key = load_pem_public_key(file.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{file.name} holds no Ed25519 public key")
    return _public(key)


def _public(key: Ed25519PublicKey) -> PublicKey:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return PublicKey(sha256(der).hexdigest(), pem.decode(), key.public_bytes_raw())
