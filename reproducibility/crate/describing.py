"""What a crate says of the analysis as a whole: the root, the workflow, people, environment."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from reproducibility.capture.values import Author
from reproducibility.crate.graph import Graph
from reproducibility.crate.licences import ADDRESS, spdx_id
from reproducibility.crate.parts import Made
from reproducibility.crate.terms import (
    DOCKER_IMAGE,
    ENVIRONMENT,
    NAMELESS,
    NO_LICENCE,
    ORCID,
    PROFILES,
    REANA,
    ROOT,
    SPECIFICATION,
    TOLD_BY_NAME,
    WORKFLOW,
    Entity,
    named,
    ref,
    refs,
)
from reproducibility.crate.values import Contents

YAML = "application/yaml"


def add_root(
    graph: Graph, contents: Contents, *, payload: list[Entity], actions: list[Entity]
) -> None:
    """Add the crate itself, its authors and its licence."""
    root = Graph()
    root.add(
        ROOT, "Dataset",
        name=contents.title,
        description=contents.summary or contents.title,
        datePublished=contents.made_at.isoformat(timespec="seconds"),
        version=str(contents.number),
        license=_licence(graph, contents.licence),
        author=[_person(graph, each, n) for n, each in enumerate(contents.authors, 1)],
        publisher=_site(graph, contents),
        url=contents.url,
        conformsTo=refs(list(PROFILES)),
        mainEntity=ref(SPECIFICATION),
        hasPart=payload,
        mentions=actions,
    )  # fmt: skip
    graph.take(root)


def add_workflow(graph: Graph, contents: Contents, made: Made) -> Entity:
    """Add reana.yaml as the workflow, with its language and what it needs."""
    graph.add(
        REANA, "ComputerLanguage",
        name="REANA", alternateName="reana.yaml", url="https://www.reana.io/",
    )  # fmt: skip
    return graph.add(
        SPECIFICATION, ["File", "SoftwareSourceCode", "ComputationalWorkflow"],
        name=contents.title,
        programmingLanguage=ref(REANA),
        encodingFormat=YAML,
        contentSize=str(len(contents.specification)),
        sha256=sha256(contents.specification).hexdigest(),
        version=str(contents.number),
        license=_licence(graph, contents.licence),
        creator=[_person(graph, each, n) for n, each in enumerate(contents.authors, 1)],
        dateCreated=contents.made_at.isoformat(timespec="seconds"),
        sdPublisher=_site(graph, contents),
        conformsTo=ref(WORKFLOW),
        codeRepository=contents.code.get("repository"),
        identifier=contents.code.get("swhid"),
        url=contents.url,
        input=made.takes,
        output=made.gives,
        hasPart=made.files,
        softwareRequirements=_environment(graph, contents),
        additionalProperty=list(_commit(graph, contents)),
    )  # fmt: skip


def images(graph: Graph, contents: Contents) -> list[Entity]:
    """Add the images that the recorded run had."""
    return [_image(graph, each) for each in contents.images]


def author_key(author: Author, number: int) -> str:
    """Return the `@id` of an author."""
    return f"{ORCID}{author.orcid}" if author.orcid else named("author", str(number))


def _site(graph: Graph, contents: Contents) -> Entity:
    url = contents.site_url
    return graph.add(f"{url}/", "Organization", name=contents.site_name, url=url)


def _person(graph: Graph, author: Author, number: int) -> Entity:
    return graph.add(author_key(author, number), "Person", name=author.name)


def _licence(graph: Graph, licence: str) -> Entity | str:
    known = spdx_id(licence)
    if not known:
        return licence or NO_LICENCE
    return graph.add(f"{ADDRESS}{known}", "CreativeWork", name=known, identifier=known)


def _image(graph: Graph, image: str) -> Entity:
    name, _at, digest = image.partition("@sha256:")
    path, _colon, tag = name.rpartition(":") if ":" in name.rpartition("/")[2] else (name, "", "")
    first, _slash, rest = path.partition("/")
    has_registry = bool(rest) and ("." in first or ":" in first or first == "localhost")
    return graph.add(
        named("image", image), "ContainerImage",
        additionalType=ref(DOCKER_IMAGE),
        identifier=image,
        registry=first if has_registry else "docker.io",
        name=rest if has_registry else path,
        tag=tag,
        sha256=digest,
    )  # fmt: skip


def _environment(graph: Graph, contents: Contents) -> Entity | None:
    told = contents.surroundings
    if not any(told.values()):
        return None
    return graph.add(
        ENVIRONMENT, "SoftwareApplication",
        name=told.get("name") or NAMELESS,
        operatingSystem=told.get("system"),
        processorRequirements=told.get("processor"),
        softwareRequirements=list(told.get("packages") or ()),
        additionalProperty=[
            graph.value(named("environment", name), name, told[name])
            for name in TOLD_BY_NAME if told.get(name)
        ],
    )  # fmt: skip


def _commit(graph: Graph, contents: Contents) -> Iterator[Entity]:
    """Yield at which commit the code was, and whether files differed from it."""
    if commit := contents.code.get("commit"):
        yield graph.value("#commit", "commit", commit)
        yield graph.value("#dirty", "dirty", bool(contents.code.get("dirty")))
