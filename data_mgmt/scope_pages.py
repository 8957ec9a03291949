"""The page that shows the names of a scope as folders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from accounts.models import User
from data_mgmt.did_contents import Row
from data_mgmt.services.scope_paths import in_scope


def folders(user: User, scope: str, query: Mapping[str, str]) -> dict[str, Any]:
    """Return one folder of a scope."""
    path, after = query.get("path", ""), query.get("after", "")
    found = in_scope(user, scope, path, after=after)

    def link(to: str, **also: str) -> str:
        return f"?{urlencode({'path': to, **also})}"

    ends = [at + 1 for at, sign in enumerate(path) if sign == "/"]
    starts = [0, *ends]
    return {
        "scope": scope,
        "list_url": f"{reverse('data_mgmt:browse')}?{urlencode({'scope': scope})}",
        "first": link(path) if after else "",
        "next": link(path, after=found.next) if found.next else "",
        "count": len(found.folders) + len(found.dids),
        "shown": {
            "is_whole": True,
            "top_url": link(""),
            "steps": [
                (path[start : end - 1], link(path[:end]))
                for start, end in zip(starts, ends, strict=False)
                if end > start + 1
            ],
            "folders": [(folder, link(folder.path)) for folder in found.folders],
            "files": [
                Row(
                    info.did,
                    info.did.name.removeprefix(path),
                    reverse("data_mgmt:did", kwargs={"did": info.did}),
                    info.type,
                    info.files if info.type.is_collection else None,
                    info.bytes,
                )
                for info in found.dids
            ],
        },
    }
