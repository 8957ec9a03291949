"""Operators' page of the audit log."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_GET, require_POST

from accounts import audit
from accounts.decorators import SignedInRequest, operators_only
from accounts.forms import AuditForm
from accounts.models import AuditEvent
from vre_portal.paging import page

#: How many entries one export may hold; whoever needs more narrows the time.
MOST = 100_000


class _Line:
    """A file of one line: what the CSV writer writes is what it returns."""

    def write(self, text: str) -> str:
        return text


@require_GET
@operators_only
def log(request: SignedInRequest) -> HttpResponse:
    """Show the entries that fit the form; the address holds the question."""
    form = AuditForm(request.GET)
    if not form.is_valid():
        return render(request, "accounts/audit.html", {"form": form}, status=422)
    events, following = page(audit.search(form.question()), request, by="at")
    context = {"form": form, "events": events, "next": following, "asked": request.GET.dict()}
    return render(request, "accounts/audit.html", context)


@require_POST
@operators_only
def export(request: SignedInRequest) -> HttpResponseBase:
    """Send the entries that fit, as CSV or one JSON object a line; that is recorded as well."""
    form = AuditForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/audit.html", {"form": form}, status=422)
    question = form.question()
    as_csv = request.POST.get("format") != "ndjson"
    audit.record("audit.exported", actor=request.user, detail={"asked": str(question)})
    rows = audit.search(question)[:MOST].iterator(chunk_size=2000)
    kind, ending = ("text/csv", "csv") if as_csv else ("application/x-ndjson", "ndjson")
    answer = StreamingHttpResponse(_csv(rows) if as_csv else _ndjson(rows), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="audit.{ending}"'
    return answer


def _csv(rows: Iterator[AuditEvent]) -> Iterator[str]:
    writer = csv.writer(_Line())
    yield str(writer.writerow(audit.COLUMNS))
    for event in rows:
        yield str(writer.writerow([_harmless(value) for value in audit.columns(event).values()]))


def _ndjson(rows: Iterator[AuditEvent]) -> Iterator[str]:
    for event in rows:
        yield json.dumps(audit.columns(event), ensure_ascii=False) + "\n"


def _harmless(cell: str) -> str:
    """Keep a spreadsheet from taking a text for a formula (ASVS 1.2.10)."""
    return f"'{cell}" if cell[:1] in set("=+-@\t\r") else cell
