"""Read scopes of Rucio into the index now, until nothing is left."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from data_mgmt.models_index import IndexedScope
from data_mgmt.services import harvest, index_keys
from vre_portal.errors import PortalError


class Command(BaseCommand):
    """`manage.py harvest [SCOPE ...] [--whole]`."""

    help = "Read scopes into the index of data, all unless some are named, until they are read."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the scopes."""
        parser.add_argument("scopes", nargs="*", metavar="SCOPE")
        parser.add_argument("--whole", action="store_true", help="read all names again")

    def handle(self, *_: Any, scopes: list[str], whole: bool, **options: Any) -> None:
        """Read them one after the other."""
        try:
            harvest.find_scopes()
        except PortalError as exc:
            raise CommandError(exc.message) from exc
        known = [*IndexedScope.objects.values_list("scope", flat=True).order_by("scope")]
        unknown = sorted({*scopes} - {*known})
        if unknown:
            raise CommandError(f"There is no scope {', '.join(unknown)}.")
        for scope in scopes or known:
            self._read(scope, whole=whole)
        index_keys.index_ranges()

    def _read(self, scope: str, *, whole: bool) -> None:
        began = time.monotonic()
        is_done = harvest.harvest(scope, whole=whole)
        while not is_done:
            row = IndexedScope.objects.get(pk=scope)
            if row.problem:
                raise CommandError(f"{scope}: {row.problem}")
            if row.lease is not None:
                self.stdout.write(f"{scope}: another worker reads it")
                return
            is_done = harvest.harvest(scope)
        row = IndexedScope.objects.get(pk=scope)
        self.stdout.write(f"{scope}: {row.dids} DIDs in {time.monotonic() - began:.1f} s")
