"""The settings of deposits: where analyses are put to get a DOI."""

from __future__ import annotations

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class DepositSettings(BaseSettings):
    """The repository that published analyses may be deposited in."""

    deposit_url: str | None = Field(
        None,
        description="Address of the InvenioRDM where people deposit published analyses, such as"
        " https://zenodo.org or https://sandbox.zenodo.org; without it nothing is offered"
        " (docs/depositing.md)",
    )
    deposit_name: str = Field(
        "Zenodo",
        description="What people call it; it stands as the publisher in each record",
        min_length=1,
        max_length=60,
    )
    deposit_community: str = Field(
        "", description="The community there whose curators are asked to include each record"
    )
    deposit_file_bytes: int = Field(
        50 * 10**9, description="The largest file that it takes, bytes", ge=1
    )
    deposits_backend: str = Field(
        "reproducibility.backends.invenio.InvenioBackend", description="Adapter class"
    )

    @field_validator("deposit_url")
    @classmethod
    def _no_slash_at_its_end(cls, value: str | None) -> str | None:
        return value.rstrip("/") or None if value else None
