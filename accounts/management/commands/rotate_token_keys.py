"""Seal every secret of the vault with the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import rotation


class Command(BaseCommand):
    """`manage.py rotate_token_keys`: may run while the portal works, and again after a crash."""

    help = "Seal every secret of the vault with the first of VRE_VAULT_KEYS."

    def handle(self, *_: Any, **options: Any) -> None:
        """Rotate, and say whether the old keys may go."""
        done = rotation.rotate()
        self.stdout.write(f"{done.rotated} sealed anew, {done.already} were already")
        if done.unreadable:
            raise CommandError(
                f"{done.unreadable} secrets open with none of the keys; their owners have to sign "
                "in again. Is a key missing in VRE_VAULT_KEYS?"
            )
        self.stdout.write("No secret needs an older key.")
