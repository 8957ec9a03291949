"""Remove what the audit log has kept for long enough."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest


class Command(BaseCommand):
    """`manage.py forget_audit [--older-than DAYS]`."""

    help = "Remove entries of the audit log that are older than VRE_AUDIT_DAYS."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the days."""
        parser.add_argument("--older-than", type=int, default=None, metavar="DAYS", dest="days")

    def handle(self, *_: Any, days: int | None, **options: Any) -> None:
        """Remove them."""
        days = get_config().audit_days if days is None else days
        try:
            number = audit.forget(older_than=timedelta(days=days))
        except InvalidRequest as exc:
            raise CommandError(exc.message) from exc
        self.stdout.write(f"{number} entries removed")
