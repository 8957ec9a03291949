"""A check at start: the release of rucio-clients still has what the safe client replaces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error


def rucio_clients(app_configs: Any, **kwargs: Any) -> Sequence[CheckMessage]:
    """Return an error for each private hook of rucio-clients that is gone."""
    from data_mgmt.backends.rucio.download import missing_hooks  # noqa: PLC0415 - half a second

    return [
        Error(
            f"rucio-clients no longer has {name}: its token file could mix people up.",
            hint="Install the release that requirements.txt names.",
            id="data_mgmt.E001",
        )
        for name in missing_hooks()
    ]
