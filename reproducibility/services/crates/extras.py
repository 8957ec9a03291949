"""Files that are written for a crate: how to cite it, and the signed verdicts with their key."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath

from reproducibility.capture.values import Author
from reproducibility.crate import actions, citation
from reproducibility.crate.values import Extra
from reproducibility.models import Analysis, AnalysisVersion, SignedVerdict
from reproducibility.services import site_keys
from vre_portal.config import get_config
from vre_portal.errors import NotFound

VERDICTS = "verdicts"
JSON, YAML = "application/json", "application/yaml"
PEM, BYTES = "application/x-pem-file", "application/octet-stream"


def extras_of(
    analysis: Analysis,
    version: AnalysisVersion,
    verdicts: Iterable[SignedVerdict],
    taken: Collection[str],
) -> Iterator[Extra]:
    """Yield them, where the analysis has no file of that name."""
    if citation.PATH not in taken:
        text = citation.written(citation_of(analysis, version))
        yield Extra(citation.PATH, text.encode(), "How to cite the analysis", YAML)
    folder, keys = _free(VERDICTS, taken), set()
    for verdict in verdicts:
        about, place = actions.key_of(str(verdict.pk)), f"{folder}/{verdict.pk}"
        statement, signature = verdict.statement.encode(), b64decode(verdict.signature)
        name = f"Signed statement: {verdict.level}"
        yield Extra(f"{place}/statement.json", statement, name, JSON, about)
        name = f"Ed25519 signature by the key {verdict.key_id}"
        yield Extra(f"{place}/statement.sig", signature, name, BYTES, about)
        keys.add(verdict.key_id)
    for key_id in sorted(keys):
        yield from _key(key_id, folder)


def citation_of(
    analysis: Analysis, version: AnalysisVersion, *, doi: str = ""
) -> citation.Citation:
    """Return how a version is cited."""
    return citation.Citation(
        title=analysis.title,
        authors=tuple(Author(str(a["name"]), str(a.get("orcid") or "")) for a in analysis.authors),
        version=str(version.number),
        released=version.made_at.date(),
        abstract=analysis.summary,
        licence=analysis.licence,
        url=f"{get_config().public_url}/analyses/{analysis.slug}",
        repository=str(version.code.get("repository") or ""),
        commit=str(version.code.get("commit") or ""),
        doi=doi,
    )


def _key(key_id: str, folder: str) -> Iterator[Extra]:
    """Yield a key as long as the site publishes it: an older one is not to be believed."""
    try:
        pem = site_keys.public_key(key_id).pem.encode()
    except NotFound:
        return
    name = f"The site's public key {key_id}, as /.well-known/vre-verdict-key.pem gives it"
    yield Extra(f"{folder}/key-{key_id[:16]}.pem", pem, name, PEM)


def _free(folder: str, taken: Collection[str]) -> str:
    """Return a folder that the analysis has no file in."""
    tops = {PurePosixPath(path).parts[0] for path in taken}
    while folder in tops:
        folder += "-"
    return folder
