"""Metadata: written by who may, never over what somebody else wrote, and kept as history."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import AuditEvent, User
from activity.models import Event
from data_mgmt.backends.values import Did
from data_mgmt.metadata_forms import keys_form, parsed
from data_mgmt.models import MetadataEdit
from data_mgmt.services import describing
from data_mgmt.services.describing import Change
from tests.factories import sign_in
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import Conflict, Forbidden, InvalidRequest, UpstreamUnavailable

pytestmark = pytest.mark.django_db


@pytest.fixture
def mine(alice: User, data_backend: FakeDataBackend) -> Did:
    """A dataset in Alice's own scope."""
    return data_backend.add_dataset(f"user.{alice.handle}:sky", colour="blue", depth=3, deep=True)


def sent(**changed: str) -> dict[str, str]:
    """Return what the page's form sends for the dataset, with some fields changed."""
    formset = keys_form({"colour": "blue", "deep": True, "depth": 3})
    data = {"form-TOTAL_FORMS": "5", "form-INITIAL_FORMS": "3"}
    for row in formset.forms:
        data |= {
            f"{row.prefix}-{name}": str(row[name].value() or "")
            for name in ("shown", "key", "kind", "value")
        }
    return data | {key.replace("__", "-"): value for key, value in changed.items()}


def test_a_change_is_written_and_told(
    alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    changes = [Change("colour", "red", "blue"), Change("depth", None, 3), Change("new", 1.5)]
    edit = describing.change_metadata(alice, mine, changes)
    work()

    assert edit is not None
    assert data_backend.descriptions[mine] == {"colour": "red", "deep": True, "new": 1.5}
    edit.refresh_from_db()
    told = [(row.key, row.before, row.after) for row in edit.changes.all()]
    assert told == [("colour", "blue", "red"), ("depth", 3, None), ("new", None, 1.5)]
    assert (edit.state, edit.account) == ("done", alice.handle)
    assert AuditEvent.objects.get(action="metadata-edit.asked").detail["did"] == str(mine)
    assert str(mine) in Event.objects.get(verb="metadata-edit.done").text


def test_what_is_so_already_is_not_written(alice: User, mine: Did) -> None:
    assert describing.change_metadata(alice, mine, [Change("colour", "blue", "blue")]) is None


def test_a_truth_is_not_the_number_one(alice: User, mine: Did) -> None:
    assert describing.change_metadata(alice, mine, [Change("deep", 1, True)]) is not None


def test_what_somebody_changed_meanwhile_is_not_overwritten(
    alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.descriptions[mine]["colour"] = "green"

    with pytest.raises(Conflict, match="colour meanwhile: it is green"):
        describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])


def test_a_value_that_changes_before_it_is_written_ends_the_change(
    alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    edit = describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])
    data_backend.descriptions[mine]["colour"] = "green"
    work()

    assert edit is not None
    edit.refresh_from_db()
    assert edit.state == "failed"
    assert "it is green now" in edit.reason
    assert data_backend.descriptions[mine]["colour"] == "green"


def test_a_write_that_was_cut_in_the_middle_is_finished(
    alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    changes = [Change("colour", "red", "blue"), Change("depth", None, 3)]
    edit = describing.change_metadata(alice, mine, changes)
    data_backend.descriptions[mine]["colour"] = "red"
    work()

    assert edit is not None
    edit.refresh_from_db()
    assert edit.state == "done"
    assert "depth" not in data_backend.descriptions[mine]


def test_a_write_waits_while_rucio_is_away(
    alice: User, mine: Did, data_backend: FakeDataBackend
) -> None:
    edit = describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])
    data_backend.fail_on("set_metadata", UpstreamUnavailable("away", service="rucio"))
    work()
    data_backend.fail_on("set_metadata", None)
    work()

    assert edit is not None
    edit.refresh_from_db()
    assert edit.state == "done"


def test_a_second_change_waits_for_the_first(alice: User, mine: Did) -> None:
    describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])

    with pytest.raises(Conflict, match="just being written"):
        describing.change_metadata(alice, mine, [Change("depth", 4, 3)])


def test_a_change_of_somebody_who_left_holds_nobody_up(
    browser: Client, alice: User, mine: Did
) -> None:
    edit = describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])
    assert edit is not None
    MetadataEdit.objects.filter(pk=edit.pk).update(user=None)

    page = browser.get(f"/data/{mine}?tab=metadata").text
    second = describing.change_metadata(alice, mine, [Change("depth", 4, 3)])

    assert "not written" in page
    assert "Change the metadata" in page
    assert second is not None
    edit.refresh_from_db()
    assert edit.state == "failed"


def test_the_data_of_others_is_not_described(alice: User, dimuon: Did) -> None:
    with pytest.raises(Forbidden):
        describing.change_metadata(alice, dimuon, [Change("instrument", None, "CMS")])


