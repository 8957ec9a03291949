"""Pages cut by key, never by counting: newest first, the cursor is the last row's time and id."""

from __future__ import annotations

import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import TypeVar
from urllib.parse import urlencode

from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from vre_portal.errors import InvalidRequest

Row = TypeVar("Row", bound=Model)
DEFAULT_LIMIT = 50
MAX_LIMIT = 500
PAGE_PARAMETERS = [
    OpenApiParameter("limit", int, description=f"Rows in a page, 1 to {MAX_LIMIT}."),
    OpenApiParameter("cursor", str, description="Where to go on: taken from `next`."),
]


def page(
    rows: QuerySet[Row], request: Request | HttpRequest, *, by: str = "created_at"
) -> tuple[list[Row], str | None]:
    """Return a page of rows with UUID keys, newest first by a time field, and the next address."""
    limit, cursor = limit_of(request), request.GET.get("cursor")
    if cursor:
        at, key = _read(cursor)
        rows = rows.filter(Q(**{f"{by}__lt": at}) | Q(**{by: at, "pk__lt": key}))
    found = list(rows.order_by(f"-{by}", "-pk")[: limit + 1])
    if len(found) <= limit:
        return found, None
    last = found[limit - 1]
    # The next page is a whole one, also where a fragment was asked for.
    given = {name: value for name, value in request.GET.items() if name != "fragment"}
    query = {**given, "cursor": _write(getattr(last, by), last.pk)}
    return found[:limit], f"{request.build_absolute_uri(request.path)}?{urlencode(query)}"


def limit_of(request: Request | HttpRequest) -> int:
    """Return the asked page size.

    Raises
    ------
    InvalidRequest
        It is not a number from 1 to `MAX_LIMIT`.
    """
    text = request.GET.get("limit", str(DEFAULT_LIMIT))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= MAX_LIMIT:
        raise InvalidRequest(f"limit: give a number from 1 to {MAX_LIMIT}.", field="limit")
    return int(text)


def _write(at: datetime, key: uuid.UUID) -> str:
    return urlsafe_b64encode(f"{at.isoformat()}|{key}".encode()).decode().rstrip("=")


def _read(cursor: str) -> tuple[datetime, uuid.UUID]:
    try:
        at, _, key = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().partition("|")
        return datetime.fromisoformat(at), uuid.UUID(key)
    except ValueError as exc:
        raise InvalidRequest("cursor: use the one from the last page.", field="cursor") from exc
