"""Make in Rucio the accounts of the groups that the site has configured."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from data_mgmt.services import provisioning
from vre_portal.errors import PortalError


class Command(BaseCommand):
    """`manage.py make_group_accounts`."""

    help = "Make what is absent of the accounts in VRE_RUCIO_GROUPS, with scope and limits."

    def handle(self, *_: Any, **options: Any) -> None:
        """Make them, and say which are new."""
        try:
            made = provisioning.make_group_accounts()
        except PortalError as exc:
            raise CommandError(exc.message) from exc
        for account, is_new in made:
            self.stdout.write(f"{account}: {'made' if is_new else 'there'}")
