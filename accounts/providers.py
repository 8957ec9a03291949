"""The registry of OpenID providers: what the site's file says of each, checked whole."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    StringConstraints,
    model_validator,
)

from accounts import site_files
from vre_portal.config import LOOPBACK, get_config
from vre_portal.errors import CredentialExpired

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA"]
ClaimField = Literal["name", "email", "institution"]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Text, ...], BeforeValidator(_several)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claims(_Part):
    """What the provider's claims are called; where there are several names all are read."""

    name: Names = ("name", "preferred_username")
    email: Names = ("email",)
    preferred_username: Names = ("preferred_username",)
    groups: Names = ("wlcg.groups", "groups")
    entitlements: Names = ("eduperson_entitlement", "entitlements")
    assurance: Names = ("eduperson_assurance",)
    institution: Names = ("schac_home_organization",)


class RoleRule(_Part):
    """Gives a role to whoever fulfils all of its conditions; without any, to everybody."""

    role: Literal["member", "datamanager", "operator"]
    group: str = ""
    entitlement: str = ""
    assurance: str = ""
    acr: str = ""


class MembershipHelp(_Part):
    """How somebody who is in no group asks to be let in."""

    text: str = ""
    url: str = ""


class Provider(_Part):
    """One OpenID provider as the site configured it."""

    slug: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,39}$")]
    name: Text
    issuer: Text
    client_id: Text
    client_secret: SecretStr = SecretStr("")
    client_secret_file: FilePath | None = None
    scopes: tuple[Text, ...] = ("openid", "profile", "email", "offline_access")
    algorithms: tuple[Algorithm, ...] = Field(("RS256",), min_length=1)
    description: str = ""
    logo: Annotated[str, StringConstraints(pattern=r"^(|/static/[\w./-]+)$")] = ""
    hint_parameter: Annotated[str, StringConstraints(pattern=r"^[a-z_]*$")] = ""
    claims: Claims = Claims()
    required_claims: tuple[ClaimField, ...] = ()
    group_authorities: tuple[Text, ...] = ()
    roles: tuple[RoleRule, ...] = ()
    membership_help: MembershipHelp = MembershipHelp()
    mfa: bool = False
    exchange_scope: str = "openid profile"

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        parts = urlsplit(self.issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise ValueError("issuer: an https address is needed")
        if parts.query or parts.fragment or parts.username:
            raise ValueError("issuer: an address without user, query and fragment is needed")
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is missing")
        if bool(self.client_secret.get_secret_value()) == bool(self.client_secret_file):
            raise ValueError("give client_secret or client_secret_file, one of them")
        return self

    @property
    def secret(self) -> str:
        """Return the client's secret, from the file where the entry names one."""
        return site_files.secret_of(
            self.client_secret, self.client_secret_file, whose=self.name, service=self.slug
        )

    @property
    def origin(self) -> str:
        """Return the origin of the issuer."""
        return "{0.scheme}://{0.netloc}".format(urlsplit(self.issuer))


@cache
def registry() -> Mapping[str, Provider]:
    """Return the configured providers by slug, in the order of the file."""
    return read(get_config().providers_file)


def read(path: Path) -> Mapping[str, Provider]:
    """Return the providers of a file by slug."""
    return site_files.read(path, Provider, key="slug")


def get(slug: str) -> Provider:
    """Return a provider, or raise `CredentialExpired` when the site no longer has it."""
    provider = registry().get(slug)
    if provider is None:
        raise CredentialExpired("This way to sign in was removed. Use another.", provider=slug)
    return provider


def name_of(slug: str) -> str:
    """Return a provider's name, or its slug when the site no longer has it."""
    provider = registry().get(slug)
    return provider.name if provider else slug