def test_what_rucio_keeps_itself_is_refused(alice: User, mine: Did) -> None:
    with pytest.raises(InvalidRequest) as refused:
        describing.change_metadata(alice, mine, [Change("bytes", 1)])

    assert refused.value.field == "bytes"


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("text", " a ", "a"), ("integer", "-42", -42), ("float", "2.5e-3", 0.0025),
        ("float", "3", 3.0), ("boolean", "No", False), ("boolean", "true", True),
    ],
)  # fmt: skip
def test_a_value_is_read_by_its_type(kind: str, text: str, value: object) -> None:
    found = parsed(kind, text)

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("integer", "1_000", "whole number"), ("integer", "4.5", "whole number"),
        ("integer", "9" * 30, "too large"), ("integer", "٤", "whole number"),
        ("float", "nan", "with a point"), ("float", "1e999", "too large"),
        ("float", "1,5", "with a point"), ("boolean", "1", "true or false"),
        ("text", " ", "or remove"), ("text", "a" * 4001, "4,000"),
    ],
)  # fmt: skip
def test_a_value_that_is_none_says_how_one_is_written(kind: str, text: str, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        parsed(kind, text)


def test_the_page_writes_what_was_changed_in_its_form(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    page = browser.get(f"/data/{mine}?tab=metadata").text
    assert "Change the metadata" in page

    answer = browser.post(
        "/data/metadata",
        {"did": str(mine), **sent(form__0__value="red", form__2__remove="on")}
        | {"form-3-key": "energy", "form-3-kind": "float", "form-3-value": "13.6"},
    )
    waiting = browser.get(answer["Location"]).text
    work()

    assert "being written" in waiting
    assert data_backend.descriptions[mine] == {"colour": "red", "deep": True, "energy": 13.6}
    text = browser.get(f"/data/{mine}?tab=metadata&fragment=metadata").text
    assert "What was changed here" in text
    assert "<html" not in text


def test_a_wrong_value_is_told_beside_its_field_and_kept(browser: Client, mine: Did) -> None:
    answer = browser.post("/data/metadata", {"did": str(mine), **sent(form__2__value="many")})

    assert answer.status_code == InvalidRequest.status
    assert "Write a whole number, such as 42." in answer.text
    assert 'value="many"' in answer.text
    assert not MetadataEdit.objects.exists()


def test_the_page_tells_that_somebody_was_quicker(
    browser: Client, mine: Did, data_backend: FakeDataBackend
) -> None:
    data_backend.descriptions[mine]["colour"] = "green"

    answer = browser.post("/data/metadata", {"did": str(mine), **sent(form__0__value="red")})

    assert answer.status_code == Conflict.status
    assert "it is green now" in answer.text


@pytest.mark.parametrize("shown", ["{", "nonsense"])
def test_a_form_that_was_tampered_with_is_refused(browser: Client, mine: Did, shown: str) -> None:
    answer = browser.post("/data/metadata", {"did": str(mine), **sent(form__0__shown=shown)})

    assert answer.status_code == InvalidRequest.status


def test_others_see_the_history_and_no_form(bob: User, alice: User, mine: Did) -> None:
    describing.change_metadata(alice, mine, [Change("colour", "red", "blue")])
    work()
    strange = Client()
    sign_in(strange, bob)

    text = strange.get(f"/data/{mine}?tab=metadata").text
    told = strange.get(f"/api/v1/data/dids/{mine.scope}/{mine.name}/metadata/history").json()

    assert "What was changed here" in text
    assert "Change the metadata" not in text
    assert told["items"][0]["account"] == alice.handle
    assert told["items"][0]["changes"] == [{"key": "colour", "before": "blue", "after": "red"}]


def test_the_history_of_what_is_not_there_is_not_found(browser: Client, mine: Did) -> None:
    assert browser.get("/api/v1/data/dids/cms/nothing/metadata/history").status_code == 404


def test_the_api_changes_keys(browser: Client, mine: Did, data_backend: FakeDataBackend) -> None:
    address = f"/api/v1/data/dids/{mine.scope}/{mine.name}/metadata"
    body = {"set": {"colour": "red", "depth": None}, "shown": {"colour": "blue"}}

    answer = browser.put(address, body, content_type="application/json")
    work()

    assert answer.status_code == 202
    assert browser.get(address).json() == {"colour": "red", "deep": True}
    again = browser.put(address, body, content_type="application/json")
    assert again.status_code == 409


@pytest.mark.parametrize(
    "wanted", [{}, {"a.b": 1}, {"a": [1]}, {"a": ""}, {"": 1}, {"a": 10**30}, {"bytes": 1}]
)
def test_the_api_refuses_what_is_no_change(
    browser: Client, mine: Did, wanted: dict[str, object]
) -> None:
    answer = browser.put(
        f"/api/v1/data/dids/{mine.scope}/{mine.name}/metadata",
        {"set": wanted},
        content_type="application/json",
    )

    assert answer.status_code == InvalidRequest.status
