"""REANA about itself and the person who asks."""

from __future__ import annotations

import base64
from dataclasses import replace

from accounts.credentials import Credential
from reproducibility.backends.reana import describing, parsing, rest
from reproducibility.backends.reana.dialects import Dialects
from reproducibility.backends.reana.refusals import NAME, SERVICE
from reproducibility.backends.values import About, Person, Quota, Secret, SecretKind
from vre_portal.errors import UpstreamRefused


class PeoplePart:
    """See `reproducibility.backends.people.People`."""

    dialects: Dialects

    def about(self, credential: Credential) -> About:
        """Put together what it says without a login and with one."""
        spoken = self.dialects.spoken()
        if not spoken.version:
            # 0.9 tells its version to people only.
            you = rest.fields(credential, "GET", "/you")
            spoken = replace(spoken, version=parsing.version(you))
        return describing.about(spoken, rest.fields(credential, "GET", "/info"))

    def whoami(self, credential: Credential) -> Person:
        """Ask ``/api/you``, which makes the user at the first call."""
        return parsing.person(rest.fields(credential, "GET", "/you"))

    def quota(self, credential: Credential) -> Quota:
        """Ask the same, which tells what is used too."""
        return parsing.quota(rest.fields(credential, "GET", "/you"))

    def secrets(self, credential: Credential) -> tuple[Secret, ...]:
        """List their names."""
        told = rest.told(credential, "GET", "/secrets")
        if not isinstance(told, list):
            raise UpstreamRefused(f"{NAME} gave an answer of an unknown shape.", service=SERVICE)
        return tuple(parsing.secret(row) for row in told)

    def add_secret(
        self,
        credential: Credential,
        name: str,
        value: bytes,
        *,
        kind: SecretKind = SecretKind.VARIABLE,
        overwrite: bool = False,
    ) -> None:
        """Send it as REANA wants it, in base64 whatever it is."""
        body = {name: {"value": base64.b64encode(value).decode(), "type": kind.value}}
        query = {"overwrite": str(overwrite).lower()}
        rest.told(credential, "POST", "/secrets/", params=query, json=body)

    def remove_secret(self, credential: Credential, name: str) -> None:
        """Remove one."""
        rest.told(credential, "DELETE", "/secrets/", json=[name])
