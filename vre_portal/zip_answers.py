"""Many files as one ZIP: written while it is read, and cut when one of them is not right."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial

from data_mgmt.services.archives import MANIFEST, Entry, Pack
from data_mgmt.services.reading import Readable
from vre_portal.download_parts import OK, Answer, Prepared, damaged, saved_as
from vre_portal.racing import in_thread
from vre_portal.remote_bytes import Damaged, RemoteBytes, verified
from vre_portal.zip_out import ZipOut, length_of

TYPE = "application/zip"
Reader = Callable[[Readable], RemoteBytes]


async def send_zip(
    prepared: Prepared, pack: Pack, reader: Reader, answer: Answer, *, is_head: bool
) -> None:
    """Answer with a ZIP."""
    headers = saved_as(f"{pack.name}.zip", TYPE)
    headers |= {"Content-Length": str(_length(pack)), "Accept-Ranges": "none"}
    if is_head:
        await answer.start(OK, headers)
        await answer.end()
        return
    async with aclosing(_parts(pack, prepared, reader)) as parts:
        # The beginning of the first file is here before anything is said.
        begun = [await anext(parts), await anext(parts)]
        await answer.start(OK, headers)
        await answer.part(b"".join(begun))
        async for part in parts:
            await answer.part(part)
    await answer.end()


def _length(pack: Pack) -> int:
    files = ((entry.path, entry.wanted.file.bytes) for entry in pack.entries)
    return length_of([(_manifest_path(pack), len(pack.manifest)), *files])


def _manifest_path(pack: Pack) -> str:
    return f"{pack.name}/{MANIFEST}"


async def _parts(pack: Pack, prepared: Prepared, reader: Reader) -> AsyncGenerator[bytes]:
    with ZipOut() as out:
        yield out.begin(_manifest_path(pack)) + out.add(pack.manifest) + out.end()
        for entry in pack.entries:
            if pack.is_large:
                # Of so many the check of the whole did not look at each.
                await in_thread(partial(prepared.admit, entry.wanted.file.did))
            async with aclosing(_entry(out, entry, prepared, reader)) as parts:
                async for part in parts:
                    yield part
        yield out.close()


async def _entry(
    out: ZipOut, entry: Entry, prepared: Prepared, reader: Reader
) -> AsyncGenerator[bytes]:
    file, remote = entry.wanted.file, reader(entry.wanted)
    head = out.begin(entry.path)
    try:
        async with aclosing(verified(remote.read(0, file.bytes), file)) as chunks:
            async for chunk in chunks:
                yield head + out.add(chunk) if head else out.add(chunk)
                head = b""
    except Damaged as exc:
        await in_thread(lambda: prepared.damaged(file.did, sorted(remote.given)))
        raise damaged(file) from exc
    yield head + out.end()
