"""From REANA's own words about itself to values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reproducibility.backends.reana.dialects import Spoken
from reproducibility.backends.reana.parsing import parsing, rows
from reproducibility.backends.values import About, Detail

#: Engines of a server that does not list them, by a line that it has only with them.
ENGINE_LINES: Mapping[str, str] = {
    "cwl": "cwl_engine_version",
    "snakemake": "snakemake_engine_version",
    "yadage": "yadage_engine_version",
}


@parsing
def about(spoken: Spoken, info: Mapping[str, Any]) -> About:
    """Return what REANA is, from what it says without a login and with one."""
    return About(
        version=spoken.version,
        dialect=spoken.dialect,
        capabilities=spoken.capabilities,
        engines=_engines(info),
        compute_backends=_words(info, "compute_backends"),
        job_seconds=_number(info, "maximum_kubernetes_jobs_timeout"),
        job_memory=_word(info, "kubernetes_max_memory_limit"),
        retention_days=_number(info, "maximum_workspace_retention_period"),
        details=tuple(
            Detail(key, str(row.get("title") or key), _word(info, key))
            for key, row in info.items()
            if row
        ),
    )


def _engines(info: Mapping[str, Any]) -> tuple[str, ...]:
    named = _words(info, "supported_workflow_engines")
    seen = [engine for engine, line in ENGINE_LINES.items() if _word(info, line)]
    return tuple(sorted(named or {"serial", *seen}))


def _words(info: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(str(each) for each in rows(info.get(key) or {}, "value"))


def _word(info: Mapping[str, Any], key: str) -> str:
    value = (info.get(key) or {}).get("value")
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def _number(info: Mapping[str, Any], key: str) -> int | None:
    """Return a number; REANA writes "None" or nothing where there is no limit."""
    word = _word(info, key)
    return int(word) if word.isdecimal() else None
