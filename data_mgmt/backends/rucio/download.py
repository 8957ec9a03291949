"""Downloads by rucio-clients, tamed: one token an object, no token file, no silent sign-in."""

from __future__ import annotations

import logging
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

# The library reads its configuration when it is imported.
os.environ["RUCIO_CONFIG"] = str(Path(__file__).with_name("client.cfg"))

from rucio.client.baseclient import BaseClient
from rucio.client.client import Client
from rucio.client.downloadclient import DownloadClient
from rucio.common.exception import CannotAuthenticate, RucioException
from rucio.rse import rsemanager

from accounts.credentials import Credential
from data_mgmt.backends.rucio import rest
from data_mgmt.backends.values import Downloaded, FileEntry
from vre_portal.errors import PortalError, UpstreamRefused

log = logging.getLogger(__name__)

SECONDS = 20
GOOD = frozenset({"DONE", "ALREADY_DONE"})
#: The private methods that `OneTokenClient` replaces; a release without them must not start.
HOOKS = ("_BaseClient__authenticate", "_BaseClient__get_token")


def missing_hooks() -> list[str]:
    """Return the hooks that this release of rucio-clients no longer has."""
    gone = [name for name in HOOKS if not callable(getattr(BaseClient, name, None))]
    return gone if hasattr(rsemanager, "RSE_REGION") else [*gone, "rsemanager.RSE_REGION"]


class OneTokenClient(Client):  # type: ignore[misc]  # the library has no types
    """A client that acts for one credential: as shipped it takes any token file of that name."""

    def __init__(self, credential: Credential) -> None:
        if missing_hooks():
            raise RuntimeError(f"rucio-clients changed: {missing_hooks()} are gone")
        self._credential = credential
        super().__init__(
            rucio_host=rest.address(),
            auth_host=rest.address(),
            account=credential.account,
            auth_type="userpass",
            creds={"username": "unused", "password": "unused"},
            timeout=SECONDS,
            logger=log,
        )

    def _BaseClient__authenticate(self) -> None:  # noqa: N802 - the library's private name
        self.auth_token = self._credential.token
        self.headers["X-Rucio-Auth-Token"] = self._credential.token

    def _BaseClient__get_token(self) -> None:  # noqa: N802 - the library's private name
        raise CannotAuthenticate("the token is no longer good")


def download(
    credential: Credential, files: Sequence[FileEntry], storages: Iterable[str], folder: Path
) -> tuple[Downloaded, ...]:
    """Fetch files into a folder; each has the catalogue's checksum, or an error is raised."""
    if not files:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    items = [{"did": str(file.did), "base_dir": str(folder), "no_subdir": True} for file in files]
    try:
        one = OneTokenClient(credential)
        _describe_storages(one, storages)
        client = DownloadClient(client=one, logger=log, tracing=False)
        came = _came(client, items)
        failed = [item for item in items if item["did"] not in came]
        # Once more without its check, which tells no checksum: a copy that is damaged has one.
        came |= _came(client, [{**item, "ignore_checksum": True} for item in failed])
    except RucioException as exc:
        raise _error(credential, exc) from exc
    return tuple(_checked(file, folder, came=str(file.did) in came) for file in files)


def _came(client: DownloadClient, items: Sequence[dict[str, Any]]) -> set[str]:
    """Return which of the files were fetched."""
    if not items:
        return set()
    told = client.download_dids(
        list(items), num_threads=2, deactivate_file_download_exceptions=True
    )
    return {str(row["did"]) for row in told if row.get("clientState") in GOOD}


def _describe_storages(client: OneTokenClient, storages: Iterable[str]) -> None:
    """Fill the library's cache of storages: else it makes a client without a credential."""
    for name in storages:
        key = f"rse_info_{name}:{client.vo}"
        rsemanager.RSE_REGION.set(key, client.get_rse(name))


def _checked(file: FileEntry, folder: Path, *, came: bool) -> Downloaded:
    path = folder / file.did.name
    if not came or not path.is_file():
        raise UpstreamRefused(
            f"No storage could give {file.did} (adler32 {file.adler32}). Try again later, or tell "
            "its data managers.",
            service="rucio",
        )
    size, checksum = path.stat().st_size, adler32_of(path)
    if checksum != file.adler32 or size != file.bytes:
        path.unlink()
        raise UpstreamRefused(
            f"{file.did} is damaged at its storage: it came with {size} bytes and the adler32 "
            f"{checksum}, the catalogue has {file.bytes} bytes and {file.adler32}. Tell its data "
            "managers.",
            service="rucio",
        )
    return Downloaded(file.did, str(path), size, checksum)


def adler32_of(path: Path) -> str:
    """Return a file's adler32 as Rucio writes it: eight hexadecimal digits."""
    checksum = 1
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            checksum = zlib.adler32(chunk, checksum)
    return f"{checksum:08x}"


def _error(credential: Credential, exc: RucioException) -> PortalError:
    kind = type(exc).__name__
    return rest.refusal_to(credential, rest.error_of(0, kind, b""), kind)
