"""The files of a deposit: the version as an RO-Crate, and how it is cited; written to be sent."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from accounts.models import User
from reproducibility.crate import citation
from reproducibility.models import Deposit
from reproducibility.services import crates, staging
from vre_portal.components.formats import size
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest, NoRoom


@dataclass(frozen=True, slots=True)
class Part:
    """A file of each deposit: what its name ends with, and what makes its bytes."""

    name: Callable[[Deposit], str]
    pieces: Callable[[User, Deposit], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Spooled:
    """A file that is ready to be sent: its size in bytes, and its MD5 as repositories tell it."""

    key: str
    path: Path
    size: int
    md5: str


def _crate(user: User, deposit: Deposit) -> Iterator[bytes]:
    analysis = deposit.version.analysis
    package = crates.package(user, analysis.pk, str(deposit.version.number))
    try:
        yield from crates.pieces(package)
    except crates.Damaged as exc:
        words = _("A recorded output is not what it was, so that nothing is sent. Capture it anew.")
        raise Conflict(words) from exc


def _citation(_user: User, deposit: Deposit) -> Iterator[bytes]:
    version = deposit.version
    cited = crates.citation_of(version.analysis, version, doi=deposit.doi)
    yield citation.written(cited).encode()


def crate_name(deposit: Deposit) -> str:
    """Return the name of the crate among the files of a deposit."""
    return f"{deposit.version.analysis.slug}-{deposit.version.number}.crate.zip"


PARTS = (Part(crate_name, _crate), Part(lambda _deposit: citation.PATH, _citation))


def spool(
    part: Part, user: User, deposit: Deposit, *, to: Path, told: Callable[[], None]
) -> Spooled:
    """Write a file to this machine's disk; `told` is called while it goes on.

    Raises
    ------
    InvalidRequest
        It is larger than the repository takes.
    Conflict
        A recorded output is damaged.
    NoRoom
        The disk is full.
    """
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = part.name(deposit)
    # The checksum is the one that the repository tells, no protection.
    path, digest, count = to / key, hashlib.md5(usedforsecurity=False), 0
    with path.open("wb") as out:
        for piece in _bounded(part.pieces(user, deposit), key, room=staging.room()):
            out.write(piece)
            digest.update(piece)
            count += len(piece)
            told()
    return Spooled(key, path, count, digest.hexdigest())


def _bounded(pieces: Iterable[bytes], key: str, *, room: int) -> Iterator[bytes]:
    most, count = get_config().deposit_file_bytes, 0
    for piece in pieces:
        count += len(piece)
        if count > most:
            words = _("%(key)s is larger than %(most)s, which %(name)s does not take.")
            named = {"key": key, "most": size(most), "name": get_config().deposit_name}
            raise InvalidRequest(words % named)
        if count > room:
            raise NoRoom(_("The portal has no room for %s at the moment.") % key)
        yield piece
