"""Check a file of OpenID providers without using it."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import yaml
from django.core.management.base import BaseCommand, CommandError

from accounts import providers
from accounts.site_files import SiteFileError


class Command(BaseCommand):
    """`manage.py check_providers FILE [--as-json]`."""

    help = "Name every fault of a file of providers, each by its entry and field."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the file."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--as-json", action="store_true", help="print the entries, secrets too")

    def handle(self, *_: Any, file: Path, as_json: bool, **options: Any) -> None:
        """Check it."""
        try:
            found = providers.read(file)
        except SiteFileError as exc:
            raise CommandError(str(exc)) from exc
        if as_json:
            self.stdout.write(json.dumps(yaml.safe_load(file.read_text()) or []))
            return
        self.stdout.write(f"{len(found)} providers: {', '.join(found)}")
