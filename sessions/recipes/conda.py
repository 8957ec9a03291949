"""environment.yml without conda: what of it the package index has under the same name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import yaml
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from sessions.recipes.lines import LONGEST_LINE, MOST_LINES, refused, shown
from sessions.recipes.requirements import requirement

KEYS = {"name", "channels", "dependencies", "prefix"}
CHANNELS = {"conda-forge", "defaults", "nodefaults"}
#: Packages that conda-forge and the package index have under one name, with the same content.
SAME = frozenset(
    """
    altair asdf astropy astroquery awkward bokeh boost-histogram corner coffea ctapipe dask
    distributed emcee fsspec gammapy h5py healpy hist iminuit imageio ipykernel ipympl ipywidgets
    jax jinja2 joblib lmfit lxml lz4 matplotlib mplhep networkx numba numexpr numpy packaging pandas
    papermill particle photutils pillow pint plotly polars pyarrow pyerfa pyhf pytest pyyaml
    requests reproject rich scikit-image scikit-learn scipy seaborn sherpa specutils sqlalchemy
    statsmodels sympy tqdm uncertainties uproot vector xarray xgboost zarr zstandard
    """.split()  # noqa: SIM905 - a list a reader can check
)
ENTRY = re.compile(
    r"(?:(?P<channel>[A-Za-z0-9_.-]+)::)?(?P<name>[A-Za-z0-9_.-]+)\s*(?P<version>[=<>!~].*|\d.*)?"
)
FUZZY = re.compile(r"=\s*(?P<version>[0-9][0-9A-Za-z.!+]*?)(?:\.\*|\*)?")


@dataclass(frozen=True, slots=True)
class Listed:
    """What a file lists: requirements, and the Python that it asks for."""

    requirements: tuple[str, ...]
    python: SpecifierSet
    python_line: int = 0


def parse(text: str, *, name: str = "environment.yml") -> Listed:
    """Return what the file lists for the package index.

    Raises
    ------
    InvalidRequest
        It is not such a file, or lists what the index does not have; the text has the line.
    """
    root = _root(text, name)
    fields = {}
    for key, value in root.value:
        line, field = _text(key, name)
        if field not in KEYS:
            raise refused(name, line, f"'{shown(field)}' can't be used here.")
        fields[field] = value
    _channels(fields.get("channels"), name)
    listed = fields.get("dependencies")
    if not isinstance(listed, yaml.SequenceNode):
        raise refused(name, _line(listed or root), "it has to list `dependencies`.")
    return _dependencies(listed, name)


def _root(text: str, name: str) -> yaml.MappingNode:
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError, ValueError) as exc:
        mark = getattr(exc, "problem_mark", None)
        raise refused(name, mark.line + 1 if mark else 1, "this is not YAML.") from exc
    if not isinstance(root, yaml.MappingNode):
        raise refused(name, 1, "it has to have `dependencies` with a list.")
    return root


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _nodes(node: yaml.Node, name: str) -> Sequence[yaml.Node]:
    if not isinstance(node, yaml.SequenceNode):
        raise refused(name, _line(node), "a list has to stand here.")
    if len(node.value) > MOST_LINES:
        raise refused(name, _line(node), f"list at most {MOST_LINES} packages.")
    return cast("Sequence[yaml.Node]", node.value)


def _text(node: yaml.Node, name: str) -> tuple[int, str]:
    if not isinstance(node, yaml.ScalarNode):
        raise refused(name, _line(node), "a name has to stand here.")
    if len(node.value) > LONGEST_LINE:
        raise refused(name, _line(node), f"an entry may have at most {LONGEST_LINE} characters.")
    return _line(node), str(node.value)


def _channels(node: yaml.Node | None, name: str) -> None:
    for each in _nodes(node, name) if node is not None else ():
        line, channel = _text(each, name)
        if channel not in CHANNELS:
            raise refused(
                name, line, f"the channel '{shown(channel)}' is not available here; packages come "
                "from the package index.",
            )  # fmt: skip


def _dependencies(listed: yaml.SequenceNode, name: str) -> Listed:
    found: dict[str, None] = {}
    python, python_line = SpecifierSet(), 0
    for count, (node, is_pips) in enumerate(_entries(listed, name), 1):
        line, written = _text(node, name)
        if count > MOST_LINES:
            raise refused(name, line, f"list at most {MOST_LINES} packages.")
        if is_pips:
            found[_of_pip(written, name, line)] = None
            continue
        package, version = _entry(written, name, line)
        if package == "python":
            python, python_line = version, line
        elif package != "pip":
            found[f"{package}{version}"] = None
    return Listed(tuple(found), python, python_line)


def _entries(listed: yaml.SequenceNode, name: str) -> Iterator[tuple[yaml.Node, bool]]:
    """Yield what is listed, and whether for pip; by aliases a short text may list millions."""
    for node in _nodes(listed, name):
        if not isinstance(node, yaml.MappingNode):
            yield node, False
            continue
        for key, value in node.value:
            line, field = _text(key, name)
            if field != "pip":
                raise refused(name, line, f"'{shown(field)}' can't be used here.")
            yield from ((each, True) for each in _nodes(value, name))


def _of_pip(written: str, name: str, line: int) -> str:
    if written.lstrip().startswith("-"):
        raise refused(name, line, "options of pip can't be used here; list only packages.")
    return requirement(written, name, line)


def _entry(written: str, name: str, line: int) -> tuple[str, SpecifierSet]:
    entry = ENTRY.fullmatch(written.strip())
    if entry is None:
        raise refused(name, line, f"'{shown(written)}' is not a package with its version.")
    package = entry["name"].lower()
    if entry["channel"] and entry["channel"] not in CHANNELS:
        raise refused(name, line, f"the channel '{shown(entry['channel'])}' is not available here.")
    if package not in SAME and package not in {"python", "pip"}:
        raise refused(
            name, line, f"'{shown(package)}' is a package of conda, which is not used here. If the "
            "package index has it, put it under `pip:`.",
        )  # fmt: skip
    return package, _version(entry["version"] or "", name, line)


def _version(written: str, name: str, line: int) -> SpecifierSet:
    """Return conda's version in the index's terms: `=1.26` means `==1.26.*`."""
    written = written.strip()
    if written[:1].isdigit():
        written = f"={written}"
    if re.fullmatch(r"==?[^=<>!~,]+=[^=]+", written):
        raise refused(name, line, "builds of conda can't be chosen; leave out what follows `=`.")
    fuzzy = FUZZY.fullmatch(written)
    if fuzzy:
        written = f"=={fuzzy['version']}.*"
    try:
        return SpecifierSet(written)
    except InvalidSpecifier as exc:
        raise refused(name, line, f"'{shown(written)}' is not a version.") from exc
