"""The seed: what a newcomer finds in the systems, put there by the parts that own them."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection

from demo import parts
from demo.stack import Stack

#: Part -> the components that have to be up for its seed, in the order of sowing.
SOWERS = {
    "rucio": ("rucio", "rucio-daemons"),
    "reana": ("reana",),
    "portal": ("portal",),
}


def seed(
    stack: Stack, up: Collection[str], say: Callable[[str], None], *, large: bool = False
) -> list[str]:
    """Sow what is not there yet; return the parts whose seed failed."""
    failed = []
    for part, needed in SOWERS.items():
        sow = getattr(parts.PARTS[part], "seed", None)
        if sow is None or not set(needed) <= set(up):
            continue
        began = time.monotonic()
        try:
            if part == "rucio":
                sow(stack, large=large)
            else:
                sow(stack)
        except Exception as exc:  # noqa: BLE001 - a part's own code may fail in any way
            say(f"seed of {part}: FAILED: {exc}")
            failed.append(f"seed of {part}")
            continue
        say(f"seed of {part}: done in {time.monotonic() - began:.1f} s")
    return failed
