"""The tabs of a collection: what is in it as a tree, as a list of files, and as folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt import did_way, download_pages
from data_mgmt.backends import Did, DidInfo, DidType, FileEntry
from data_mgmt.did_pages import matrix
from data_mgmt.did_shapes import Asked
from data_mgmt.services import contents as services
from data_mgmt.services import paths
from vre_portal.components.formats import number
from vre_portal.errors import PortalError

TREE, LIST, PATH = "tree", "list", "path"
#: Up to here a page lists the files itself; more of them come as a stream.
LISTED_FILES = 1000
STREAMED_FILES = 2000


@dataclass(frozen=True, slots=True)
class Node:
    """A DID in a tree: its page, and where what is in it comes from, if it holds anything."""

    info: DidInfo
    url: str
    inside_url: str
    contents_url: str


@dataclass(frozen=True, slots=True)
class View:
    """One way to look at the same, as a link."""

    title: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A DID in a list or a folder."""

    did: Did
    name: str
    url: str
    kind: DidType = DidType.FILE
    count: int | None = None
    bytes: int | None = None
    checksum: str = ""
    download_url: str = ""


def contents(asked: Asked) -> dict[str, Any]:
    """Return what is in a container: its tree with its matrix, or the files below it as folders."""
    shown = _views(asked, {TREE: _("Tree"), PATH: _("Folders")})
    if asked.query.get("view") == PATH:
        return {"views": shown, "folders": folders(asked)}
    found = {"views": shown, **_tree(asked)}
    return found if asked.query.get("after") else {**found, **matrix(asked.user, asked.view)}


def files(asked: Asked) -> dict[str, Any]:
    """Return the files below a collection: a list, a stream of them, or folders."""
    views = _views(asked, {LIST: _("List"), PATH: _("Folders")})
    if asked.query.get("view") == PATH:
        return {"views": views, "folders": folders(asked)}
    kept = {"tab": "files", **_via(asked)}
    listed = (asked.info.files or 0) <= LISTED_FILES or asked.query.get("by") == "name"
    address = {"scope": asked.did.scope, "name": asked.did.name}
    found: dict[str, Any] = {
        "views": views,
        "files_url": reverse("api:data-did-files", kwargs=address),
        "by_name_url": f"?{urlencode({**kept, 'by': 'name'})}",
        "streamed_files": STREAMED_FILES,
        "via_pattern": f"?{urlencode({'via': did_way.text_of(_came(asked))})}",
    }
    return {**found, **_listed(asked, kept)} if listed else {**found, "streams": True}


def _listed(asked: Asked, kept: dict[str, str]) -> dict[str, Any]:
    after = asked.query.get("after", "")
    kept = {**kept, "by": "name"} if asked.query.get("by") else kept
    try:
        part = services.files(asked.user, asked.did, after=after, seconds=_seconds(asked))
    except PortalError as exc:
        if not exc.retryable:
            raise
        return {"files": None, "problem": exc.message}
    came = _came(asked)
    return {
        "files": [file_row(file, came) for file in part.items],
        "problem": part.problem,
        "first": f"?{urlencode(kept)}" if after else "",
        "next": f"?{urlencode({**kept, 'after': part.next})}" if part.next else "",
    }


def _tree(asked: Asked) -> dict[str, Any]:
    after = asked.query.get("after", "")
    kept = {"tab": "contents", **_via(asked)}
    try:
        part = services.children(asked.user, asked.did, after=after, seconds=_seconds(asked))
    except PortalError as exc:
        if not exc.retryable:
            raise
        return {"nodes": None, "problem": exc.message}
    return {
        "nodes": nodes(part.items, _came(asked)),
        "problem": part.problem,
        "first": f"?{urlencode(kept)}" if after else "",
        "next": f"?{urlencode({**kept, 'after': part.next})}" if part.next else "",
    }


def branch(user: User, did: Did, query: Mapping[str, str]) -> dict[str, Any]:
    """Return what is in a collection of a tree, as the branch that opens in place."""
    came = (*did_way.of_text(query.get("via", "")), did)
    try:
        part = services.children(user, did, after=query.get("after", ""))
    except PortalError as exc:
        if not exc.retryable:
            raise
        tab = "contents"
        return {"problem": exc.message, "page_url": did_way.address(did, came[:-1], tab=tab)}
    return {
        "nodes": nodes(part.items, came),
        "problem": part.problem,
        "more_url": inside(did, came[:-1], after=part.next) if part.next else "",
    }


