"""Crates that no portal made: their files are read, and what can't be used of them is said."""

from __future__ import annotations

from pathlib import PurePosixPath

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from reproducibility.capture.declared import NAMES
from reproducibility.capture.kinds import NOTEBOOK, PYTHON, SCRIPTS
from reproducibility.crate.foreign import Foreign
from reproducibility.crate.terms import DESCRIPTORS
from reproducibility.services.captures.gathering import Gathering
from reproducibility.services.captures.incoming import FIELD
from vre_portal.errors import InvalidRequest

#: What tells of the files and is none of them.
ABOUT = (*DESCRIPTORS, "ro-crate-preview.html")
BAG, PROVENANCE = "bagit.txt", "metadata/manifest.json"


def check(crate: Foreign, gathering: Gathering) -> None:
    """Say what of a crate can be run here, and refuse one that holds no file.

    Raises
    ------
    InvalidRequest
        All that it tells of is elsewhere.
    """
    held = {file.path for file in gathering.files}
    missing = crate.missing(held)
    if not held.difference(ABOUT):
        words = _("This %(profile)s holds no files, only what is told of them. Download the files "
                  "that it names, and hand them in as one ZIP with it.")  # fmt: skip
        raise InvalidRequest(words % {"profile": crate.profile}, field=FIELD)
    if not held.intersection(NAMES) and not entry_of(crate):
        gathering.note(_what_runs(crate))
    if missing:
        words = ngettext(
            "The crate names %(n)s file that it does not hold, %(first)s. Nothing is fetched: add "
            "what is needed to the archive, or put it into the data lake.",
            "The crate names %(n)s files that it does not hold, such as %(first)s. Nothing is "
            "fetched: add what is needed to the archive, or put it into the data lake.",
            len(missing),
        )
        gathering.note(words % {"n": len(missing), "first": missing[0][:80]})


def entry_of(crate: Foreign) -> str:
    """Return the path of its workflow where that is a script or notebook; else empty."""
    can_start = PurePosixPath(crate.entry).suffix in SCRIPTS | {PYTHON, NOTEBOOK}
    return crate.entry if can_start else ""


def _what_runs(crate: Foreign) -> str:
    told = {"profile": crate.profile, "path": crate.entry[:80], "language": crate.language}
    if not crate.entry:
        words = _("The crate is a %(profile)s and names no workflow. What runs is proposed from "
                  "the files: check the steps.")  # fmt: skip
    elif crate.engine:
        told["engine"] = crate.engine
        words = _("The crate is a %(profile)s; its workflow is %(path)s, written in %(language)s. "
                  "REANA runs that: write workflow.type %(engine)s and workflow.file %(path)s in "
                  "place of the steps that are proposed.")  # fmt: skip
    elif crate.language:
        words = _("The crate is a %(profile)s; its workflow is %(path)s, written in %(language)s, "
                  "which is not run here. What runs is proposed from the files: check the "
                  "steps.")  # fmt: skip
    else:
        words = _("The crate is a %(profile)s; its workflow is %(path)s. What runs is proposed "
                  "from the files: check the steps.")  # fmt: skip
    return words % told


def why_none(gathering: Gathering) -> str:
    """Return what an archive without metadata of a crate is, and how it becomes one."""
    held = {file.path for file in gathering.files}
    if any(f"data/{name}" in held for name in DESCRIPTORS) and BAG in held:
        return _("The crate is packed as a BagIt bag. Hand in a ZIP of its folder data alone.")
    if PROVENANCE in held and BAG in held:
        return _("This is a research object of CWLProv, which is older than RO-Crates. Turn it "
                 "into one with runcrate convert.")  # fmt: skip
    if detached := next((path for path in held if path.endswith(f"-{DESCRIPTORS[0]}")), ""):
        words = _("%s tells of a detached RO-Crate, whose files are elsewhere. Download them, and "
                  "hand them in as a plain ZIP.")  # fmt: skip
        return words % detached[-80:]
    words = _("The archive has no %s, so that it is no RO-Crate. Hand it in as a plain ZIP.")
    return words % DESCRIPTORS[0]
