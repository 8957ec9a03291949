"""The download of a crate: by the API and by a button."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

from asgiref.sync import async_to_sync
from django.test import AsyncClient, Client
from django.urls import reverse

from accounts.models import User
from reproducibility.models import Analysis
from tests.factories import sign_in
from tests.unit.reproducibility.crate.conftest import sent


def address(analysis: Analysis) -> str:
    return f"/api/v1/analyses/{analysis.slug}/crate"


def test_the_crate_is_sent_as_a_zip_of_known_length(
    client: Client, alice: User, owned: Analysis
) -> None:
    sign_in(client, alice)

    answer = client.get(address(owned))

    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # of a stream
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{owned.slug}-1.crate.zip"'
    assert int(answer["Content-Length"]) == len(content)
    assert "reana.yaml" in ZipFile(BytesIO(content)).namelist()


def test_a_server_of_the_other_kind_sends_the_same_in_pieces(
    client: Client, alice: User, owned: Analysis
) -> None:
    sign_in(client, alice)
    browser = AsyncClient()
    browser.cookies = client.cookies

    async def fetched() -> list[bytes]:
        answer = await browser.get(address(owned))
        stream = answer.streaming_content  # type: ignore[attr-defined]  # of a stream
        return [piece async for piece in stream]

    pieces = async_to_sync(fetched)()

    assert len(pieces) > 10
    assert b"".join(pieces) == sent(alice, owned)


def test_other_kinds_of_answer_are_not_asked_for_in_vain(
    client: Client, alice: User, owned: Analysis
) -> None:
    sign_in(client, alice)

    assert client.get(address(owned), headers={"accept": "application/zip"}).status_code == 200


def test_a_version_that_there_is_not_is_said_in_words(
    client: Client, alice: User, owned: Analysis
) -> None:
    sign_in(client, alice)

    answer = client.get(address(owned), {"version": "7"})

    assert answer.status_code == 404
    assert "has no version 7" in answer.json()["detail"]


def test_what_one_may_not_see_is_not_there(client: Client, bob: User, owned: Analysis) -> None:
    sign_in(client, bob)

    assert client.get(address(owned)).status_code == 404


def test_the_page_has_a_button_for_it(client: Client, alice: User, owned: Analysis) -> None:
    sign_in(client, alice)

    page = client.get(reverse("reproducibility:analysis", args=[owned.slug]))

    assert address(owned) in page.content.decode()
