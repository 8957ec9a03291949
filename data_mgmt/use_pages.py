"""The tab of a DID's page that tells what used it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from data_mgmt.did_shapes import Asked
from data_mgmt.services.uses import uses_of

KEY = "used"
ICONS = {"session": "sessions", "run": "runs", "analysis": "analyses"}


def values(asked: Asked) -> dict[str, Any]:
    """Return what used the DID, of what its reader may see, by kind."""
    titles = {
        "session": _("Sessions opened with it"),
        "run": _("Runs that read it"),
        "analysis": _("Analyses that read it"),
    }
    return {
        "uses": [
            {"title": titles.get(kind, kind), "icon": ICONS.get(kind, "history"), "rows": rows}
            for kind, rows in uses_of(asked.user, asked.did).items()
        ]
    }
