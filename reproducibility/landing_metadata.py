"""The public page as JSON-LD: schema.org's words, and Bioschemas' for the workflow.

The shape is a crate's: a dataset whose main entity is the workflow, and runs that it mentions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from mimetypes import guess_type
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from reproducibility.crate.citation import is_group
from reproducibility.crate.cited import sentence
from reproducibility.crate.terms import FINISHED, ORCID, PARAMETER, WORKFLOW
from reproducibility.services.landing.values import Archived, PublicPage, PublicVerdict

MEDIA_TYPE = "application/ld+json"
SCHEMA = "https://schema.org"
BIOSCHEMAS = "https://bioschemas.org/ComputationalWorkflow"
#: What schema.org has no word for, as RO-Crate 1.1 maps it.
MORE_TERMS = {
    "ComputationalWorkflow": BIOSCHEMAS,
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": f"{BIOSCHEMAS}#input",
    "output": f"{BIOSCHEMAS}#output",
    "conformsTo": {"@id": "http://purl.org/dc/terms/conformsTo", "@type": "@id"},
}
#: Whoever reads it must not need a sign-in to know that the content does.
ACCESS = "Code and recorded outputs are shown and run again after signing in at this site."
#: Nothing in a data block ends it, or begins markup, whatever the title of an analysis is.
_ESCAPES = str.maketrans({each: f"\\u{ord(each):04X}" for each in "<>&\u2028\u2029"})

Entity = dict[str, Any]


def block(page: PublicPage) -> SafeString:
    """Return the metadata as a data block of the page; browsers run no such block."""
    text = mark_safe(_text(page, indent=None))  # noqa: S308 - escaped for a script element
    return format_html('<script type="{}">{}</script>', MEDIA_TYPE, text)


def document(page: PublicPage) -> bytes:
    """Return the metadata as a document of their own."""
    return _text(page, indent=1).encode()


def _text(page: PublicPage, *, indent: int | None) -> str:
    return json.dumps(_dataset(page), ensure_ascii=False, indent=indent).translate(_ESCAPES)


def _dataset(page: PublicPage) -> Entity:
    people = [_author(each.name, each.orcid) for each in page.authors]
    site = {"@type": "Organization", "name": page.site_name, "url": page.site_url}
    archived = page.archived
    return {
        "@context": [f"{SCHEMA}/", MORE_TERMS],
        **_told(
            {
                "@id": page.url,
                "@type": "Dataset",
                "name": page.title,
                "description": page.summary or page.title,
                "url": page.url,
                "version": str(page.shown.number),
                "dateCreated": page.shown.made_at.date().isoformat(),
                "license": page.licence_url or page.licence,
                "creator": people,
                "publisher": site,
                "identifier": _doi(archived) if archived else None,
                "sameAs": archived.url if archived else None,
                "creditText": sentence(page.citation, publisher=page.publisher),
                "conditionsOfAccess": ACCESS,
                "isBasedOn": [_input(did) for did in page.inputs],
                "distribution": _crate(archived) if archived else None,
                "mainEntity": _workflow(page, people, site),
                "mentions": list(_runs(page)),
            }
        ),
    }


def _workflow(page: PublicPage, people: list[Entity], site: Entity) -> Entity:
    return _told(
        {
            "@id": f"{page.url}#workflow",
            "@type": ["SoftwareSourceCode", "ComputationalWorkflow"],
            "conformsTo": WORKFLOW,
            "name": page.title,
            "description": page.summary or page.title,
            "url": page.url,
            "version": str(page.shown.number),
            "dateCreated": page.shown.made_at.date().isoformat(),
            "license": page.licence_url or page.licence,
            "creator": people,
            "sdPublisher": site,
            "programmingLanguage": {
                "@type": "ComputerLanguage", "name": "REANA", "url": "https://www.reana.io/",
            },
            "codeRepository": page.code.repository,
            "identifier": page.code.swhid,
            "softwareRequirements": page.environment,
            "input": [*_parameters(page), *(_formal(did, "Dataset") for did in page.inputs)],
            "output": [
                {**_formal(each.path, "MediaObject"), "encodingFormat": _encoding(each.path)}
                for each in page.outputs
            ],
        }
    )  # fmt: skip


def _parameters(page: PublicPage) -> Iterator[Entity]:
    for each in page.parameters:
        yield {**_formal(each.name, each.kind), "defaultValue": each.default}


def _formal(name: str, kind: str) -> Entity:
    return {
        "@type": "FormalParameter", "conformsTo": PARAMETER, "name": name, "additionalType": kind,
    }  # fmt: skip


def _input(did: str) -> Entity:
    return {"@type": "Dataset", "name": did, "identifier": did}


def _runs(page: PublicPage) -> Iterator[Entity]:
    """Yield what runs of the shown version came to."""
    for each in page.verdicts:
        if each.version == page.shown.number:
            yield _run(page, each)


def _run(page: PublicPage, verdict: PublicVerdict) -> Entity:
    return {
        "@type": "CreateAction",
        "name": f"Reproduction: {verdict.level}",
        "description": f"The outputs were {verdict.level}; environment: {verdict.environment}.",
        "instrument": {"@id": f"{page.url}#workflow"},
        "endTime": verdict.signed_at.isoformat(timespec="seconds"),
        "actionStatus": FINISHED,
    }


def _author(name: str, orcid: str) -> Entity:
    known = {"@id": f"{ORCID}{orcid}"} if orcid else {}
    return {**known, "@type": "Organization" if is_group(name) else "Person", "name": name}


def _doi(archived: Archived) -> Entity:
    return {
        "@type": "PropertyValue",
        "propertyID": "https://registry.identifiers.org/registry/doi",
        "value": f"doi:{archived.doi}",
        "url": archived.url,
    }


def _crate(archived: Archived) -> Entity:
    return {
        "@type": "DataDownload",
        "name": f"RO-Crate at {archived.name}",
        "contentUrl": archived.crate,
        "encodingFormat": "application/zip",
    }


def _encoding(path: str) -> str:
    return guess_type(path, strict=False)[0] or "application/octet-stream"


def _told(entity: Entity) -> Entity:
    return {name: value for name, value in entity.items() if value not in ("", None, [])}
