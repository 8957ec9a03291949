"""The living style page: every component in each of its states, outside production only."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from vre_portal.components.states import LOOKS
from vre_portal.config import Stage, get_config

ICONS = Path(__file__).resolve().parent.parent / "static" / "img" / "icons.svg"
LOG = """\
14:01:22  reading results/selected.parquet (98,731 events)
14:01:23  fitting Breit-Wigner x Gaussian, 60-120 GeV
14:02:04  converged, chi2/ndf = 51.2/55, mass = 91.19 +- 0.02 GeV
"""

FILES = (
    ("nano_dimuon_001.root", 217055232, 1213641, "CERN, PIC, CNAF", "ad:fca842dc"),
    ("nano_dimuon_002.root", 224395264, 1222952, "CERN, PIC, CNAF", "ad:3bd25393"),
    ("nano_dimuon_003.root", 231735296, 1232263, "CERN, PIC", "ad:7afc644a"),
)


class SampleForm(forms.Form):
    """One field of each kind, some of them wrong."""

    name = forms.CharField(label="Name", help_text="What you will look for in a month.")
    storage = forms.ChoiceField(label="Storage", choices=[("l", "LAPP-DISK"), ("p", "PIC-DISK")])
    days = forms.IntegerField(label="Keep for days", required=False, min_value=1, max_value=3650)
    comment = forms.CharField(label="Comment", required=False, widget=forms.Textarea({"rows": 3}))
    notify = forms.BooleanField(label="Tell me by mail when it is done", required=False)


def styleguide(request: HttpRequest) -> HttpResponse:
    """Show the style page; production has none."""
    if get_config().environment is Stage.PRODUCTION:
        raise Http404
    if "toast" in request.GET:
        messages.success(request, "The request is sent; the page shows it as it goes.")
        messages.error(
            request, "LAPP-DISK refused: your quota has 1.2 GiB left, this needs 2.4 GiB."
        )
    return render(request, "styleguide/page.html", sample())


def sample() -> dict[str, object]:
    """Return values for every component."""
    now = timezone.now()
    ago = {name: now - timedelta(seconds=span) for name, span in SPANS.items()}
    return {
        "ago": ago,
        "states": list(LOOKS),
        "icons": re.findall(r'<symbol id="(\w+)"', ICONS.read_text()),
        "files": FILES,
        "log": LOG,
        "fresh_form": SampleForm(auto_id="fresh_%s"),
        "wrong_form": SampleForm({"days": "-1"}, auto_id="wrong_%s"),
        "steps_running": STEPS,
        "steps_failed": FAILED_STEPS,
        "timeline": [
            {"text": "Replication finished", "time": ago["minutes"], "tone": "ok"},
            {
                "text": "3 files went again",
                "detail": "CNAF-TAPE did not answer for two minutes.",
                "time": ago["hours"],
                "tone": "wait",
            },
            {"text": "Approved", "actor": "by the data manager", "time": ago["day"], "tone": "ok"},
            {"text": "Requested", "actor": "by you", "time": ago["days"]},
        ],
        "metadata": METADATA,
    }


SPANS = {"seconds": 25, "minutes": 130, "hours": 8000, "day": 90000, "days": 300000, "long": 9e6}
STEPS = [
    {"name": "inputs", "state": "done", "duration": 4},
    {"name": "select", "state": "done", "duration": 21},
    {"name": "fit", "state": "running", "duration": 41, "detail": ""},
    {"name": "compare", "state": "waiting", "duration": None},
]
FAILED_STEPS = [
    {"name": "inputs", "state": "done", "duration": 4},
    {"name": "select", "state": "failed", "duration": timedelta(seconds=0.4)},
    {"name": "fit", "state": "skipped"},
    {"name": "compare", "state": "skipped"},
]
METADATA = {
    "instrument": "CMS",
    "run": "194,115 to 194,126",
    "energy": "8 TeV",
    "campaign": "Run2012B open data, DoubleMuParked, reduced NanoAOD",
    "licence": "CC0-1.0",
    "gps_start": None,
}
