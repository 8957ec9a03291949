"""Writes docs/settings.md from `vre_portal/config.py`: `python scripts/settings_doc.py`."""

from __future__ import annotations

import enum
import sys
import tempfile
import types
import typing
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # run as a file, Python knows only its folder

from vre_portal.config import Config  # noqa: E402 - needs the path above

TARGET = ROOT / "docs" / "settings.md"
HEAD = """\
# Settings

The portal reads its settings from the environment, each with the prefix `VRE_`. All faults are told
at once when a process starts, and secrets never show in a message. Production refuses weak or
shared keys, debug pages, plain http beyond loopback (to the portal and to the backends),
satellites without a signing key of 2048 bits, verdicts without a key that signs them, and files
with secrets that everybody can read.

`python scripts/settings_doc.py` writes this page from `vre_portal/config.py`; a test holds it true.

| name | type | default | meaning |
|---|---|---|---|
"""
TYPES = {
    str: "text", int: "whole number", float: "number", bool: "true or false", Path: "path",
    dict[str, str]: "JSON object of texts",
}  # fmt: skip


def _is_a_part(named: tuple[str, FieldInfo]) -> bool:
    """Whether a setting comes from a part of the class: those stand behind the others."""
    return named[0] not in Config.__annotations__


def render() -> str:
    """Return the page."""
    prefix = Config.model_config.get("env_prefix", "")
    rows = [
        f"| `{prefix}{name.upper()}` | {_type(field.annotation)} | {_default(field)}"
        f" | {_meaning(field)} |\n"
        for name, field in sorted(Config.model_fields.items(), key=_is_a_part)
    ]
    return HEAD + "".join(rows)


def _type(annotation: Any) -> str:
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in {types.UnionType, typing.Union}:
        return _type(next(kind for kind in inner if kind is not type(None)))
    if origin is typing.Literal:
        return "one of " + ", ".join(f"`{value}`" if value else "empty" for value in inner)
    if origin is list:
        return f"list of {_type(inner[0])}"
    if annotation is SecretStr:
        return "secret"
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return "one of " + ", ".join(f"`{each.value}`" for each in annotation)
    return TYPES[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True)
    if value is None:
        return "not set"
    if isinstance(value, Path):
        # The temporary folder differs between machines; the page does not.
        below = value.relative_to(tempfile.gettempdir())
        return f"`{below}` in the temporary folder"
    if isinstance(value, enum.Enum):
        value = value.value
    if isinstance(value, list):
        value = ",".join(map(str, value))
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"`{text}`" if text else "empty"


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


def main() -> None:
    """Write the page."""
    TARGET.write_text(render())
    print(f"{TARGET.relative_to(ROOT)} written")


if __name__ == "__main__":
    main()
