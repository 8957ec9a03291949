"""A plug-in of MLflow: each request to the lent address carries the token of now.

MLflow asks for an object with these two methods and needs no base class
(https://mlflow.org/docs/latest/ml/plugins: `mlflow.request_header_provider`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from vre_session import tokens

AUDIENCE = "mlflow"


class FreshToken:
    """Gives the token to MLflow's own address only, never to another server that somebody names."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables

    def in_context(self) -> bool:
        """Whether MLflow speaks to the server that the token is for."""
        if "VRE_SESSION_DIR" not in self._variables:
            return False
        known = tokens.loan(self._variables, AUDIENCE)
        return known is not None and _same(self._tracking_uri(), known.service_url)

    def request_headers(self) -> dict[str, str]:
        """Return the header, read from the file anew."""
        try:
            return {"Authorization": f"Bearer {tokens.read(self._variables, AUDIENCE)}"}
        except tokens.NoToken:
            return {}

    def _tracking_uri(self) -> str:
        mlflow = sys.modules.get("mlflow")
        told = mlflow.get_tracking_uri() if mlflow is not None else ""
        return str(told or self._variables.get("MLFLOW_TRACKING_URI", ""))


def _same(one: str, other: str) -> bool:
    return one.rstrip("/") == other.rstrip("/") != ""
