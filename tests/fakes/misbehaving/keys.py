"""Keys of the misbehaving provider: made once, for a new RSA key takes a good part of a second."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal
from warnings import catch_warnings

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import ECKey, Key, OKPKey, RSAKey

#: The key with which the provider signs unless a case says otherwise, and one that it never had.
KEY = RSAKey.generate_key(2048, {"kid": "one"})
STRANGE_KEY = RSAKey.generate_key(2048, {"kid": "one"})


@cache
def ec(curve: Literal["P-256", "P-384", "P-521", "secp256k1"] = "P-256") -> Key:
    """Return an elliptic-curve key."""
    return ECKey.generate_key(curve, {"kid": "one"})


@cache
def okp(curve: Literal["Ed25519", "Ed448", "X25519", "X448"] = "Ed25519") -> Key:
    """Return an Edwards- or Montgomery-curve key."""
    return OKPKey.generate_key(curve, {"kid": "one"})


@cache
def short() -> Key:
    """Return an RSA key of 1024 bits, which joserfc itself does not make."""
    with catch_warnings(action="ignore"):
        return RSAKey.import_key(
            rsa.generate_private_key(public_exponent=65537, key_size=1024), {"kid": "one"}
        )


def published(key: Key, **members: Any) -> dict[str, Any]:
    """Return the public half of a key as a JWKS shows it."""
    return dict(key.as_dict(private=False, **members))
