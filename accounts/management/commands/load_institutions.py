"""Load a feed of institutions for the sign-in page."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import feeds, providers


class Command(BaseCommand):
    """`manage.py load_institutions FILE --provider SLUG`."""

    help = "Make the institutions that a provider reaches those of a file (.json or .csv)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take file and provider."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--provider", required=True)
        parser.add_argument("--hint-prefix", default="", help='before the entity id: "saml:"')
        parser.add_argument("--dry-run", action="store_true")

    def handle(self, *_: Any, file: Path, provider: str, **options: Any) -> None:
        """Load it, and say what changed."""
        chosen = providers.registry().get(provider)
        if chosen is None:
            known = ", ".join(providers.registry())
            raise CommandError(f"--provider: one of {known}.")
        if not chosen.hint_parameter:
            raise CommandError(
                f"{provider} has no hint_parameter in VRE_PROVIDERS_FILE: it would lead nobody "
                "straight to their institution."
            )
        try:
            done = feeds.load(
                file,
                provider=provider,
                hint_prefix=options["hint_prefix"],
                dry_run=options["dry_run"],
            )
        except feeds.FeedError as exc:
            raise CommandError(str(exc)) from exc
        for fault in done.faults:
            self.stderr.write(f"left out: {fault}")
        told = f"{done.added} added, {done.changed} changed, {done.removed} removed"
        self.stdout.write(f"{told}, {done.same} as before, {len(done.faults)} left out")
