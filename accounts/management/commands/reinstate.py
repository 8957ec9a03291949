"""Reinstate a person, from the command line."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import suspension
from accounts.models import User
from vre_portal.errors import PortalError


class Command(BaseCommand):
    """`manage.py reinstate HANDLE`."""

    help = "Let a suspended person in again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the person."""
        parser.add_argument("handle")

    def handle(self, *_: Any, handle: str, **options: Any) -> None:
        """Do it, or say why not."""
        user = User.objects.filter(handle=handle).first()
        if user is None:
            raise CommandError(f"There is nobody called {handle}.")
        try:
            suspension.reinstate(user)
        except PortalError as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(f"{handle}: reinstated")
