"""Previews in words: sentences with their values, and what to do where there is none."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from data_mgmt.previews.maker import Failure, Made
from data_mgmt.previews.values import Said

_VALUE = re.compile(r"%\((\w{1,20})\)s")


def said(sentence: Said) -> str:
    """Return a sentence of a preview; its values are texts and are put in as they are."""
    if not sentence.text:
        return ""
    return _VALUE.sub(lambda found: sentence.values.get(found[1], ""), _(sentence.text))


def failure(made: Made) -> tuple[str, str]:
    """Return what is the matter, and what one can do."""
    titles = {
        Failure.EMPTY: _("This file is empty"),
        Failure.UNKNOWN: _("There is no preview for this kind of file"),
        Failure.BROKEN: _("This file can't be read"),
        Failure.TOO_MUCH: _("This file is too large for a preview"),
        Failure.TOO_LONG: _("There is too much in this file for a preview"),
        Failure.MEMORY: _("This file needs more memory than a preview may use"),
        Failure.TIME: _("This file takes too long for a preview"),
        Failure.CAGE: _("Previews can't be made safely on this machine"),
    }
    advice = {
        Failure.EMPTY: _("It has no bytes, so there is nothing to show."),
        Failure.BROKEN: _("It is damaged, or is not what it says. Compare its checksum."),
        Failure.CAGE: _("The operators find the reason in the log of the worker."),
    }
    if made.failure is None:
        return _("This file does not have what was asked for"), said(made.reason)
    told = said(made.reason) or advice.get(
        made.failure, _("Download it, or open it in a session, to look at all of it.")
    )
    return titles[made.failure], told
