"""Suspend a person, from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import suspension
from accounts.models import User
from vre_portal.errors import PortalError


class Command(BaseCommand):
    """`manage.py suspend HANDLE --reason TEXT`."""

    help = "Stop a person everywhere; their work waits."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person."""
        parser.add_argument("handle")
        parser.add_argument("--reason", required=True)

    def handle(self, *_: Any, handle: str, reason: str, **options: Any) -> None:
        """Do it, or say why not."""
        user = User.objects.filter(handle=handle).first()
        if user is None:
            raise CommandError(f"There is nobody called {handle}.")
        try:
            suspension.suspend(user, reason=reason)
        except PortalError as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(f"{handle}: suspended")
