"""What the worker does with an upload, and what is left when it fails or dies on the way."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.models_uploads import Upload, UploadState
from data_mgmt.services import staging, upload_checks, uploads
from data_mgmt.services.upload_checks import Wish
from tests.fakes.data import FakeDataBackend
from tests.unit.data_mgmt.steps import work
from vre_portal.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    PortalError,
    QuotaExceeded,
    TooLarge,
    UpstreamUnavailable,
)
from vre_portal.models import Operation

CONTENT = b"some bytes of a detector"
Sender = Callable[..., Upload]


class Killed(BaseException):
    """What a worker does not survive."""


@pytest.fixture
def send(alice: User, data_backend: FakeDataBackend) -> Sender:
    """Send a file of Alice's whole."""

    def sent(content: bytes = CONTENT, name: str = "a.root", **values: object) -> Upload:
        wish = Wish(
            Did(f"user.{alice.handle}", name),
            len(content),
            "LAPP-DISK",
            **values,  # type: ignore[arg-type]
        )
        upload = uploads.begin(alice, wish)
        file = staging.Piece(upload.pk)
        file.add(content)
        file.close()
        return uploads.received(upload)

    return sent


def after(upload: Upload, *, rounds: int = 4) -> Upload:
    """Return an upload after the worker had it."""
    for _ in range(rounds):
        work()
    upload.refresh_from_db()
    return upload


@pytest.mark.django_db  # one that says so has the plug-in make the database for all
@pytest.mark.parametrize("content", [b"", b"x", CONTENT])
def test_a_file_is_stored_registered_and_held(
    send: Sender, data_backend: FakeDataBackend, staged: Path, content: bytes
) -> None:
    upload = after(send(content))

    assert (upload.state, upload.reason) == (UploadState.DONE, "")
    assert data_backend.files[upload.did].content == content
    assert data_backend.bytes_at[upload.address] == content
    assert upload.adler32 == f"{zlib.adler32(content):08x}"
    (rule,) = [kept.rule for kept in data_backend.rules.values()]
    assert (rule.did, rule.storage, rule.expires_at) == (upload.did, "LAPP-DISK", None)
    assert [*staged.iterdir()] == []


def test_metadata_lifetime_and_a_new_dataset_are_as_wished(
    send: Sender, data_backend: FakeDataBackend, alice: User
) -> None:
    dataset = Did(f"user.{alice.handle}", "run-1")
    wishes = {"dataset": dataset, "lifetime_days": 30, "metadata": {"energy_tev": 13.6}}

    first, second = send(name="a", **wishes), send(name="b", **wishes)
    after(first)
    after(second)

    assert data_backend.children[dataset] == [first.did, second.did]
    assert data_backend.descriptions[first.did] == {"energy_tev": 13.6}
    (rule,) = [kept.rule for kept in data_backend.rules.values()]
    assert rule.did == dataset
    assert rule.expires_at is not None


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        ("adler32", f"{zlib.adler32(CONTENT):08x}"),
        ("md5", hashlib.md5(CONTENT).hexdigest()),
        ("sha256", hashlib.sha256(CONTENT).hexdigest()),
    ],
)
def test_the_senders_checksum_is_compared(send: Sender, kind: str, digest: str) -> None:
    assert after(send(checksum=(kind, digest))).state == UploadState.DONE


@pytest.mark.parametrize("kind", ["adler32", "md5", "sha256"])
def test_a_corrupted_upload_is_refused_and_thrown_away(
    send: Sender, data_backend: FakeDataBackend, staged: Path, kind: str
) -> None:
    upload = after(send(checksum=(kind, "0" * upload_checks.DIGITS[kind])))

    assert upload.state == UploadState.REFUSED
    assert "corrupted" in upload.reason
    assert [*staged.iterdir()] == []
    assert data_backend.bytes_at == {}
    assert upload.did not in data_backend.types


def test_a_storage_that_has_other_bytes_is_not_believed(
    send: Sender, data_backend: FakeDataBackend
) -> None:
    data_backend.corrupts = True
    upload = after(send())
    assert (upload.state, data_backend.bytes_at) == (UploadState.FAILED, {})

    data_backend.corrupts = False
    uploads.retry(upload)

    assert after(upload).state == UploadState.DONE


