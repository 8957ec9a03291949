"""Delete a person's account without waiting."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import deletion
from accounts.models import User


class Command(BaseCommand):
    """`manage.py delete_account HANDLE --now`."""

    help = "Delete an account with all that the portal holds of it. It cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person, and the word that it is meant."""
        parser.add_argument("handle")
        parser.add_argument("--now", action="store_true", required=True)

    def handle(self, *_: Any, handle: str, **options: Any) -> None:
        """Delete it."""
        user = User.objects.filter(handle=handle).first()
        if user is None:
            raise CommandError(f"There is nobody called {handle}.")
        if deletion.is_ending(user):
            raise CommandError(
                f"What runs for {handle} elsewhere is being ended. Ask again in a minute."
            )
        if user.suspended_at is not None:
            self.stderr.write(f"{handle} is suspended; whoever signs in again is somebody new.")
        deletion.delete(user)
        self.stdout.write(f"{handle}: deleted")