def nodes(items: Iterable[DidInfo], came: Sequence[Did]) -> list[Node]:
    """Return DIDs as the nodes of a tree."""
    return [_node(info, came) for info in items]


def _node(info: DidInfo, came: Sequence[Did]) -> Node:
    tab = "contents" if info.type is DidType.CONTAINER else "files"
    opens = info.type.is_collection
    return Node(
        info,
        did_way.address(info.did, came),
        inside(info.did, came) if opens else "",
        did_way.address(info.did, came, tab=tab) if opens else "",
    )


def inside(did: Did, came: Sequence[Did], *, after: str = "") -> str:
    """Return where the branch below a DID comes from."""
    query = {"did": str(did), "via": did_way.text_of(came), "after": after}
    return f"{reverse('data_mgmt:tree')}?{urlencode({k: v for k, v in query.items() if v})}"


def folders(asked: Asked) -> dict[str, Any]:
    """Return one folder of the files below a collection."""
    path = asked.query.get("path")
    path = None if path is None else path.rstrip("/") + "/" if path.strip("/") else path[:1]
    whole = asked.query.get("whole") == "1"
    kept = {"tab": asked.query.get("tab", ""), "view": PATH, **_via(asked)}
    try:
        found = paths.in_collection(asked.user, asked.did, path, whole=whole)
    except PortalError as exc:
        if not exc.retryable:
            raise
        return {"problem": exc.message}
    here = {**kept, "path": found.path}
    return {
        **listing(found, kept),
        "files": [in_folder(file, found.path, _came(asked)) for file in found.files],
        "cut_text": _("Counted up to here: %(n)s of %(all)s files.")
        % {"n": number(found.counted), "all": number(asked.info.files)},
        "whole_url": "" if whole else f"?{urlencode({**here, 'whole': '1'})}",
    }


def file_row(file: FileEntry, came: Sequence[Did]) -> Row:
    """Return a file as a row."""
    return Row(
        file.did,
        file.did.name,
        did_way.address(file.did, came),
        bytes=file.bytes,
        checksum=f"ad:{file.adler32}" if file.adler32 else "",
        download_url=download_pages.address(download_pages.FILE, file.did),
    )


def in_folder(file: FileEntry, path: str, came: Sequence[Did]) -> Row:
    """Return a file as a row of the folder in which it is."""
    return replace(file_row(file, came), name=file.did.name.removeprefix(path))


def listing(found: paths.Listing, kept: Mapping[str, str]) -> dict[str, Any]:
    """Return a folder with a link to each folder in it and above it."""

    def link(path: str) -> str:
        return f"?{urlencode({**kept, 'path': path})}"

    return {
        "is_whole": found.is_whole,
        "top_url": link("/" if found.path.startswith("/") else ""),
        "steps": [(name, link(path)) for name, path in found.steps if path != "/"],
        "folders": [(folder, link(folder.path)) for folder in found.folders],
        "more_folders": found.folders_total - len(found.folders),
        "more_files": found.files_total - len(found.files),
    }


def _views(asked: Asked, titles: Mapping[str, str]) -> list[View]:
    current = asked.query.get("view")
    default = next(iter(titles))
    current = current if current in titles else default
    tab = asked.query.get("tab", "")
    query = {"tab": tab, **_via(asked)}
    return [
        View(title, f"?{urlencode({**query, 'view': key})}", key == current)
        for key, title in titles.items()
    ]


def _seconds(asked: Asked) -> float | None:
    """Return how long a part may take; a page that has waited in vain does not wait twice."""
    return services.GLANCE if asked.view.problem else None


def _came(asked: Asked) -> tuple[Did, ...]:
    return (*did_way.way(asked.view, asked.query), asked.did)


def _via(asked: Asked) -> dict[str, str]:
    came = did_way.of_text(asked.query.get("via", ""))
    return {"via": did_way.text_of(came)} if came else {}
