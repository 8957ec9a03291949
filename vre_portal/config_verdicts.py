"""The settings of signed verdicts, a part of the portal's."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)
from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode


class VerdictSettings(BaseSettings):
    """The key that signs verdicts, and those that did before."""

    signing_key_file: Path | None = Field(
        None,
        description="PEM (PKCS 8) of the Ed25519 key with which the site signs verdicts; production"
        " needs one, elsewhere verdicts without it are not signed",
    )
    signing_old_public_key_files: Annotated[list[Path], NoDecode] = Field(
        default_factory=list,
        description="Comma-separated PEMs of former public keys, published for good, since old "
        "verdicts are checked with them",
    )

    @field_validator("signing_old_public_key_files", mode="before")
    @classmethod
    def _split_files(cls, value: object) -> object:
        return [part for part in value.split(",") if part] if isinstance(value, str) else value

    def weak_signing_keys(self) -> Iterator[str]:
        """Yield what is wrong with the keys, each with the setting's name."""
        if self.signing_key_file is None or not _is_private(self.signing_key_file):
            yield (
                "VRE_SIGNING_KEY_FILE: an Ed25519 key (PEM) is needed: openssl genpkey -algorithm"
                " ed25519"
            )
        if not all(map(_is_public, self.signing_old_public_key_files)):
            yield (
                "VRE_SIGNING_OLD_PUBLIC_KEY_FILES: PEMs of Ed25519 public keys are needed: openssl"
                " pkey -pubout"
            )


def _is_private(file: Path) -> bool:
    try:
        key = load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return isinstance(key, Ed25519PrivateKey)


def _is_public(file: Path) -> bool:
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm):
        return False
    return isinstance(key, Ed25519PublicKey)
