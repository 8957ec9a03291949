"""What a session uses, in words and figures: for its page, and for the pages that are told live."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from sessions.backends.running import Usage, Volume
from vre_portal.components import formats

#: From so much of a limit on a meter warns.
NEARLY_FULL = 0.9


@dataclass(frozen=True, slots=True)
class Meter:
    """How much of something is used; without a total there is no bar, only the figure."""

    key: str
    label: str
    text: str
    value: float
    total: float | None
    note: str = ""

    @property
    def tone(self) -> str:
        """Warns when it is nearly full."""
        return "wait" if self.total and self.value >= NEARLY_FULL * self.total else "run"


def meters(usage: Usage) -> list[Meter]:
    """Return what is used of what there is, in the order that people look for it."""
    limit = usage.memory_limit
    cores = usage.cpu_limit
    return [
        Meter("memory", _("Memory"), _of(usage.memory, limit), usage.memory, limit),
        Meter(
            "cpu",
            _("Processors"),
            _("%(used).1f of %(limit)g busy") % {"used": usage.cpu_percent / 100, "limit": cores}
            if cores
            else _("%.1f busy") % (usage.cpu_percent / 100),
            usage.cpu_percent,
            cores * 100 if cores else None,
        ),
        _volume("home", _("Your files"), usage.home),
        *(
            _volume(f"project-{n}", _("Project %s") % one.name, one)
            for n, one in enumerate(usage.projects)
        ),
    ]


def _volume(key: str, label: str, volume: Volume) -> Meter:
    if volume.used is None:
        return Meter(key, label, _("being counted"), 0, None)
    text = _of(volume.used, volume.quota)
    full = volume.quota is not None and volume.used >= NEARLY_FULL * volume.quota
    note = _("Nearly full: delete what you don't need.") if full else ""
    return Meter(key, label, text, volume.used, volume.quota, note)


def _of(used: int, limit: int | None) -> str:
    if limit is None:
        return formats.size(used)
    return _("%(used)s of %(limit)s") % {"used": formats.size(used), "limit": formats.size(limit)}


def kernels(usage: Usage) -> str:
    """Return how many notebooks run and work, in a sentence."""
    if not usage.kernels:
        return _("No notebook runs in it.")
    running = ngettext("%(n)s kernel runs", "%(n)s kernels run", usage.kernels) % {
        "n": usage.kernels
    }
    if not usage.busy_kernels:
        return _("%s, none is working.") % running
    return _("%(running)s, %(busy)s of them at work.") % {
        "running": running,
        "busy": usage.busy_kernels,
    }
