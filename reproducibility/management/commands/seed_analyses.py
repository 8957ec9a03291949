"""Take in analyses from folders: what the demo's seed uses, and a site may too."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from reproducibility import services


class Command(BaseCommand):
    """`manage.py seed_analyses FOLDER ...`: idempotent."""

    help = "Publish the analyses of some folders; doing it again changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the folders."""
        parser.add_argument("folders", nargs="+", type=Path)

    def handle(self, *_: Any, folders: list[Path], **options: Any) -> None:
        """Take each in."""
        for folder in folders:
            analysis = services.import_folder(folder)
            self.stdout.write(f"{analysis.slug}, version {analysis.version}")
