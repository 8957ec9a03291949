"""The first thing in a session: fetch a token, write the configuration, become the server."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from . import broker, configuration

AUDIENCE = "rucio"
PATIENCE_SECONDS = 10.0


def main(variables: Mapping[str, str], arguments: list[str]) -> None:
    """Prepare the session and replace this process by the single-user server."""
    os.umask(0o077)
    say("Fetching your token for the data catalogue")
    token = first_token(variables, patience=PATIENCE_SECONDS)
    configuration.write(
        variables,
        account=token.account if token else variables["JUPYTERHUB_USER"],
        service_url=token.service_url if token else variables["VRE_RUCIO_URL"],
    )
    Path(variables["JUPYTER_RUNTIME_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    say("Starting JupyterLab")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *arguments])


def first_token(variables: Mapping[str, str], *, patience: float) -> broker.Token | None:
    """Return the first token, saved; None when the portal gives none, which must not stop a start.

    Rucio's extension for JupyterLab wants the file to be there before the server starts.
    """
    folder = Path(variables["VRE_TOKEN_DIR"])
    deadline = time.monotonic() + patience
    while True:
        try:
            token = broker.ask(variables, audience=AUDIENCE)
        except broker.BrokerError as exc:
            if not isinstance(exc, broker.Refused) and time.monotonic() + 1.0 < deadline:
                time.sleep(1.0)
                continue
            say(f"Going on without the data catalogue. {exc}")
            return None
        broker.save(token, folder, audience=AUDIENCE)
        return token


def say(text: str) -> None:
    """Say something that the hub shows to the user while the session starts."""
    print(f"[session] {text}", flush=True)


if __name__ == "__main__":
    main(os.environ, sys.argv[1:])
