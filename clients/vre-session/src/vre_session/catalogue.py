"""Rucio's side bar in JupyterLab: signed in from the start."""

from __future__ import annotations

import importlib

INSTANCE = "rucio"


def sign_in(token_file: str) -> None:
    """Tell the side bar that the user signs in by the token file; without it there is none to tell.

    It reads the file at each sign-in, but refuses every call until credentials of some kind have
    been entered by hand (rucio-jupyterlab 41.0: `ensure_credentials_present`).
    """
    try:
        database = importlib.import_module("rucio_jupyterlab.db")
    except ModuleNotFoundError:
        return
    known = database.get_db()
    known.set_active_auth_method("oidc")
    known.set_rucio_auth_credentials(INSTANCE, "oidc", {"oidc_auth_source": token_file})
