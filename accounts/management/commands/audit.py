"""Ask the audit log: who was subject X, what came from address Y between two times."""

from __future__ import annotations

import csv
import json
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address
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
        parser.add_argument(
            "--json", action="store_const", const="json", dest="format", help="one object a line"
        )

    def handle(self, *_: Any, format: str, **options: Any) -> None:
        """Print them."""
        parts = {name: options[name] for name in Question.__dataclass_fields__}
        for name in ("since", "until"):
            parts[name] = _moment(parts[name])
        parts["address"] = _address(parts["address"])
        question = Question(**parts)
        found = audit.search(question).order_by("at", "pk").iterator(chunk_size=2000)
        rows = (audit.columns(event) for event in found)
        if format == "json":
            for row in rows:
                self.stdout.write(json.dumps(row, ensure_ascii=False))
        elif format == "csv":
            writer = csv.DictWriter(self.stdout, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        else:
            self._print(question, rows)

    def _print(self, question: Question, rows: Iterable[Mapping[str, str]]) -> None:
        for handle, one in audit.who(question.subject, question.issuer) if question.subject else ():
            state = "may act" if one.user.is_active else "suspended or merged"
            self.stdout.write(f"{one.subject} at {one.issuer} is {handle}: {one.user} ({state})")
        for row in rows:
            self.stdout.write(_line(row))
        self.stdout.write(f"entries: {audit.search(question).count()}")


def _line(row: Mapping[str, str]) -> str:
    at = datetime.fromisoformat(row["at"]).astimezone(UTC)
    known = (f"{at:%Y-%m-%d %H:%M:%SZ}", row["address"] or "-", row["person"] or "-")
    rest = {name: row[name] for name in ("object", "subject", "issuer", "request") if row[name]}
    if row["detail"] != "{}":
        rest["detail"] = row["detail"]
    told = " ".join(f"{name}={value}" for name, value in rest.items())
    columns = f"{known[0]}  {known[1]:15}  {known[2]:20}  {row['action']:24}  {row['result']:7}"
    return f"{columns}  {told}".rstrip()


def _address(text: str) -> str:
    try:
        return str(ip_address(text)) if text else ""
    except ValueError as exc:
        raise CommandError(f"{text} is no IP address.") from exc


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise CommandError(f"{text} is no time; write 2026-11-22T10:00 or with a zone.") from exc
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
