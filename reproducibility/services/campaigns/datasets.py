"""The table of a campaign becomes a dataset in Rucio that says how to make it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from data_mgmt.backends import Did
from data_mgmt.services import own_scope
from data_mgmt.services.replicas import check as check_numbers
from reproducibility.models import (
    Campaign,
    CampaignState,
    PointState,
    RegisteredFile,
    Registration,
    RegistrationState,
)
from reproducibility.services import provenance, register_checks, registering
from reproducibility.services.analyses import is_uuid
from reproducibility.services.campaigns import exporting, looking, making
from reproducibility.services.campaigns.exporting import Format
from reproducibility.services.register_checks import Asked
from vre_portal.errors import Conflict, NotFound

#: Bytes that a value of the table and the document may need: only the quota is held against it.
VALUE_BYTES, DOCUMENT_BYTES = 24, 64 << 10


class TableRegistered(Conflict):
    """The table is in Rucio as it stands, or on its way there."""

    def __init__(self, campaign: Campaign) -> None:
        super().__init__(_("This table of results is registered already."))
        self.url = reverse("reproducibility:campaign-dataset", args=[campaign.pk])

    def members(self) -> dict[str, Any]:
        """Lead to it."""
        return {"url": self.url}


def register(user: User, campaign_id: UUID | str, asked: Asked) -> Registration:
    """Have the table of a campaign put into Rucio, once for each time that the campaign ended.

    Raises
    ------
    Conflict
        The campaign goes on or has not begun, or its table is registered as it stands.
    Forbidden
        It is somebody else's.
    InvalidRequest
        A name or storage is not as it may be; `field` names it.
    QuotaExceeded
        There is no room for it.
    """
    campaign = making.own(user, campaign_id)
    if (why := why_not(campaign)) is not None:
        raise why
    registration = _planned(user, campaign, asked)
    files = [
        RegisteredFile(registration=registration, path=name, name=f"{asked.dataset.strip()}/{name}",
                       size=0)
        for name in _names()
    ]  # fmt: skip
    _check(campaign, registration, files)
    try:
        registering.begin(registration, files)
    except IntegrityError as exc:
        raise TableRegistered(campaign) from exc
    return registration


def why_not(campaign: Campaign) -> Conflict | None:
    """Return why the table of a campaign can't be registered now; None when it can."""
    if campaign.state == CampaignState.DRAFT:
        return Conflict(_("The campaign has not begun: there are no results to register."))
    running = campaign.points.filter(state=PointState.RUNNING)
    if campaign.state == CampaignState.RUNNING or running.exists():
        return Conflict(_("The campaign goes on. Register its table once its runs have ended."))
    if _as_it_stands(campaign) is not None:
        return TableRegistered(campaign)
    return None


def _as_it_stands(campaign: Campaign) -> Registration | None:
    same = campaign.registrations.filter(drives=campaign.drives)
    return same.exclude(state=RegistrationState.FAILED).first()


def of_campaign(campaign: Campaign) -> list[Registration]:
    """Return the registrations of a campaign, newest first."""
    return list(campaign.registrations.filter(user=campaign.user_id))


def find(user: User, campaign_id: UUID | str, key: UUID | str) -> Registration:
    """Return one of the registrations of somebody's own campaign."""
    mine = Registration.objects.visible_to(user).select_related("campaign__version__analysis")
    found = mine.filter(pk=key, campaign_id=campaign_id).first() if is_uuid(key) else None
    if found is None:
        raise NotFound(_("There is no such registration, or it is not yours."))
    return found


def retry(user: User, campaign_id: UUID | str, key: UUID | str) -> Registration:
    """Go on with one that failed; what is in Rucio already stays.

    Raises
    ------
    Conflict
        It did not fail, or the table is another one by now.
    """
    found = find(user, campaign_id, key)
    campaign = making.own(user, campaign_id)
    if found.drives != campaign.drives:
        raise Conflict(_("The campaign has gone on since. Register its table anew."))
    return registering.again(found)


def proposed_name(campaign: Campaign) -> str:
    """Return the name that a dataset of a campaign is offered."""
    return f"{campaign.version.analysis.slug}-campaign-{str(campaign.pk)[:8]}-{campaign.drives}"


def _names() -> list[str]:
    tables = [exporting.CSV_FILE]
    if Format.PARQUET in exporting.formats():
        tables.append(exporting.PARQUET_FILE)
    return [*tables, exporting.DOCUMENT_FILE]


def _planned(user: User, campaign: Campaign, asked: Asked) -> Registration:
    check_numbers(1, asked.lifetime_days, "")
    dataset = Did(asked.scope or own_scope(user), asked.dataset.strip())
    storage = asked.storage
    return Registration(
        campaign=campaign,
        drives=campaign.drives,
        user=user,
        scope=dataset.scope,
        name=dataset.name,
        storage=storage or register_checks.first_with_room(user, dataset.scope, _room(campaign)),
        lifetime_days=asked.lifetime_days,
        metadata=provenance.of_campaign(campaign),
    )


def _room(campaign: Campaign) -> int:
    """Return the bytes that all files may need; the worker measures them."""
    values = campaign.total * len(looking.columns_of(campaign))
    return DOCUMENT_BYTES + len(_names()) * values * VALUE_BYTES


def _check(campaign: Campaign, registration: Registration, files: Sequence[RegisteredFile]) -> None:
    register_checks.check_free(registration.user, registration.dataset)
    wishes = [register_checks.wish_of(registration, file) for file in files]
    first = replace(wishes[0], size=_room(campaign))
    register_checks.check_wishes(registration, [first, *wishes[1:]])
