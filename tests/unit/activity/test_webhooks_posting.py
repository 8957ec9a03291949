"""One signed notice on a real socket, and every address that it must not reach."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from activity.services import posting
from activity.services.posting import NotTaken, Target
from tests.unit.activity.receivers import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as server:
        yield server


def post(target: Target, body: bytes = b"{}", timestamp: str = "1") -> int:
    return asyncio.run(posting.post(target, body, timestamp=timestamp))


@contextmanager
def saying(*pieces: bytes, every: float = 0.0) -> Iterator[str]:
    """Run a server that says these pieces to whoever connects, the last one for ever."""
    over = threading.Event()

    def talk(server: socket.socket) -> None:
        line, _address = server.accept()
        with line:
            line.recv(65536)
            try:
                for piece in pieces:
                    line.sendall(piece)
                while pieces and not over.wait(every):
                    line.sendall(pieces[-1])
            except OSError:
                return
            over.wait(10)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=talk, args=(server,))
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        over.set()
        thread.join()


def test_a_receiver_can_verify_the_signature(receiver: Receiver) -> None:
    status = post(Target(receiver.url, "s3cret", loopback=True), b'{"id":"1"}', "1700000000")

    headers, body = receiver.got[0]
    assert (status, body) == (204, b'{"id":"1"}')
    assert receiver.is_signed("s3cret")
    assert not receiver.is_signed("another")
    assert headers["X-VRE-Timestamp"] == "1700000000"
    assert headers["Host"] == f"127.0.0.1:{receiver.server_port}"
    assert headers["Content-Type"] == "application/json"


@pytest.mark.parametrize("status", [301, 307, 404, 500])
def test_another_answer_is_told_and_no_redirect_is_followed(
    receiver: Receiver, status: int
) -> None:
    receiver.answers = status

    with pytest.raises(NotTaken, match=f"answered {status}"):
        post(Target(receiver.url, "s", loopback=True))

    assert len(receiver.got) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "[fe80::1]",
     "[::ffff:10.0.0.1]", "[fd00::1]", "0.0.0.0", "2130706433", "0x7f.1", "127.1",
     "100.64.0.1", "224.0.0.1", "localhost", "LOCALHOST"],
)  # fmt: skip
def test_a_network_of_the_site_is_refused(host: str) -> None:
    with pytest.raises(NotTaken, match=r"not a public address|not known"):
        post(Target(f"https://{host}/", "s"))


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "ftp://x/",
        "https://x:y/",
        "https://x:99999/",
        "https://",
        "//x/",
        "",
        "https://[]@",
        "https://a\xa0b/",
        "https://a b/",
        "https://a%0d%0ab/",
        "https://[::1",
    ],
)
def test_only_https_is_an_address(url: str) -> None:
    with pytest.raises(NotTaken, match="not an https address"):
        post(Target(url, "s"))


@pytest.mark.parametrize("url", ["https://u:p@example.org/", "https://@example.org@127.0.0.1/"])
def test_an_address_holds_no_password(url: str) -> None:
    with pytest.raises(NotTaken, match=r"user or password|not an https address"):
        post(Target(url, "s"))


def test_http_in_production_does_not_reach_loopback(receiver: Receiver) -> None:
    with pytest.raises(NotTaken):
        post(Target(receiver.url, "s"))

    assert receiver.got == []


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "192.168.1.1"])
def test_loopback_in_development_opens_no_other_network(host: str) -> None:
    with pytest.raises(NotTaken, match="not a public address"):
        post(Target(f"https://{host}/", "s", loopback=True))


def test_nobody_there_is_told() -> None:
    with pytest.raises(NotTaken, match="could not be reached"):
        post(Target("http://127.0.0.1:9/", "s", loopback=True))


def test_of_several_addresses_the_first_that_is_there_is_asked(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in
             ("127.0.0.9", "127.0.0.1")]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: found)
    url = f"http://localhost:{receiver.server_port}/"

    assert post(Target(url, "s", loopback=True)) == 204

    assert receiver.got[0][0]["Host"] == f"localhost:{receiver.server_port}"


def test_one_private_address_among_public_ones_is_enough_to_refuse(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 0)) for each in
             ("8.8.8.8", "10.0.0.1")]  # fmt: skip
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: found)

    with pytest.raises(NotTaken, match="not a public address"):
        post(Target("https://rebound.example/", "s", loopback=True))


def test_a_name_that_nobody_has_is_told() -> None:
    with pytest.raises(NotTaken, match="not known"):
        post(Target("https://nobody.invalid/", "s"))


def test_a_server_that_speaks_no_tls_is_told(receiver: Receiver) -> None:
    with pytest.raises(NotTaken):
        post(Target(receiver.url.replace("http:", "https:"), "s", loopback=True))

    assert receiver.got == []


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Path]]:
    """Write a certificate for a name, which this machine trusts, with its key."""

    def certify(name: str) -> Path:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .sign(key, hashes.SHA256())
        )
        file = tmp_path / "server.pem"
        file.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            + certificate.public_bytes(Encoding.PEM)
        )
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        return file

    posting._trusted.cache_clear()
    yield certify
    posting._trusted.cache_clear()


def over_tls(receiver: Receiver, file: Path) -> str:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    receiver.socket = context.wrap_socket(receiver.socket, server_side=True)
    return f"https://localhost:{receiver.server_port}/hook"


def test_https_is_spoken_by_the_name_and_the_certificate_is_checked(
    receiver: Receiver, authority: Callable[[str], Path]
) -> None:
    url = over_tls(receiver, authority("localhost"))

    assert post(Target(url, "s", loopback=True)) == 204

    assert receiver.got[0][0]["Host"] == f"localhost:{receiver.server_port}"


def test_the_certificate_of_another_name_is_refused(
    receiver: Receiver, authority: Callable[[str], Path]
) -> None:
    url = over_tls(receiver, authority("elsewhere.example"))

    with pytest.raises(NotTaken, match="no valid certificate"):
        post(Target(url, "s", loopback=True))

    assert receiver.got == []


def test_a_certificate_that_nobody_vouches_for_is_refused(
    receiver: Receiver, authority: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = over_tls(receiver, authority("localhost"))
    monkeypatch.delenv("SSL_CERT_FILE")

    with pytest.raises(NotTaken, match="no valid certificate"):
        post(Target(url, "s", loopback=True))

    assert receiver.got == []


def test_a_secret_is_not_in_a_repr() -> None:
    assert "s3cret" not in repr(Target("https://x/", "s3cret"))


def test_a_silent_server_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "POST_SECONDS", 0.2)

    with saying() as url, pytest.raises(NotTaken, match="in time"):
        post(Target(url, "s", loopback=True))


def test_a_name_server_that_is_silent_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "POST_SECONDS", 0.2)
    answered = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_asked, **_how: answered.wait(10))
    begun = time.monotonic()

    with pytest.raises(NotTaken, match="in time"):
        post(Target("https://slow.example/", "s"))

    assert time.monotonic() - begun < 2
    answered.set()


def test_a_server_that_never_ends_its_headers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "POST_SECONDS", 0.5)
    begun = time.monotonic()

    with saying(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", every=0.05) as url, pytest.raises(NotTaken):
        post(Target(url, "s", loopback=True))

    assert time.monotonic() - begun < 3


def test_a_flood_of_headers_is_not_gathered(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = b"X-A: " + b"b" * 1000 + b"\r\n"

    with saying(b"HTTP/1.1 200 OK\r\n", flood) as url, pytest.raises(NotTaken, match="proper"):
        post(Target(url, "s", loopback=True))


def test_an_endless_body_is_not_read() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    with saying(head, b"4\r\nspam\r\n") as url:
        assert post(Target(url, "s", loopback=True)) == 200


def test_what_is_no_answer_is_told() -> None:
    with saying(b"220 smtp ready\r\n", every=0.1) as url, pytest.raises(NotTaken, match="proper"):
        post(Target(url, "s", loopback=True))
