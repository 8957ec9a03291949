"""A table of points that is larger than other forms may be comes in, and stays nowhere."""

from __future__ import annotations

import asyncio
import tempfile
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.asgi import get_asgi_application

from accounts import api_tokens
from accounts.models import User
from reproducibility.models import Analysis, Campaign
from reproducibility.points import limits
from tests.factories import make_identity
from tests.streams import scope_of
from vre_portal import campaign_uploads
from vre_portal.body_limit import MAX_BODY, BodyLimit
from vre_portal.campaign_uploads import CampaignUploads
from vre_portal.raw_asgi import App, Edge

pytestmark = pytest.mark.django_db(transaction=True)

BOUNDARY = "----a-form"
WISH = {"analysis": "dimuon", "title": "Bins", "at_once": "2"}
HEADER = b"bins,label\n"


@pytest.fixture
def app() -> App:
    """The app as the server has it, with little patience."""
    return Edge(CampaignUploads(BodyLimit(get_asgi_application()), every=0.05, silent=0.3))


@pytest.fixture
def secret(alice: User) -> str:
    """A token of hers that opens campaigns."""
    make_identity(alice, issuer="https://escape.test/", subject=str(uuid.uuid4()))
    return api_tokens.make(alice, name="laptop", scopes=["workflows"], days=7).secret


def table(size: int) -> bytes:
    """Return a CSV of so many bytes, whose texts are as long as they may be."""
    rows, number = [HEADER], 0
    left = size - len(HEADER)
    while left:
        number += 1
        head = f"{number},".encode()
        length = min(left, len(head) + 900)
        length = left if left - length < 50 else length
        rows.append(head + b"x" * (length - len(head) - 1) + b"\n")
        left -= length
    return b"".join(rows)


async def sent(
    app: App, secret: str, path: str, fields: Mapping[str, str], content: bytes
) -> tuple[int, str]:
    """Send a form with a table, and return status and text of the answer."""
    lines = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = 'Content-Disposition: form-data; name="file"; filename="points.csv"'
    lines.append(f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n")
    body = b"".join(lines) + f"--{BOUNDARY}--\r\n".encode()
    parts = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]
    answer: dict[str, Any] = {"status": 0}
    text = bytearray()

    async def receive() -> dict[str, Any]:
        if parts:
            return {"type": "http.request", "body": parts.pop(0), "more_body": bool(parts)}
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def take(message: Any) -> None:
        answer.update(message)
        text.extend(message.get("body", b""))

    told = {
        "host": "testserver", "authorization": f"Bearer {secret}",
        "content-type": f"multipart/form-data; boundary={BOUNDARY}",
        "content-length": str(len(body)),
    }  # fmt: skip
    await app(scope_of(path, "", told) | {"method": "POST"}, receive, take)
    return answer["status"], text.decode()


async def test_a_table_above_the_size_of_other_forms_becomes_a_campaign(
    app: App, secret: str, analysis: Analysis
) -> None:
    content = table(limits.SMALL_BYTES)

    status, text = await sent(app, secret, "/api/v1/campaigns", WISH, content)

    assert status == 201, text
    assert len(content) == MAX_BODY
    campaign = await Campaign.objects.aget()
    assert campaign.total == content.count(b"\n") - 1
    assert campaign.source["name"] == "points.csv"


async def test_its_faults_are_told_and_it_is_gone(
    app: App, secret: str, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    temporary = tempfile.TemporaryFile

    def noted(*told: Any, **named: Any) -> Any:
        made.append(temporary(*told, **named))
        return made[-1]

    monkeypatch.setattr(tempfile, "TemporaryFile", noted)

    status, text = await sent(
        app, secret, "/api/v1/campaigns/preview", WISH, HEADER + b"ten,a\n20,b\n"
    )

    assert status == 422
    assert '"row":2,"column":"bins"' in text.replace(" ", "")
    assert made
    assert all(file.closed for file in made)


async def test_more_than_a_table_may_have_is_refused_as_it_comes(
    app: App, secret: str, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(campaign_uploads, "MOST_BYTES", 100_000)

    status, text = await sent(app, secret, "/api/v1/campaigns", WISH, table(200_000))

    assert status == 422
    assert "A table has at most" in text
    assert not await Campaign.objects.aexists()


async def test_strangers_bring_nothing(app: App, analysis: Analysis) -> None:
    status, _text = await sent(app, "vre_unknown", "/api/v1/campaigns", WISH, table(2_000))

    assert status == 401
