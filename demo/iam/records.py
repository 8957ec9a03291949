"""What a provider's database must hold at its start: tables, clients, people."""

from __future__ import annotations

from django.core.management import call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from oauth2_provider.models import Application, clear_expired

from demo.iam.configuration import Configuration
from demo.iam.models import Person


def migrate() -> None:
    """Apply the migrations that are missing, without the costly command when none is."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)


def load(configuration: Configuration) -> None:
    """Make clients and people what the configuration says, and drop tokens that have expired."""
    with transaction.atomic():
        load_clients(configuration)
        load_people(configuration)
    clear_expired()


def load_clients(configuration: Configuration) -> None:
    """Register exactly the configured clients; all are first-party, so that none asks consent."""
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
