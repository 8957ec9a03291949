"""Files of a session on pages and by API: whose they are, what is hidden, what is replaced."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client

from accounts.models import User
from sessions.backends.running import Entry, EntryKind
from sessions.models import Session, SessionState
from sessions.services import files, logs, paths
from sessions.services.file_uploads import PIECE, Taken, Upload
from tests.factories import sign_in
from tests.fakes.hub import FakeHub
from tests.fakes.running import FakeRunning, FakeSession
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PortalError,
    TooLarge,
    UpstreamTimeout,
)

pytestmark = pytest.mark.django_db

HIDDEN = [".vre", ".vre/token", "results/.x", "results/.vre/rucio", ".", "..", "a/../.vre/token"]
MALFORMED = ["/etc/passwd", "a//b", "a/../b", "../x", "a/.", "a\nb", "a\0b", "x" * 256, "a\u202eb",
             "\udce9"]  # fmt: skip


@pytest.fixture
def home(session: Session, running: FakeRunning) -> FakeSession:
    """What is in it."""
    found = running.of(session.user.handle, session.server)
    found.files |= {"results": None, "results/a.csv": b"x,y\n1,2\n", "b.ipynb": b"{}",
                    ".vre": None, ".vre/token": b"secret"}  # fmt: skip
    return found


def page(session: Session, path: str = "") -> str:
    return f"/sessions/{session.pk}/files/{quote(path)}"


def api(session: Session, path: str = "", **more: str) -> str:
    query = "&".join(f"{key}={quote(text)}" for key, text in {"path": path, **more}.items())
    return f"/api/v1/sessions/{session.pk}/files?{query}"


def test_a_folder_shows_what_is_in_it_and_leads_to_the_session(
    browser: Client, session: Session, home: FakeSession
) -> None:
    answer = browser.get(page(session))

    assert answer.status_code == 200
    assert page(session, "results") in answer.text
    assert "b.ipynb" in answer.text
    assert f"/{session.server}/lab/tree/b.ipynb" in answer.text
    assert ".vre" not in answer.text


def test_a_folder_further_down_leads_up_again_and_to_downloads(
    browser: Client, session: Session, home: FakeSession
) -> None:
    text = browser.get(page(session, "results")).text

    assert f"/api/v1/sessions/{session.pk}/files/content?path=results%2Fa.csv" in text
    assert f'href="{page(session)}"' in text


def test_a_file_has_a_page_with_all_that_can_be_done(
    browser: Client, session: Session, home: FakeSession
) -> None:
    text = browser.get(page(session, "results/a.csv")).text

    assert "8 B" in text
    assert f"/sessions/{session.pk}/handovers?path=results%2Fa.csv" in text
    assert f"/{session.server}/lab/tree/results/a.csv" in text


def test_an_empty_folder_says_what_to_do(
    browser: Client, session: Session, home: FakeSession
) -> None:
    home.files["empty"] = None

    answer = browser.get(page(session, "empty"))

    assert "Nothing is in this folder" in answer.text
    assert "Delete" in answer.text


@pytest.mark.parametrize("path", HIDDEN)
def test_what_is_hidden_is_refused_before_the_session_is_asked(
    browser: Client, session: Session, running: FakeRunning, home: FakeSession, path: str
) -> None:
    running.calls.clear()

    refused = [
        browser.get(page(session, path)).status_code,
        browser.get(api(session, path)).status_code,
        browser.delete(api(session, path)).status_code,
        browser.post(f"/sessions/{session.pk}/file-delete", {"path": path}).status_code,
        browser.patch(api(session, path), {"to": "x"}, "application/json").status_code,
        browser.patch(api(session, "b.ipynb"), {"to": path}, "application/json").status_code,
        browser.post(api(session), {"path": path}, "application/json").status_code,
    ]

    assert set(refused) <= {404, 422}
    assert running.calls.total() == 0
    assert ".vre/token" in home.files


@pytest.mark.parametrize("path", MALFORMED)
def test_what_is_no_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidRequest):
        paths.checked(path)
    with pytest.raises(InvalidRequest):
        paths.new_path(path)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".hidden", "x" * 256, "tab\t"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        paths.new_name(name)


def test_a_session_that_tells_of_hidden_files_is_not_believed(
    session: Session, running: FakeRunning, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [Entry(".vre", ".vre", EntryKind.FOLDER, None, datetime.now(UTC))]
    monkeypatch.setattr(running, "entries", lambda *_args: told)

    assert files.browse(session, "").entries == []


@pytest.mark.parametrize(
    ("name", "free"),
    [("x.csv", "x-2.csv"), ("x", "x-2"), ("a.tar.gz", "a-2.tar.gz"), ("v1.2.csv", "v1.2-2.csv")],
)
def test_a_free_name_keeps_its_ending(name: str, free: str) -> None:
    assert paths.free_name(name, {name}) == free
    assert paths.free_name(name, {name, free}) == free.replace("-2", "-3", 1)


def test_a_large_file_comes_in_pieces_and_gets_its_name_at_the_end(
    session: Session, running: FakeRunning, home: FakeSession
) -> None:
    content = bytes(range(256)) * (2 * PIECE // 256) + b"rest"
    upload = Upload(session, "results", "big.bin", size=len(content))
    before = running.calls["write_part"]

    for at in range(0, len(content), 300_000):
        upload.add(content[at : at + 300_000])
        assert "results/big.bin" not in home.files
    made = upload.end()

    assert home.files["results/big.bin"] == content
    assert (made.path, made.size) == ("results/big.bin", len(content))
    assert running.calls["write_part"] - before == 3
    assert not [name for name in home.files if name.endswith(".part")]


def test_a_name_that_is_taken_is_told_before_anything_is_sent(
    session: Session, running: FakeRunning, home: FakeSession
) -> None:
    with pytest.raises(Taken, match=r"keep both \(a-2.csv\) or cancel") as refused:
        Upload(session, "results", "a.csv")

    assert refused.value.as_problem()["free"] == "a-2.csv"
    assert running.calls["write_part"] == 0


def test_both_are_kept_where_that_is_wanted(session: Session, home: FakeSession) -> None:
    upload = Upload(session, "results", "a.csv", keep_both=True)
    upload.add(b"new")

    assert upload.end().name == "a-2.csv"
    assert home.files["results/a.csv"] == b"x,y\n1,2\n"
    assert home.files["results/a-2.csv"] == b"new"


@pytest.mark.parametrize("keep_both", [False, True])
def test_a_name_that_is_taken_meanwhile_is_never_replaced(
    session: Session, home: FakeSession, keep_both: bool
) -> None:
    upload = Upload(session, "", "c.csv", keep_both=keep_both)
    upload.add(b"mine")
    home.files["c.csv"] = b"of the session"

    if keep_both:
        assert upload.end().name == "c-2.csv"
    else:
        with pytest.raises(Taken):
            upload.end()
        upload.give_up()

    assert home.files["c.csv"] == b"of the session"
    assert not [name for name in home.files if name.endswith(".part")]


def test_an_upload_that_is_given_up_leaves_nothing(session: Session, home: FakeSession) -> None:
    before = dict(home.files)
    upload = Upload(session, "results", "c.csv")
    upload.add(b"x" * (PIECE + 1))
    assert any(name.endswith(".part") for name in home.files)

    upload.give_up()

    assert home.files == before


def test_more_than_2_gib_is_refused_in_a_sentence(session: Session, home: FakeSession) -> None:
    with pytest.raises(TooLarge, match="upload them to Rucio"):
        Upload(session, "", "huge.bin", size=(2 << 30) + 1)


def test_a_file_goes_into_a_folder_that_is_there(session: Session, home: FakeSession) -> None:
    for folder in ("none", "b.ipynb"):
        with pytest.raises(NotFound, match="no folder"):
            Upload(session, folder, "x.csv")


def test_a_folder_is_made_by_page_and_by_api(
    browser: Client, session: Session, home: FakeSession
) -> None:
    answer = browser.post(f"/sessions/{session.pk}/folder", {"path": "results", "name": "new"})
    told = browser.post(api(session), {"path": "results/newer"}, "application/json")

    assert answer["Location"] == page(session, "results/new")
    assert (told.status_code, told.json()["kind"]) == (201, "folder")
    assert home.files["results/new"] is home.files["results/newer"] is None


def test_what_is_refused_is_told_on_the_page_of_the_folder(
    browser: Client, session: Session, home: FakeSession
) -> None:
    answer = browser.post(f"/sessions/{session.pk}/folder", {"path": "", "name": "results"})

    assert answer.status_code == 409
    assert "That was not done" in answer.text
    assert "b.ipynb" in answer.text


def test_a_file_is_renamed_and_moved(browser: Client, session: Session, home: FakeSession) -> None:
    answer = browser.post(
        f"/sessions/{session.pk}/file-rename", {"path": "b.ipynb", "to": "results/c.ipynb"}
    )
    told = browser.patch(api(session, "results/c.ipynb"), {"to": "d.ipynb"}, "application/json")

    assert answer["Location"] == page(session, "results/c.ipynb")
    assert told.json()["path"] == "d.ipynb"
    assert "d.ipynb" in home.files


def test_renaming_never_replaces(browser: Client, session: Session, home: FakeSession) -> None:
    told = browser.patch(api(session, "b.ipynb"), {"to": "results/a.csv"}, "application/json")
    into_itself = browser.patch(api(session, "results"), {"to": "results/x"}, "application/json")

    assert (told.status_code, into_itself.status_code) == (409, 422)
    assert home.files["results/a.csv"] == b"x,y\n1,2\n"


def test_a_folder_is_deleted_only_when_nothing_is_in_it(
    browser: Client, session: Session, home: FakeSession
) -> None:
    full = browser.post(f"/sessions/{session.pk}/file-delete", {"path": "results"})
    browser.delete(api(session, "results/a.csv"))
    empty = browser.post(f"/sessions/{session.pk}/file-delete", {"path": "results"})

    assert full.status_code == 409
    assert "not empty" in full.text
    assert empty["Location"] == page(session)
    assert "results" not in home.files


def test_the_home_itself_is_neither_renamed_nor_deleted(
    browser: Client, session: Session, home: FakeSession
) -> None:
    assert browser.delete(api(session)).status_code == 422
    assert browser.patch(api(session), {"to": "x"}, "application/json").status_code == 422


def test_the_api_lists_a_folder(browser: Client, session: Session, home: FakeSession) -> None:
    told = browser.get(api(session, "results")).json()

    assert told["next"] is None
    assert [(one["path"], one["kind"], one["size"]) for one in told["items"]] == [
        ("results/a.csv", "file", 8)
    ]


def test_a_stranger_finds_nothing_at_any_address(
    session: Session, home: FakeSession, running: FakeRunning, bob: User
) -> None:
    client = Client()
    sign_in(client, bob)
    running.calls.clear()
    mine = f"/sessions/{session.pk}"
    found: list[Any] = [
        client.get(f"{mine}/files/"), client.get(f"{mine}/files/results/a.csv"),
        client.get(f"{mine}/log"), client.get(f"{mine}/log.txt"),
        client.post(f"{mine}/upload", {"path": ""}), client.post(f"{mine}/folder", {"name": "x"}),
        client.post(f"{mine}/file-rename", {"path": "b.ipynb", "to": "x"}),
        client.post(f"{mine}/file-delete", {"path": "b.ipynb"}),
        client.get(api(session)), client.delete(api(session, "b.ipynb")),
        client.get(f"/api/v1{mine}/log"), client.get(f"/api/v1{mine}/events"),
        client.get(f"/api/v1{mine}/files/content?path=b.ipynb"),
        client.put(f"/api/v1{mine}/files/content?path=x"),
    ]  # fmt: skip

    assert {answer.status_code for answer in found} == {404}
    assert running.calls.total() == 0


def test_files_of_a_session_that_has_stopped_are_offered_by_another_launch(
    browser: Client, session: Session, running: FakeRunning
) -> None:
    Session.objects.filter(pk=session.pk).update(state=SessionState.STOPPED)
    running.calls.clear()

    answer = browser.get(page(session, "results"))

    assert answer.status_code == 200
    assert "Launch it again to see the files" in answer.text
    assert browser.get(api(session)).status_code == 409
    assert running.calls.total() == 0


def test_a_session_that_is_silent_says_so(
    browser: Client, session: Session, running: FakeRunning
) -> None:
    running.fail_on("entries", UpstreamTimeout("The session did not answer in time. Try again."))

    answer = browser.get(page(session))

    assert answer.status_code == 504
    assert "did not answer in time" in answer.text
    assert "Try again" in answer.text


def test_a_token_that_the_session_no_longer_takes_is_replaced_once(
    session: Session, hub: FakeHub, home: FakeSession
) -> None:
    assert files.browse(session, "results").entries
    hub.tokens.clear()

    assert files.browse(session, "results").entries


def test_names_of_others_can_not_become_markup(
    browser: Client, session: Session, home: FakeSession
) -> None:
    home.files['<b>"x"&.csv'] = b"1"

    text = browser.get(page(session)).text

    assert "<b>" not in text.split("<main", 1)[1]
    assert "&lt;b&gt;" in text
    assert browser.get(page(session, '<b>"x"&.csv')).status_code == 200


def test_the_log_is_shown_followed_and_given_as_text(
    browser: Client, session: Session, home: FakeSession
) -> None:
    home.lines[:] = ["first", "<script>x</script>", "last"]

    shown = browser.get(f"/sessions/{session.pk}/log").text
    text = browser.get(f"/sessions/{session.pk}/log.txt?all=1")
    told = browser.get(f"/api/v1/sessions/{session.pk}/log?lines=1").json()

    assert f'data-log="/sessions/{session.pk}/log.txt"' in shown
    assert "&lt;script&gt;x" in shown
    assert text.text == "first\n<script>x</script>\nlast\n"
    assert text["Content-Type"].startswith("text/plain")
    assert text["Content-Disposition"].startswith("attachment")
    assert told == {"lines": ["last"]}


def test_a_session_that_failed_keeps_the_end_of_its_log(browser: Client, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(
        state=SessionState.FAILED, message="It ended at once. The end of its log:\none\ntwo"
    )

    assert "one\ntwo" in browser.get(f"/sessions/{session.pk}/log").text
    session.refresh_from_db()
    assert logs.log_of(session, lines=1) == ["two"]


@pytest.mark.parametrize("lines", ["0", "-1", "2001", "x", "9" * 9])
def test_so_many_lines_are_not_given(browser: Client, session: Session, lines: str) -> None:
    answer = browser.get(f"/api/v1/sessions/{session.pk}/log?lines={lines}")

    assert (answer.status_code, answer.json()["field"]) == (422, "lines")


def test_a_session_that_waits_has_no_log_yet(browser: Client, session: Session) -> None:
    Session.objects.filter(pk=session.pk).update(state=SessionState.QUEUED)

    answer = browser.get(f"/sessions/{session.pk}/log")

    assert answer.status_code == 200
    assert "There is no log now" in answer.text
    session.refresh_from_db()
    with pytest.raises(Conflict):
        logs.log_of(session)


def test_the_api_tells_what_happened(browser: Client, session: Session) -> None:
    told = browser.get(f"/api/v1/sessions/{session.pk}/events").json()["items"]

    assert [one["text"] for one in told] == [one["text"] for one in session.events]
    assert told


def test_content_that_does_not_come_by_the_stream_server_is_told(
    browser: Client, session: Session
) -> None:
    answer = browser.get(f"/api/v1/sessions/{session.pk}/files/content?path=b.ipynb")

    assert answer.status_code == 503
    assert "stream server" in json.loads(answer.content)["detail"]


def test_a_refusal_of_the_portal_names_no_path_on_disk(session: Session) -> None:
    with pytest.raises(PortalError) as refused:
        files.look(session, "none.csv")

    assert refused.value.message == "There is no such thing in the session."
