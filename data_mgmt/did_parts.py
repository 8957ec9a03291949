"""A DID's page: each tab, action and notice is one entry here, and the page that they make."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext_lazy as _

from data_mgmt import (
    collection_pages,
    did_contents,
    did_pages,
    did_way,
    download_pages,
    preview_pages,
    upload_pages,
    use_pages,
    words,
)
from data_mgmt.backends import DidInfo, DidType
from data_mgmt.did_shapes import Asked, Piece, ShownTab, Tab, of_collections
from data_mgmt.services import DidView

WHERE, CONTENTS, FILES, METADATA, RULES = "where", "contents", "files", "metadata", "rules"


def _of_containers(info: DidInfo) -> bool:
    return info.type is DidType.CONTAINER


def _parts(view: DidView) -> int | None:
    return None if view.contents is None else len(view.contents)


def _keys(view: DidView) -> int | None:
    return None if view.metadata is None else len(view.metadata)


def _rules(view: DidView) -> int | None:
    return None if view.rules is None else len(view.rules)


#: In the order of the page; the first is open unless the address names another.
TABS = (
    Tab(
        preview_pages.KEY, _("Preview"), "data_mgmt/_preview_tab.html", preview_pages.values,
        preview_pages.of_files,
    ),
    Tab(WHERE, _("Where it is"), "data_mgmt/_where.html", did_pages.where),
    Tab(
        CONTENTS, _("Contents"), "data_mgmt/_contents.html", did_contents.contents, _of_containers,
        _parts,
    ),
    Tab(
        FILES, _("Files"), "data_mgmt/_files.html", did_contents.files, of_collections,
        lambda view: view.info.files,
    ),
    Tab(
        METADATA, _("Metadata"), "data_mgmt/_metadata_tab.html", did_pages.description,
        count=_keys,
    ),
    Tab(RULES, _("Rules"), "data_mgmt/_rules.html", count=_rules),
    Tab(use_pages.KEY, _("What used it"), "data_mgmt/_used.html", use_pages.values),
)  # fmt: skip
#: Beside the heading; the primary one is the last.
ACTIONS = (
    Piece("data_mgmt/_marks.html", did_pages.marks),
    Piece("data_mgmt/_download.html", download_pages.of_did),
    Piece("data_mgmt/_upload_here.html", upload_pages.here, upload_pages.fits),
    Piece("data_mgmt/_manage.html", collection_pages.way),
    Piece("data_mgmt/_open.html", did_pages.opening),
)
#: Above the tabs.
NOTICES: tuple[Piece, ...] = (Piece("data_mgmt/_held.html", collection_pages.held),)


def page(asked: Asked) -> dict[str, Any]:
    """Return the values of a DID's page with the tab that its address names."""
    info, view = asked.info, asked.view
    tabs = [tab for tab in TABS if tab.fits(info)]
    wanted = asked.query.get("tab", "")
    tab = next((each for each in tabs if each.key == wanted), tabs[0])
    actions = [piece for piece in ACTIONS if piece.fits(info)]
    notices = [piece for piece in NOTICES if piece.fits(info)]
    context: dict[str, Any] = {
        "view": view,
        "did": info.did,
        "is_file": info.type is DidType.FILE,
        "sentence": words.did_sentence(view),
        "way": did_way.steps(did_way.way(view, asked.query)),
        "via_query": f"&{urlencode({'via': asked.query['via']})}" if asked.query.get("via") else "",
        "tabs": [
            ShownTab(each.key, str(each.title), each.count(view), each is tab) for each in tabs
        ],
        "tab": tab.key,
        "tab_template": tab.template,
        "actions": [piece.template for piece in actions],
        "notices": [piece.template for piece in notices],
    }
    values = [*(piece.values for piece in (*notices, *actions)), tab.values]
    for each in values:
        context |= each(asked)
    return context
