"""The settings of analyses and runs: what a run may read, and what a capture keeps."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class RunSettings(BaseSettings):
    """The part of the settings that analyses and runs read."""

    run_input_bytes: int = Field(
        100 * 2**30,
        description="Bytes of other data that a run may be given in place of recorded inputs",
        ge=1,
    )
    campaign_runs: int = Field(
        20,
        description="Runs of campaigns that one person has under way at the same time; less than "
        "what the workflow service runs in all",
        ge=1,
    )
    campaign_questions: int = Field(
        15,
        description="Questions a second that the campaigns of one person ask the workflow service, "
        "about; less than what it answers one person. 0: as many as it takes",
        ge=0,
    )
    recorded_folder: Path | None = Field(
        None,
        description="Where recorded outputs above 4 MiB are kept, shared by all processes; without "
        "it the folder `recorded` in the work folder",
    )
    recorded_file_bytes: int = Field(
        2 * 2**30,
        description="The largest output that is kept there and compared by its contents, bytes; of "
        "larger ones only the checksum is",
        ge=0,
    )
    recorded_version_bytes: int = Field(
        10 * 2**30, description="Bytes of the outputs that one proof puts there", ge=0
    )
    recorded_bytes: int = Field(
        100 * 2**30, description="Bytes of all files that are kept there", ge=0
    )
    recorded_spare_bytes: int = Field(
        2**30, description="Room on that disk that no recorded output may claim, bytes", ge=0
    )
    capture_file_bytes: int = Field(
        20 * 2**20,
        description="The largest file that a captured analysis keeps, bytes; larger ones belong "
        "into the data lake",
        ge=1,
    )
    capture_bytes: int = Field(
        100 * 2**20, description="Bytes of all files that one captured analysis keeps", ge=1
    )
    capture_files: int = Field(
        2_000, description="Files that a folder, repository or archive to capture may have", ge=1
    )
    capture_archive_bytes: int = Field(
        200 * 2**20, description="The largest ZIP that may be handed in to be captured, bytes", ge=1
    )
    capture_images: dict[str, str] = Field(
        default_factory=dict,
        description="JSON object: an environment of sessions and the image that the reana.yaml of "
        "an analysis captured in it names, where the environments file has none",
    )
