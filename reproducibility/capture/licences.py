"""The licence of a text, as SPDX names it, by what only that text says."""

from __future__ import annotations

import re

#: In this order: a text is the first one of which it says all.
_FINGERPRINTS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("AGPL-3.0-only", ("gnu affero general public license", "version 3")),
    ("LGPL-3.0-only", ("gnu lesser general public license", "version 3")),
    ("LGPL-2.1-only", ("gnu lesser general public license", "version 2.1")),
    ("GPL-3.0-only", ("gnu general public license", "version 3")),
    ("GPL-2.0-only", ("gnu general public license", "version 2")),
    ("Apache-2.0", ("apache license", "2.0")),
    ("MPL-2.0", ("mozilla public license", "2.0")),
    ("EUPL-1.2", ("european union public licence", "1.2")),
    ("CC0-1.0", ("cc0 1.0",)),
    ("CC0-1.0", ("creative commons zero", "1.0")),
    ("CC-BY-SA-4.0", ("attribution-sharealike 4.0",)),
    ("CC-BY-NC-4.0", ("attribution-noncommercial 4.0",)),
    ("CC-BY-4.0", ("attribution 4.0 international",)),
    ("Unlicense", ("this is free and unencumbered software released into the public domain",)),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("ISC", ("permission to use, copy, modify, and", "distribute this software for any purpose")),
    ("MIT", ("permission is hereby granted, free of charge", "without restriction")),
)
_TAG = re.compile(r"SPDX-License-Identifier:\s*([A-Za-z0-9.+() -]{2,80})")
_NAMES = {"apache 2.0": "Apache-2.0", "apache license 2.0": "Apache-2.0", "mit license": "MIT"}


def spdx(text: str) -> str:
    """Return the SPDX identifier of a licence's text, empty where it is not recognised.

    Of the GPL the text alone does not say "or later": that stands in the files that use it.
    """
    if tag := _TAG.search(text):
        return tag[1].strip()
    plain = " ".join(text[:20_000].lower().split())
    for name, said in _FINGERPRINTS:
        if all(each in plain for each in said):
            return name
    return ""


def named(told: object) -> str:
    """Return a licence as CITATION.cff or codemeta.json tells it: a name, an address, or a list."""
    if isinstance(told, list):
        return " OR ".join(filter(None, (named(each) for each in told)))[:80]
    if isinstance(told, dict):
        return named(told.get("@id") or told.get("url") or told.get("name"))
    if not isinstance(told, str):
        return ""
    name = told.rstrip("/").rsplit("/", 1)[-1].removesuffix(".html").strip()
    return _NAMES.get(name.lower(), name)[:80]
