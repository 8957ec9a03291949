"""Pages of environments that people make, in each state."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from sessions.models import Build
from sessions.services import builds
from tests.factories import make_user, sign_in
from tests.fakes.builder import FakeBuilder
from tests.sockets import LiveSocket
from tests.unit.sessions.builds.conftest import GROUP, asked, made, turn

pytestmark = pytest.mark.usefixtures("builder")
URL = "/sessions/environments/own/"


def text_of(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_without_any_the_page_says_what_to_do(browser: Client) -> None:
    assert "You have made none yet" in text_of(browser, URL)


def test_a_typed_list_leads_to_the_page_that_follows_it(browser: Client) -> None:
    answer = browser.post(f"{URL}new", {"title": "Mine", "text": "astropy"})

    build = Build.objects.get()
    page = text_of(browser, answer["Location"])
    assert answer["Location"] == f"{URL}{build.pk}"
    assert f'data-live="build:{build.pk}"' in page
    assert "Making it" in page


def test_an_uploaded_file_counts_by_its_name(browser: Client) -> None:
    file = SimpleUploadedFile("my.yml", b"dependencies: [astropy]")

    browser.post(f"{URL}new", {"title": "Mine", "file": file})

    assert Build.objects.get().file_name == "my.yml"


@pytest.mark.parametrize(
    ("entered", "says"),
    [
        ({"title": "Mine"}, "Give a repository, a file, or a list of packages."),
        ({"title": "Mine", "text": "a", "repository": "https://x.test/y"}, "one of them"),
        ({"title": "Mine", "text": "numpy\n-e ."}, "line 2: -e"),
        ({"title": "Mine", "repository": "http://10.0.0.1/x"}, "begins with https://"),
        ({"title": "", "text": "numpy"}, "This field is required"),
        ({"title": "Mine", "file": SimpleUploadedFile("x.txt", b"\xff\xfe")}, "not a text file"),
        ({"title": "Mine", "file": SimpleUploadedFile("x.sh", b"rm")}, "requirements.txt or an"),
    ],
)
def test_what_is_wrong_stands_beside_its_field(
    browser: Client, entered: dict[str, object], says: str
) -> None:
    answer = browser.post(f"{URL}new", entered)

    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Build.objects.exists()


def test_a_ready_one_shows_its_packages_and_launches(browser: Client, alice: User) -> None:
    build = made(alice)

    page = text_of(browser, f"{URL}{build.pk}")

    assert f"/sessions/new?environment={build.slug}" in page
    assert "<td>astropy</td>" in page
    assert "data-confirm" in page


def test_the_launch_form_has_it_chosen(browser: Client, alice: User) -> None:
    build = made(alice, title="My own astronomy")

    page = text_of(browser, f"/sessions/new?environment={build.slug}")

    assert "My own astronomy" in page
    assert f'value="{build.slug}" checked' in page


def test_a_failed_one_says_why_and_is_changed_into_another(
    browser: Client, alice: User, builder: FakeBuilder
) -> None:
    builder.by_itself = False
    build = asked(alice, "astropy==9")
    turn()
    turn()
    builder.break_down(builder.started[0], "astropy==9 can't be installed")
    turn()

    page = text_of(browser, f"{URL}{build.pk}")
    form = text_of(browser, f"{URL}new?from={build.pk}")

    assert "can&#x27;t be installed" in page
    assert "Try again" in page
    assert "astropy==9" in form


def test_it_is_shared_renamed_and_removed_by_forms(client: Client, member: User) -> None:
    build = made(member)
    sign_in(client, member)

    client.post(f"{URL}{build.pk}/share", {"groups": [GROUP]})
    client.post(f"{URL}{build.pk}/change", {"title": "Ours", "description": "For all"})
    build.refresh_from_db()
    answer = client.post(f"{URL}{build.pk}/remove")

    assert (build.title, build.description, build.groups) == ("Ours", "For all", [GROUP])
    assert answer["Location"] == URL
    assert "Ours is removed" in text_of(client, URL)


def test_a_colleague_finds_it_under_shared_without_its_actions(
    client: Client, member: User, colleague: User
) -> None:
    build = made(member)
    builds.share(build, [GROUP])
    sign_in(client, colleague)

    assert "Shared with you" in text_of(client, URL)
    page = text_of(client, f"{URL}{build.pk}")
    assert "Launch" in page
    assert "/remove" not in page
    assert client.post(f"{URL}{build.pk}/remove").status_code == 403


def test_another_ones_pages_are_not_found(browser: Client, bob: User) -> None:
    build = made(bob)

    assert browser.get(f"{URL}{build.pk}").status_code == 404
    assert browser.get(f"{URL}{build.pk}/log").status_code == 404
    assert browser.get(f"{URL}new?from={build.pk}").status_code == 404
    for action in ("cancel", "retry", "change", "share", "remove"):
        assert browser.post(f"{URL}{build.pk}/{action}").status_code == 404


def test_the_log_is_handed_out_as_a_text(browser: Client, alice: User) -> None:
    answer = browser.get(f"{URL}{made(alice).pk}/log")

    assert answer["Content-Type"].startswith("text/plain")
    assert b"Making an environment" in answer.content


@pytest.mark.django_db(transaction=True)
async def test_a_watching_page_hears_each_change_and_strangers_nothing() -> None:
    alice, bob = await sync_to_async(make_user)(), await sync_to_async(make_user)("bob")
    build = await sync_to_async(asked)(alice)
    mine, theirs = LiveSocket(alice), LiveSocket(bob)
    for socket in (mine, theirs):
        await socket.open()
        await socket.send_json({"watch": [f"build:{build.pk}"]})

    first, refused = await mine.receive_json(), await theirs.receive_json()
    await sync_to_async(turn)()
    second = await mine.receive_json()
    for socket in (mine, theirs):
        await socket.close()

    assert first["event"]["state"] == "queued"
    assert second["event"]["state"] == "building"
    assert "event" not in refused
