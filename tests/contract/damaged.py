"""Files whose only copy is not what was registered, at the fake and at the real storages."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from data_mgmt.backends import Did
from demo.stack import Stack
from tests.contract.real_parts import place_of, sparse_file
from tests.fakes.data import FakeDataBackend


@dataclass(frozen=True)
class Damaged:
    """A file whose only copy is not what was registered; both as adler32."""

    did: Did
    registered: str
    stored: str


@contextmanager
def damaged_fake(fake: FakeDataBackend) -> Iterator[Damaged]:
    """Register one at the fake."""
    did = fake.add_file("cms:damaged.root", b"right", ["CERN-DISK"])
    fake.damage(did, b"wrong")
    yield Damaged(did, _adler32(b"right"), _adler32(b"wrong"))


@contextmanager
def damaged_real(stack: Stack) -> Iterator[Damaged]:
    """Register one at the demo's Rucio, and write over what its storage keeps."""
    with sparse_file(stack, 4096, tail=b"the end") as did:
        place = place_of(stack, did)
        right = place.read_bytes()
        wrong = b"X" + right[1:]
        place.write_bytes(wrong)
        yield Damaged(did, _adler32(right), _adler32(wrong))


def _adler32(content: bytes) -> str:
    return f"{zlib.adler32(content):08x}"
