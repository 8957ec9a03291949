"""Prepare a provider's start: signing key first, then all that lies in the database."""

from __future__ import annotations

import os
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.iam.configuration import read_configuration
from demo.stack import write_private


def main() -> None:
    """Do it all in one process, which must be fast: it runs before each start."""
    configuration = read_configuration(Path(os.environ["IAM_CONFIGURATION"]))
    make_signing_key(Path(configuration.key_file))
    django.setup()
    from demo.iam import records  # noqa: PLC0415  # its models need Django to be set up

    records.migrate()
    records.load(configuration)


def make_signing_key(path: Path) -> None:
    """Make the RSA key at the first start; tokens stay valid over the later ones."""
    if path.exists():
        return
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    text = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_private(path, text.decode())


if __name__ == "__main__":
    main()
