"""Operational options: REANA's own, by engine, and the two of this runner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from demo.reana.errors import Malformed, NotOffered
from demo.reana.workspace.paths import parts_of

SERIAL, CWL, YADAGE, SNAKEMAKE = "serial", "cwl", "yadage", "snakemake"
ENGINES = (SERIAL, CWL, YADAGE, SNAKEMAKE)
#: What each engine takes; reana-client refuses the same names for the other engines.
TAKEN: Mapping[str, tuple[str, ...]] = {
    SERIAL: ("CACHE", "FROM", "TARGET"),
    CWL: ("TARGET", "--target"),
    YADAGE: ("toplevel", "initdir", "initfiles", "accept_metadir"),
    SNAKEMAKE: ("report",),
}
#: This runner's own: whose environment may stand in, and a wish for the network.
OWN = ("accept_substitution", "network")
TRUE = (True, "true", "on", "yes", "1")


@dataclass(frozen=True, slots=True)
class Options:
    """What a start asks of the engine; paths are in the workspace, empty when not given."""

    first_step: str = ""
    target: str = ""
    toplevel: str = ""
    initial_folder: str = ""
    parameter_files: tuple[str, ...] = ()
    report: str = ""
    accept_substitution: str = ""
    network: bool = False


def parse_options(engine: str, given: Mapping[str, Any]) -> Options:
    """Return the options of a run of an engine.

    Raises
    ------
    Malformed
        An option is unknown, is for another engine, or has a value of a wrong kind.
    NotOffered
        The option needs something that the sandbox keeps away.
    """
    for name in given:
        if name not in (*TAKEN[engine], *OWN):
            raise Malformed(
                f"Operational option {name!r} is not supported for {engine} workflows; these are:"
                f" {', '.join((*TAKEN[engine], *OWN))}."
            )
    return Options(
        first_step=_text(given, "FROM"),
        target=_text(given, "TARGET") or _text(given, "--target"),
        toplevel=_path(given, "toplevel"),
        initial_folder=_path(given, "initdir"),
        parameter_files=tuple(_inside(one) for one in _list(given, "initfiles")),
        report=_path(given, "report"),
        accept_substitution=_text(given, "accept_substitution"),
        network=given.get("network") in TRUE,
    )


def options_of(specification: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the options that a specification brings along."""
    given = (specification.get("inputs") or {}).get("options") or {}
    return _typed(given, dict, "options", "an object")


def _text(given: Mapping[str, Any], name: str) -> str:
    return str(_typed(given.get(name) or "", str, name, "a text"))


def _list(given: Mapping[str, Any], name: str) -> list[str]:
    value = given.get(name) or []
    return [value] if isinstance(value, str) else list(_typed(value, list, name, "a list"))


def _path(given: Mapping[str, Any], name: str) -> str:
    text = _text(given, name)
    if text.startswith(("github:", "http:", "https:")):
        raise NotOffered(f"{name} is an address, and runs have no network here.")
    return "" if text.strip("./") == "" else _inside(text)


def _inside(path: object) -> str:
    return "/".join(parts_of(str(path)))


def _typed(value: Any, kind: Callable[..., Any], name: str, wanted: str) -> Any:
    if not isinstance(value, kind):  # type: ignore[arg-type]
        raise Malformed(f"The operational option {name} must be {wanted}.")
    return value
