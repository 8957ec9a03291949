"""Take in analyses from folders: what the demo's seed uses, and a site may too."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from reproducibility import services
from vre_portal.errors import InvalidRequest


class Command(BaseCommand):
    """`manage.py seed_analyses FOLDER ...`: idempotent."""

    help = "Publish the analyses of some folders; doing it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folders."""
        parser.add_argument("folders", nargs="+", type=Path)

    def handle(self, *_: Any, folders: list[Path], **options: Any) -> None:
        """Take each in."""
        for folder in folders:
            try:
                analysis = services.import_folder(folder)
            except InvalidRequest as exc:
                raise CommandError(exc.message) from exc
            self.stdout.write(f"{analysis.slug}, version {analysis.newest.number}")
