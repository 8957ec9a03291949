"""The files that a session's programs are configured by: rucio.cfg and Jupyter's own."""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vre_session import catalogue

#: What JupyterLab's own settings are until the user changes them: it asks nobody for news.
LAB_DEFAULTS = {
    "@jupyterlab/apputils-extension:notification": {
        "checkForUpdates": False,
        "fetchNews": "false",
    },
}


def write(variables: Mapping[str, str], *, account: str, service_url: str) -> None:
    """Write the configuration of Rucio's client and of JupyterLab into the session's folder."""
    folder = Path(variables["VRE_SESSION_DIR"])
    jupyter = folder / "jupyter"
    jupyter.mkdir(mode=0o700, parents=True, exist_ok=True)
    token_file = str(Path(variables["VRE_TOKEN_DIR"], "rucio"))
    rucio = configparser.ConfigParser(interpolation=None)
    rucio["client"] = {
        "rucio_host": service_url,
        "auth_host": service_url,
        "auth_type": "oidc",
        "account": account,
        "auth_token_file_path": token_file,
        "request_retries": "3",
    }
    with Path(variables["RUCIO_CONFIG"]).open("w") as stream:
        rucio.write(stream)
    server = server_settings(variables, service_url=service_url)
    (jupyter / "jupyter_server_config.json").write_text(json.dumps(server, indent=1))
    lab = jupyter / "lab"
    lab.mkdir(exist_ok=True)
    (lab / "overrides.json").write_text(json.dumps(LAB_DEFAULTS, indent=1))


def server_settings(variables: Mapping[str, str], *, service_url: str) -> dict[str, Any]:
    """Return JupyterLab's settings: token keeper and data catalogue, and nothing that calls out."""
    return {
        "ServerApp": {
            "jpserver_extensions": {"vre_session.extension": True},
            "authorizer_class": "vre_session.authorizer.GuestList",
        },
        "LanguageServerManager": {"autodetect": False},  # there are none, and looking takes time
        "KernelManager": {"transport": variables.get("VRE_KERNEL_TRANSPORT", "tcp")},
        "LabApp": {
            "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
            "extension_manager": "readonly",
            "app_settings_dir": str(Path(variables["VRE_SESSION_DIR"], "jupyter", "lab")),
        },
        "RucioConfig": {
            "instances": [
                {
                    "name": catalogue.INSTANCE,
                    "display_name": "Data catalogue",
                    "rucio_base_url": service_url,
                    "rucio_auth_url": service_url,
                    "rucio_ca_cert": "",
                    "mode": "download",
                    "oidc_auth": "file",
                    "oidc_file_name": str(Path(variables["VRE_TOKEN_DIR"], "rucio")),
                    "wildcard_enabled": True,
                }
            ],
            "default_instance": catalogue.INSTANCE,
            "default_auth_type": "oidc",
        },
    }
