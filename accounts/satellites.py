"""The clients of the portal's own issuer: first-party, from the site's file, and nobody else."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from django.utils.crypto import constant_time_compare
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_device_grant_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)
from oauth2_provider.scopes import SettingsScopes
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    FilePath,
    SecretStr,
    StringConstraints,
    model_validator,
)

from accounts import site_files
from accounts.models import User
from vre_portal.config import get_config
from vre_portal.errors import UpstreamRefused

#: A secret that nobody guesses: who shows the right one is never made to wait for others' guesses.
SHORTEST_SECRET = 32
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Satellite(BaseModel):
    """One client as the site's file describes it; without a secret it is a public one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    client_id: Annotated[str, StringConstraints(pattern=r"^[\w.-]{1,100}$")]
    name: Text
    client_secret: SecretStr | None = None
    client_secret_file: FilePath | None = None
    former_client_secret: SecretStr | None = None
    former_client_secret_file: FilePath | None = None
    grant: Literal["code", "device"] = "code"
    redirect_uris: tuple[Text, ...] = ()
    scopes: tuple[Text, ...] = Field(("openid", "profile"), min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _named(cls, told: Any) -> Any:
        return {"name": told.get("client_id"), **told} if isinstance(told, dict) else told

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for name in ("client_secret", "former_client_secret"):
            if getattr(self, name) and getattr(self, f"{name}_file"):
                raise ValueError(f"give {name} or {name}_file, one of them")
        try:
            secrets = self.secrets
        except UpstreamRefused as exc:
            raise ValueError(f"client_secret_file: {exc.message}") from exc
        if any(len(secret) < SHORTEST_SECRET for secret in secrets):
            raise ValueError(f"client_secret: at least {SHORTEST_SECRET} characters")
        if (self.grant == "code") != bool(self.redirect_uris):
            raise ValueError("redirect_uris: the grant code needs some, device has none")
        return self

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the secret that holds, and the one before it while both may be used."""
        given = (
            (self.client_secret, self.client_secret_file),
            (self.former_client_secret, self.former_client_secret_file),
        )
        return tuple(
            site_files.secret_of(secret, file, whose=self.name)
            for secret, file in given
            if secret or file
        )


@cache
def entries() -> Mapping[str, Satellite]:
    """Return the entries of the site's file by client id."""
    path = get_config().satellites_file
    return read(path) if path else {}


def read(path: Path) -> Mapping[str, Satellite]:
    """Return the satellites of a file by client id."""
    return site_files.read(path, Satellite, key="client_id")


def name_of(client_id: str) -> str:
    """Return what people call a satellite."""
    entry = entries().get(client_id)
    return entry.name if entry else client_id


def knows(client_id: str, secret: str) -> bool:
    """Whether this is a secret of the satellite: asked of the site's file at each call."""
    entry = entries().get(client_id)
    # The start refused short secrets; but a file may have been emptied since.
    kept = [one for one in (entry.secrets if entry else ()) if len(one) >= SHORTEST_SECRET]
    return any(constant_time_compare(secret, one) for one in kept)


def sync_satellites() -> None:
    """Make the registered clients those of the configuration: first-party, no consent page."""
    application = get_application_model()
    application.objects.exclude(client_id__in=list(entries())).delete()
    for client_id, entry in entries().items():
        client, _made = application.objects.get_or_create(client_id=client_id)
        client.name = entry.name
        client.redirect_uris = " ".join(entry.redirect_uris)
        client.client_type = (
            application.CLIENT_CONFIDENTIAL if entry.secrets else application.CLIENT_PUBLIC
        )
        client.authorization_grant_type = (
            application.GRANT_DEVICE_CODE
            if entry.grant == "device"
            else application.GRANT_AUTHORIZATION_CODE
        )
        client.algorithm = application.RS256_ALGORITHM
        client.skip_authorization = True
        client.save()


class SatelliteScopes(SettingsScopes):  # type: ignore[misc]  # untyped base
    """Each client may ask for its own scopes only, as the configuration lists them."""

    def get_available_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return the scopes of a client; without one, all."""
        known = list(super().get_available_scopes(application, request))
        if application is None:
            return known
        entry = entries().get(application.client_id)
        return [scope for scope in known if entry and scope in entry.scopes]

    def get_default_scopes(
        self, application: Any = None, request: Any = None, *args: Any, **kwargs: Any
    ) -> list[str]:
        """Return what a client gets that asks for nothing in particular."""
        return ["openid"]


def end_grants(user: User) -> None:
    """End every token and code that the portal has issued for a user."""
    for model in (
        get_refresh_token_model(), get_id_token_model(), get_access_token_model(),
        get_grant_model(), get_device_grant_model(),
    ):  # fmt: skip
        model.objects.filter(user=user).delete()
