"""What people put together for themselves: favourites, recent DIDs, saved searches, the basket."""

from __future__ import annotations

import uuid
from typing import Self, TypeVar

from django.db import models
from django.utils import timezone

from accounts.models import User
from data_mgmt.backends.values import Did

MAX_SEARCH = 1000
MAX_SEARCH_NAME = 100


M = TypeVar("M", bound=models.Model)


class OwnedQuerySet(models.QuerySet[M]):
    """Things of one person."""

    def visible_to(self, user: User) -> Self:
        """Return the user's own."""
        return self.filter(user=user)

    def of(self, did: Did) -> Self:
        """Return those that name a DID."""
        return self.filter(did_scope=did.scope, did_name=did.name)


class KeptDid(models.Model):
    """A DID that somebody keeps at hand, once."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="%(class)ss")
    did_scope = models.CharField(max_length=30)
    did_name = models.CharField(max_length=250)
    #: Since when it is kept; of a recent one, when it was opened last.
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ("-created_at", "-id")
        constraints = [
            models.UniqueConstraint(fields=["user", "did_scope", "did_name"], name="%(class)s_once")
        ]
        indexes = [models.Index(fields=["user", "-created_at", "-id"], name="%(class)s_of_user")]

    def __str__(self) -> str:
        return str(self.did)

    @property
    def did(self) -> Did:
        """The DID that is kept."""
        return Did(self.did_scope, self.did_name)


class Favourite(KeptDid):
    """A DID with a star."""


class RecentDid(KeptDid):
    """A DID whose page somebody opened lately."""

    class Meta(KeptDid.Meta):
        verbose_name = "recently opened DID"


class BasketItem(KeptDid):
    """A DID in somebody's basket, with what was known of it when it was put there."""

    did_type = models.CharField(max_length=12)
    bytes = models.PositiveBigIntegerField(null=True)
    files = models.PositiveBigIntegerField(null=True)
    #: When the basket was emptied; for a while it can be filled again.
    emptied_at = models.DateTimeField(null=True)

    class Meta(KeptDid.Meta):
        verbose_name = "DID in the basket"
        verbose_name_plural = "DIDs in the basket"


class SavedSearch(models.Model):
    """A search of the data page under a name of one's own."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_searches")
    name = models.CharField(max_length=MAX_SEARCH_NAME)
    #: The query of the data page's address, its parts in the order of their names.
    query = models.CharField(max_length=MAX_SEARCH)
    created_at = models.DateTimeField(default=timezone.now)

    objects = OwnedQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        verbose_name_plural = "saved searches"
        constraints = [
            models.UniqueConstraint(fields=["user", "query"], name="savedsearch_once"),
        ]

    def __str__(self) -> str:
        return self.name
