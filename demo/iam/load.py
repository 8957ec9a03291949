"""Bring a provider's signing key, tables, clients and people up to its configuration."""

from __future__ import annotations

import os
from pathlib import Path

import django
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from demo.iam.configuration import Configuration, read_configuration
from demo.stack import write_private


def main() -> None:
    """Do it all in one process, which must be fast: it runs before each start."""
    configuration = read_configuration(Path(os.environ["IAM_CONFIGURATION"]))
    make_signing_key(Path(configuration.key_file))
    django.setup()
    migrate()
    load(configuration)


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


def migrate() -> None:
    """Apply the migrations that are missing, without the costly command when none is."""
    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def load(configuration: Configuration) -> None:
    """Make clients and people what the configuration says, and drop tokens that have expired."""
    from django.db import transaction
    from oauth2_provider.models import clear_expired

    with transaction.atomic():
        load_clients(configuration)
        load_people(configuration)
    clear_expired()


def load_clients(configuration: Configuration) -> None:
    """Register exactly the configured clients; all are first-party, so that none asks consent."""
    from oauth2_provider.models import Application

    for client in configuration.clients:
        grant = "authorization-code" if client.redirect_uris else "client-credentials"
        Application.objects.update_or_create(
            client_id=client.client_id,
            defaults={
                "name": client.name,
                "client_type": Application.CLIENT_CONFIDENTIAL,
                "authorization_grant_type": grant,
                "client_secret": client.secret_hash,
                "redirect_uris": " ".join(client.redirect_uris),
                "post_logout_redirect_uris": " ".join(client.post_logout_redirect_uris),
                "skip_authorization": True,
                "algorithm": Application.RS256_ALGORITHM,
            },
        )
    known = [client.client_id for client in configuration.clients]
    Application.objects.exclude(client_id__in=known).delete()


def load_people(configuration: Configuration) -> None:
    """Write the configured people; one who is no longer there cannot sign in any more."""
    from demo.iam.models import Person

    for person in configuration.people:
        Person.objects.update_or_create(
            username=person.username,
            defaults={
                "subject": person.subject,
                "name": person.name,
                "email": person.email,
                "role": person.role,
                "groups": list(person.groups),
                "password": person.password_hash,
                "is_active": True,
            },
        )
    known = [person.username for person in configuration.people]
    Person.objects.exclude(username__in=known).update(is_active=False)


if __name__ == "__main__":
    main()