@pytest.mark.parametrize(
    "method",
    [
        "write_address", "store", "stored", "register_file", "set_metadata", "make", "attach",
        "add_rule", "rules_of",
    ],
)  # fmt: skip
def test_a_worker_killed_at_any_step_does_nothing_twice(
    send: Sender, data_backend: FakeDataBackend, alice: User, method: str
) -> None:
    dataset = Did(f"user.{alice.handle}", "run-1")
    upload = send(dataset=dataset, metadata={"a": 1})
    real = getattr(data_backend, method)

    def dying(*args: object, **kwargs: object) -> object:
        real(*args, **kwargs)
        raise Killed

    setattr(data_backend, method, dying)
    with pytest.raises(Killed):
        after(upload)
    setattr(data_backend, method, real)
    Operation.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    after(upload)

    assert upload.state == UploadState.DONE
    assert data_backend.children[dataset] == [upload.did]
    assert data_backend.descriptions[upload.did] == {"a": 1}
    assert len(data_backend.rules) == 1


@pytest.mark.parametrize("method", ["store", "register_file", "add_rule"])
def test_what_failed_keeps_the_bytes_and_goes_on_where_it_was(
    send: Sender, data_backend: FakeDataBackend, staged: Path, method: str
) -> None:
    data_backend.fail_on(method, QuotaExceeded("no"))
    upload = after(send())
    assert (upload.state, upload.reason) == (UploadState.FAILED, "no")
    assert [path.read_bytes() for path in staged.iterdir()] == [CONTENT]
    stored = data_backend.calls["store"]

    data_backend.fail_on(method, None)
    uploads.retry(upload)
    after(upload)

    assert upload.state == UploadState.DONE
    assert data_backend.calls["store"] == stored + (method == "store")


def test_a_storage_that_is_down_is_asked_again(send: Sender, data_backend: FakeDataBackend) -> None:
    data_backend.fail_on("store", UpstreamUnavailable("down"))
    upload = after(send())
    assert upload.state == UploadState.STORING

    data_backend.fail_on("store", None)

    assert after(upload).state == UploadState.DONE


def test_throwing_away_what_failed_leaves_nothing_at_the_storage(
    send: Sender, data_backend: FakeDataBackend, alice: User, staged: Path
) -> None:
    data_backend.fail_on("register_file", QuotaExceeded("no"))
    upload = after(send())
    assert data_backend.bytes_at

    uploads.remove(upload)
    work()

    assert (data_backend.bytes_at, [*staged.iterdir()]) == ({}, [])
    assert not Upload.objects.exists()


def test_throwing_away_what_is_registered_leaves_its_bytes(
    send: Sender, data_backend: FakeDataBackend
) -> None:
    data_backend.fail_on("add_rule", QuotaExceeded("no"))
    upload = after(send())

    uploads.remove(upload)
    work()

    assert data_backend.bytes_at[upload.address] == CONTENT


def test_what_the_worker_has_is_not_thrown_away(send: Sender) -> None:
    with pytest.raises(Conflict):
        uploads.remove(send())


@pytest.mark.parametrize(
    ("change", "kind", "field"),
    [
        ({"did": Did("cms", "a")}, InvalidRequest, "scope"),
        ({"name": "an odd name"}, InvalidRequest, "filename"),
        ({"name": "a/../../b"}, InvalidRequest, "filename"),
        ({"name": "x" * 251}, InvalidRequest, "filename"),
        ({"name": "قطة"}, InvalidRequest, "filename"),
        ({"storage": "ATLANTIS"}, InvalidRequest, "storage"),
        ({"lifetime_days": 0}, InvalidRequest, "lifetime_days"),
        ({"size": 2**31}, QuotaExceeded, ""),
        ({"size": 2**60}, TooLarge, ""),
        ({"storage": "PIC-DISK"}, QuotaExceeded, ""),
        ({"metadata": {"bytes": 1}}, InvalidRequest, "bytes"),
    ],
)
def test_what_cannot_be_stored_is_told_before_a_byte_moves(
    alice: User,
    data_backend: FakeDataBackend,
    change: dict[str, object],
    kind: type[PortalError],
    field: str,
) -> None:
    data_backend.add_storage("PIC-DISK")
    scope = f"user.{alice.handle}"
    name = str(change.pop("name", "a.root"))
    values = {"did": Did(scope, name), "size": 5, "storage": "LAPP-DISK", **change}

    with pytest.raises(kind) as refused:
        uploads.begin(alice, Wish(**values))  # type: ignore[arg-type]

    assert getattr(refused.value, "field", "") == field
    assert not Upload.objects.exists()


