"""Small programs in a folder of the session's own, first on its PATH."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from vre_session.tokens import path_of

REANA = """#!/bin/sh
# Made by vre-session: REANA's client with the token of now.
if [ -r {token} ]; then
    REANA_ACCESS_TOKEN=$(cat {token})
    export REANA_ACCESS_TOKEN
fi
if [ ! -x {client} ]; then
    echo "reana-client is not installed for this session (yet)." >&2
    exit 127
fi
unset PYTHONPATH
export PYTHONWARNINGS="${{PYTHONWARNINGS:-ignore:pkg_resources is deprecated}}"
exec {client} "$@"
"""
UPLOAD = """#!/bin/sh
# Made by vre-session.
exec {python} -m vre_session.upload "$@"
"""


def write(variables: Mapping[str, str]) -> None:
    """Write the programs, and remove those of an earlier start."""
    folder = Path(variables["VRE_SESSION_DIR"], "bin")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    wanted = {"vre-upload": UPLOAD.format(python=shlex.quote(sys.executable))}
    if client := _reana_client(variables, own=folder):
        token = shlex.quote(str(path_of(variables, "reana")))
        wanted["reana-client"] = REANA.format(token=token, client=shlex.quote(client))
    for name, text in wanted.items():
        program = folder / name
        program.write_text(text)
        program.chmod(0o700)


def _reana_client(variables: Mapping[str, str], *, own: Path) -> str | None:
    """Return REANA's own client: the one that is named, else the one on the PATH but ours."""
    if named := variables.get("VRE_REANA_CLIENT"):
        return named
    others = [one for one in variables.get("PATH", "").split(os.pathsep) if one != str(own)]
    return shutil.which("reana-client", path=os.pathsep.join(others))
