"""What is taken out of a campaign: its table as CSV or Parquet, and as JSON what made it."""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from typing import IO, Any

from django.urls import reverse
from django.utils.translation import gettext as _

from reproducibility.models import Campaign
from reproducibility.services.campaigns import looking, parquet
from vre_portal.config import get_config
from vre_portal.errors import InvalidRequest

PIECE = 1 << 20


class Format(StrEnum):
    """How the table comes."""

    CSV = "csv"
    PARQUET = "parquet"

    @property
    def word(self) -> str:
        """Its name as people write it."""
        return {"csv": "CSV"}.get(self, self.title())


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was written, held until its block ends."""

    file: IO[bytes]
    size: int
    sha256: str

    def parts(self, offset: int) -> Iterator[bytes]:
        """Yield its bytes from an offset on."""
        self.file.seek(offset)
        while part := self.file.read(PIECE):
            yield part


def formats() -> list[Format]:
    """Return the formats that this site writes: Parquet needs the cage of the previews."""
    return [Format.CSV, Format.PARQUET] if get_config().preview_python else [Format.CSV]


def csv_lines(campaign: Campaign) -> Iterator[str]:
    """Yield the table as lines of CSV, header first."""
    writer = csv.writer(_Line())
    yield writer.writerow(looking.columns_of(campaign))
    for row in looking.rows_of(campaign):
        yield writer.writerow(row)


class _Line:
    """What `csv` writes to: it hands each line back."""

    def write(self, line: str) -> str:
        return line


def document_of(campaign: Campaign) -> dict[str, Any]:
    """Return all that is needed to make the table again, and how it stands."""
    version = campaign.version
    dates = {"made": campaign.created_at, "started": campaign.started_at,
             "finished": campaign.finished_at}  # fmt: skip
    return {
        "campaign": str(campaign.pk),
        "url": address_of(campaign),
        "title": campaign.title,
        "analysis": {
            "slug": version.analysis.slug,
            "title": version.analysis.title,
            "version": version.number,
            "content_sha256": version.content_sha256,
        },
        "columns": campaign.columns,
        "source": campaign.source,
        "results": campaign.results,
        "table": looking.columns_of(campaign),
        "points": campaign.total,
        "counts": dict(sorted(campaign.counts().items())),
        "state": str(campaign.state),
        "dates": {name: day.isoformat() if day else None for name, day in dates.items()},
    }


def address_of(campaign: Campaign) -> str:
    """Return where a campaign's page is, as seen from elsewhere."""
    return get_config().public_url + reverse("reproducibility:campaign", args=[campaign.pk])


def write_csv(campaign: Campaign, out: IO[bytes]) -> None:
    """Write the table as CSV."""
    for line in csv_lines(campaign):
        out.write(line.encode())


def write_parquet(campaign: Campaign, out: IO[bytes]) -> None:
    """Write the table as Parquet, with what made it as metadata of its schema.

    Raises
    ------
    InvalidRequest
        This site has no cage, in which alone Parquet is written.
    NotWritten
        The cage gave no file.
    """
    python = get_config().preview_python
    if python is None:
        words = _("format: this site does not write Parquet. Take the table as CSV.")
        raise InvalidRequest(words, field="format")
    told = _metadata(campaign)
    names = looking.columns_of(campaign)
    parquet.write(out, looking.rows_of(campaign), names, told, python=python)


def write_document(campaign: Campaign, out: IO[bytes]) -> None:
    """Write how to make the table again as JSON."""
    text = json.dumps(document_of(campaign), indent=2, ensure_ascii=False)
    out.write(text.encode() + b"\n")


def _metadata(campaign: Campaign) -> Mapping[str, str]:
    told = document_of(campaign)
    analysis = told["analysis"]
    return {
        "campaign": told["campaign"],
        "url": told["url"],
        "title": told["title"],
        "analysis": analysis["slug"],
        "analysis_version": str(analysis["version"]),
        "content_sha256": analysis["content_sha256"],
        "source": json.dumps(told["source"], ensure_ascii=False),
        "results": json.dumps(told["results"], ensure_ascii=False),
    }


CSV_FILE, PARQUET_FILE, DOCUMENT_FILE = "results.csv", "results.parquet", "campaign.json"
_WRITERS: Mapping[str, Callable[[Campaign, IO[bytes]], None]] = {
    CSV_FILE: write_csv,
    PARQUET_FILE: write_parquet,
    DOCUMENT_FILE: write_document,
}


@contextmanager
def written(campaign: Campaign, name: str) -> Iterator[Written]:
    """Lend one of the files of a campaign's dataset; the same table gives the same bytes."""
    with tempfile.TemporaryFile() as file:
        _WRITERS[name](campaign, file)
        size = file.tell()
        file.seek(0)
        yield Written(file, size, file_digest(file, "sha256").hexdigest())
