"""The environment variables by which programs of a session find services: paths and addresses.

One is more than that: REANA's tools read their token from REANA_ACCESS_TOKEN and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vre_session import tokens

#: AWS' libraries send a role's name of at least 20 characters; a storage by itself ignores it.
ANY_ROLE = "arn:aws:iam::000000000000:role/vre-session"


def defaults(given: Mapping[str, str]) -> dict[str, str]:
    """Return the paths of this session's own files, where nobody gave others."""
    home = given.get("HOME", "/")
    own = Path(
        given.get("VRE_SESSION_DIR")
        or Path(home, ".vre", given.get("JUPYTERHUB_SERVER_NAME") or "default")
    )
    config = given.get("JUPYTER_CONFIG_PATH", "").split(":")
    found = {
        "VRE_SESSION_DIR": str(own),
        "VRE_TOKEN_DIR": str(own / "tokens"),
        "RUCIO_CONFIG": str(own / "rucio.cfg"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
    }
    found = {name: given.get(name) or value for name, value in found.items()}
    mine = str(own / "jupyter")
    found["JUPYTER_CONFIG_PATH"] = ":".join(dict.fromkeys([mine, *filter(None, config)]))
    programs = given.get("PATH", "").split(":")
    found["PATH"] = ":".join(dict.fromkeys([str(own / "bin"), *filter(None, programs)]))
    return found


def of_services(variables: Mapping[str, str]) -> dict[str, str]:
    """Return what tells programs where each lent service is, and where its token lies."""
    found: dict[str, str] = {}
    for audience in tokens.audiences(variables):
        known = tokens.loan(variables, audience)
        url = known.service_url if known else ""
        if audience == "reana":
            found |= of_reana(variables, url)
        elif audience == "mlflow" and url:
            found["MLFLOW_TRACKING_URI"] = url
        elif audience == "object-storage":
            found |= _of_object_storage(variables, url)
    return found


def of_reana(variables: Mapping[str, str], url: str) -> dict[str, str]:
    """Return REANA's address and the token of now, as far as they are known."""
    found = {"REANA_SERVER_URL": url} if url else {}
    try:
        found["REANA_ACCESS_TOKEN"] = tokens.read(variables, "reana")
    except tokens.NoToken:
        return found
    return found


def _of_object_storage(variables: Mapping[str, str], url: str) -> dict[str, str]:
    endpoint = url or variables.get("AWS_ENDPOINT_URL", "")
    if not endpoint:  # without one the token would go to AWS itself
        return {}
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tokens.path_of(variables, "object-storage")),
        "AWS_ROLE_ARN": variables.get("AWS_ROLE_ARN") or ANY_ROLE,
        "AWS_ROLE_SESSION_NAME": variables.get("JUPYTERHUB_USER") or "session",
    }
