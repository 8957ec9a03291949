"""What goes into a ZIP of datasets: which files under which names, and what is too much."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from django.utils.translation import gettext as _

from accounts.credentials import credential_for
from accounts.models import User
from data_mgmt.backends import Did, FileSources, get_backend
from data_mgmt.file_names import folder_name, paths_of
from data_mgmt.services.embargo import FILES, check_contents
from data_mgmt.services.reading import Readable, safe
from vre_portal.config import get_config
from vre_portal.errors import Conflict, InvalidRequest

MANIFEST = "MANIFEST.txt"
BASKET = "basket"
#: How many files a refusal names.
NAMED = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a ZIP: its path in it, and where it is read."""

    path: str
    wanted: Readable


@dataclass(frozen=True, slots=True)
class Pack:
    """All that goes into a ZIP: below one folder, with a list of the checksums before the files."""

    name: str
    entries: tuple[Entry, ...]
    manifest: bytes

    @property
    def is_large(self) -> bool:
        """Whether it has more files than an embargo on the whole is asked for one by one."""
        return len(self.entries) > FILES


def pack(user: User, dids: Sequence[Did]) -> Pack:
    """Return what goes into a ZIP of some DIDs.

    Raises
    ------
    Forbidden
        Contents of one are kept from the person.
    InvalidRequest
        There are too many files or bytes.
    Conflict
        Some of the files can't be read now.
    """
    for did in dids:
        check_contents(user, did)
    name = folder_name(dids[0]) if len(dids) == 1 else BASKET
    return packed(name, _files(user, dids))


def packed(name: str, found: Sequence[FileSources]) -> Pack:
    """Return a ZIP of files, given in the order of their names; raises what `pack` raises."""
    _check_size(found)
    _check_copies(found)
    paths = paths_of([each.file.did for each in found], taken=[MANIFEST])
    entries = tuple(
        Entry(f"{name}/{path}", Readable(each.file, safe(each.on_disk)))
        for path, each in zip(paths, found, strict=True)
    )
    return Pack(name, entries, _manifest(entries, len(name) + 1))


def refusal_of_size(*, files: int | None, size: int | None) -> str:
    """Return why so much does not come as a ZIP, in a sentence; an empty text if it does."""
    config = get_config()
    if (files or 0) <= config.zip_max_files and (size or 0) <= config.zip_max_bytes:
        return ""
    return _(
        "This is more than a ZIP takes here (%(files)s files or %(size)s GiB). Take the metalink"
        " or the script instead: they fetch file by file, and go on where they were cut."
    ) % {"files": f"{config.zip_max_files:,}", "size": f"{config.zip_max_bytes / 2**30:,.0f}"}


def _files(user: User, dids: Iterable[Did]) -> list[FileSources]:
    """Return the files below some DIDs, each once, in the order of their names."""
    credential, backend = credential_for(user, "rucio"), get_backend()
    most = get_config().zip_max_files + 1
    found: dict[Did, FileSources] = {}
    for did in dids:
        for each in backend.sources_below(credential, did, limit=most):
            found[each.file.did] = each
        if len(found) >= most:
            break
    return [found[did] for did in sorted(found)]


def _check_size(found: Sequence[FileSources]) -> None:
    size = sum(each.file.bytes for each in found)
    if refusal := refusal_of_size(files=len(found), size=size):
        raise InvalidRequest(refusal)
    if not found:
        raise InvalidRequest(_("There is no file in it."))


def _check_copies(found: Sequence[FileSources]) -> None:
    lacking = [each for each in found if not each.on_disk]
    if not lacking:
        return
    on_tape = sum(1 for each in lacking if each.sources)
    names = ", ".join(str(each.file.did) for each in islice(lacking, NAMED))
    told = _("%(count)s of %(total)s files can't be read now: %(names)s%(more)s.") % {
        "count": len(lacking),
        "total": len(found),
        "names": names,
        "more": " ..." if len(lacking) > NAMED else "",
    }
    if on_tape == len(lacking):
        told += " " + _("They are only on tape: ask for a copy on disk.")
    raise Conflict(told)


def _manifest(entries: Sequence[Entry], skipped: int) -> bytes:
    """Return the list of a ZIP's files: adler32, bytes, DID and path, parted by tabs."""
    rows = [
        f"{entry.wanted.file.adler32}\t{entry.wanted.file.bytes}\t{entry.wanted.file.did}"
        f"\t{entry.path[skipped:]}\n"
        for entry in entries
    ]
    return "".join(["adler32\tbytes\tdid\tpath\n", *rows]).encode()
