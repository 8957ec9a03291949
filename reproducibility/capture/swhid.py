"""The identifier of a source tree that Software Heritage knows it by (SWHID, ISO/IEC 18670)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dulwich.index import commit_tree
from dulwich.object_store import MemoryObjectStore
from dulwich.objects import Blob

FILE, EXECUTABLE = 0o100644, 0o100755


def directory(files: Mapping[str, bytes], *, executables: Collection[str] = ()) -> str:
    """Return ``swh:1:dir:`` and the hash that Git gives the same tree, from contents by path."""
    store = MemoryObjectStore()
    blobs = []
    for path, content in files.items():
        blob = Blob.from_string(content)
        store.add_object(blob)
        mode = EXECUTABLE if path in executables else FILE
        blobs.append((path.encode("utf-8", "surrogateescape"), blob.id, mode))
    return f"swh:1:dir:{commit_tree(store, blobs).decode()}"
