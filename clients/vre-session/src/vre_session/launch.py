"""The first thing in a session: fetch tokens, write the configuration, become the server."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from vre_session import broker, configuration, programs, surroundings, tokens

FIRST = "rucio"
PATIENCE_SECONDS = 10.0
#: What other services' tokens get beyond the first one's time; later ones come to the server.
GRACE_SECONDS = 0.5
NAMES = {
    "rucio": "the data catalogue",
    "reana": "workflows",
    "mlflow": "MLflow",
    "object-storage": "the object storage",
}


def main(variables: MutableMapping[str, str], arguments: list[str]) -> None:
    """Prepare the session and replace this process by the single-user server."""
    os.umask(0o077)
    prepare(variables, patience=PATIENCE_SECONDS)
    say(variables, "Starting JupyterLab")
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *arguments])


def prepare(variables: MutableMapping[str, str], *, patience: float) -> None:
    """Fetch the tokens and write all files; what programs need to know is put into `variables`."""
    variables.update(surroundings.defaults(variables))
    tokens.forget(variables)
    _said(variables).unlink(missing_ok=True)
    say(variables, "Fetching your tokens for data and workflows")
    fetch(variables, patience=patience)
    known = tokens.loan(variables, FIRST)
    configuration.write(
        variables,
        account=known.account if known else variables["JUPYTERHUB_USER"],
        service_url=known.service_url if known else variables.get("VRE_RUCIO_URL", ""),
    )
    programs.write(variables)
    Path(variables["JUPYTER_RUNTIME_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    variables.update(surroundings.of_services(variables))


def fetch(variables: Mapping[str, str], *, patience: float) -> None:
    """Fetch every service's first token at the same time; none of them may stop a start.

    Rucio's extension for JupyterLab wants its file to be there before the server starts, so that
    one is waited for; what comes later than it is fetched by the server.
    """
    wanted = tokens.audiences(variables)
    others = [
        threading.Thread(target=_fetch_one, args=(variables, name, 0.0), daemon=True)
        for name in wanted
        if name != FIRST
    ]
    for other in others:
        other.start()
    if FIRST in wanted:
        _fetch_one(variables, FIRST, patience)
    deadline = time.monotonic() + GRACE_SECONDS
    for other in others:
        other.join(max(0.0, deadline - time.monotonic()))


def _fetch_one(variables: Mapping[str, str], audience: str, patience: float) -> None:
    deadline = time.monotonic() + patience
    while True:
        try:
            lent = broker.ask(variables, audience=audience)
            return tokens.save(variables, lent, audience=audience)
        except (broker.BrokerError, OSError) as exc:
            if not isinstance(exc, broker.Refused) and time.monotonic() + 1.0 < deadline:
                time.sleep(1.0)
                continue
            return say(variables, f"Going on without {NAMES.get(audience, audience)}. {exc}")


def say(variables: Mapping[str, str], text: str) -> None:
    """Say something that the hub shows to the user while the session starts, and its log keeps."""
    print(f"[session] {text}", flush=True)
    file = _said(variables)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with file.open("a") as stream:
        stream.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {text}\n")


def _said(variables: Mapping[str, str]) -> Path:
    return Path(variables["VRE_SESSION_DIR"], "start.log")


def run() -> None:
    """Launch with this process's own variables and arguments."""
    main(os.environ, sys.argv[1:])


if __name__ == "__main__":
    run()