def test_a_file_that_exists_is_told_with_the_way_to_it(
    alice: User, data_backend: FakeDataBackend
) -> None:
    did = data_backend.add_file(f"user.{alice.handle}:a.root")

    with pytest.raises(upload_checks.AlreadyThere) as refused:
        uploads.begin(alice, Wish(did, 5, "LAPP-DISK"))

    assert refused.value.members() == {"field": "filename", "url": f"/data/{did}"}


def test_a_name_under_way_is_told_with_the_way_to_go_on(
    alice: User, data_backend: FakeDataBackend
) -> None:
    wish = Wish(Did(f"user.{alice.handle}", "a.root"), 5, "LAPP-DISK")
    first = uploads.begin(alice, wish)

    with pytest.raises(upload_checks.AlreadyThere) as refused:
        uploads.begin(alice, wish)

    assert str(first.pk) in refused.value.url


@pytest.mark.parametrize("is_open", [True, False])
def test_only_an_open_dataset_takes_files(
    alice: User, data_backend: FakeDataBackend, is_open: bool
) -> None:
    dataset = data_backend.add_dataset(f"user.{alice.handle}:run")
    if is_open:
        data_backend.open.add(dataset)
    wish = Wish(Did(dataset.scope, "a"), 5, "LAPP-DISK", dataset=dataset)

    if is_open:
        assert uploads.begin(alice, wish)
        return
    with pytest.raises(InvalidRequest, match="closed"):
        uploads.begin(alice, wish)


def test_many_are_checked_at_once(alice: User, data_backend: FakeDataBackend) -> None:
    there = data_backend.add_file(f"user.{alice.handle}:there")
    names = ["new", there.name, "odd name"]
    wishes = [Wish(Did(there.scope, name), 5, "LAPP-DISK") for name in names]

    found = {each.name: each for each in upload_checks.conflicts(alice, wishes)}

    assert found.keys() == {"there", "odd name"}
    assert found["there"].url == f"/data/{there}"


def test_what_is_half_done_for_too_long_goes(
    alice: User, data_backend: FakeDataBackend, staged: Path
) -> None:
    wish = Wish(Did(f"user.{alice.handle}", "a.root"), 5, "LAPP-DISK")
    upload = uploads.begin(alice, wish)
    Upload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    uploads.tidy()

    assert (Upload.objects.exists(), [*staged.iterdir()]) == (False, [])
    with pytest.raises(NotFound):
        uploads.find(alice, upload.pk)


def test_what_was_complete_when_a_server_died_is_handed_over(
    alice: User, data_backend: FakeDataBackend, staged: Path
) -> None:
    upload = uploads.begin(alice, Wish(Did(f"user.{alice.handle}", "a"), 5, "LAPP-DISK"))
    (staged / str(upload.pk)).write_bytes(b"hello")

    uploads.tidy()

    assert after(upload).state == UploadState.DONE


def test_twenty_gigabytes_are_counted_right(
    alice: User, data_backend: FakeDataBackend, staged: Path
) -> None:
    size = 20 * 10**9
    data_backend.set_limit(alice.handle, "LAPP-DISK", 2 * size)
    upload = uploads.begin(alice, Wish(Did(f"user.{alice.handle}", "big"), size, "LAPP-DISK"))
    with (staged / str(upload.pk)).open("r+b") as file:
        file.truncate(size - 3)

    piece = staging.Piece(upload.pk)
    assert piece.offset == size - 3
    piece.add(b"end")
    piece.close()

    assert staging.offset_of(upload.pk) == size
    assert uploads.received(upload).state == UploadState.CHECKING
