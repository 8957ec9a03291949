"""Ask the audit log: who was subject X, what came from address Y between two times."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import audit
from accounts.audit import COLUMNS, Question


class Command(BaseCommand):
    """`manage.py audit --subject S --address A --from T --to T`."""

    help = "Print the entries of the audit log that fit, oldest first."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the parts of the question."""
        for name in ("person", "action", "result", "issuer", "subject", "address", "request"):
            parser.add_argument(f"--{name}", default="")
        parser.add_argument("--object", default="", dest="about")
        parser.add_argument("--from", default="", dest="since", help="ISO 8601; UTC without a zone")
        parser.add_argument("--to", default="", dest="until", help="ISO 8601; UTC without a zone")
        parser.add_argument("--format", choices=["table", "csv", "json"], default="table")

    def handle(self, *_: Any, format: str, **options: Any) -> None:
        """Print them."""
        parts = {name: options[name] for name in Question.__dataclass_fields__}
        for name in ("since", "until"):
            parts[name] = _moment(parts[name])
        found = audit.search(Question(**parts)).order_by("at", "pk").iterator(chunk_size=2000)
        rows = (audit.columns(event) for event in found)
        if format == "json":
            for row in rows:
                self.stdout.write(json.dumps(row, ensure_ascii=False))
        elif format == "csv":
            writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            for row in rows:
                told = " ".join(f"{name}={row[name]}" for name in COLUMNS[3:] if row[name])
                self.stdout.write(f"{row['at']} {row['action']} {row['result']} {told}")


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise CommandError(f"{text} is no time; write 2026-11-22T10:00 or with a zone.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
