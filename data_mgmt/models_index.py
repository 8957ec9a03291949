"""The index of data: what is known of each DID, and how far each scope has been read."""

from __future__ import annotations

from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils import timezone

from data_mgmt.backends.values import Did


class Wanted(models.IntegerChoices):
    """What is still to be asked about a DID, the most urgent last."""

    NOTHING = 0
    FILE = 1
    COLLECTION = 2
    METADATA = 3


class IndexedDidQuerySet(models.QuerySet["IndexedDid"]):
    """DIDs of the index; who may see which is decided by scope."""

    def of_scopes(self, scopes: tuple[str, ...]) -> Self:
        """Return those of scopes that a person's own credential was given."""
        return self.filter(scope__in=scopes)


class IndexedDid(models.Model):
    """A DID with its metadata, as Rucio last told it to the portal."""

    scope = models.CharField(max_length=30, db_collation="C")
    name = models.CharField(max_length=250, db_collation="C")
    type = models.CharField(max_length=9)
    bytes = models.BigIntegerField(null=True)
    files = models.BigIntegerField(null=True)
    account = models.CharField(max_length=25, blank=True)
    is_open = models.BooleanField(null=True)
    created_at = models.DateTimeField(null=True)
    metadata = models.JSONField(default=dict)
    #: Which details are to be asked; `Wanted`.
    wanted = models.PositiveSmallIntegerField(default=Wanted.NOTHING)

    objects = IndexedDidQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["scope", "name"], name="indexed_once")]
        indexes = [
            GinIndex(fields=["metadata"], name="indexed_metadata", opclasses=["jsonb_path_ops"]),
            GinIndex(fields=["name"], name="indexed_name", opclasses=["gin_trgm_ops"]),
            models.Index(
                fields=["type", "scope", "name"], name="indexed_collections",
                condition=~Q(type="file"),
            ),
            models.Index(fields=["created_at"], name="indexed_created"),
            models.Index(fields=["bytes"], name="indexed_bytes"),
            models.Index(
                fields=["scope", "-wanted", "name"], name="indexed_wanted",
                condition=Q(wanted__gt=Wanted.NOTHING),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return str(self.did)

    @property
    def did(self) -> Did:
        """The DID."""
        return Did(self.scope, self.name)


class IndexedScope(models.Model):
    """How far a scope has been read into the index, and when it is read again."""

    scope = models.CharField(primary_key=True, max_length=30, db_collation="C")
    #: Of the reading of all names that is under way: up to which name it is done.
    generation = models.PositiveIntegerField(default=0)
    cursor = models.CharField(max_length=250, blank=True)
    started_at = models.DateTimeField(null=True)
    #: When all names were last read to their end, and when what is new was.
    finished_at = models.DateTimeField(null=True)
    refreshed_at = models.DateTimeField(null=True)
    #: Everything registered, or described, before these moments is known.
    registered_until = models.DateTimeField(null=True)
    described_until = models.DateTimeField(null=True)
    dids = models.PositiveBigIntegerField(default=0)
    waiting = models.PositiveBigIntegerField(default=0)
    #: The most used keys of metadata: name, kind, DIDs that have it, most frequent values.
    keys = models.JSONField(default=list)
    next_at = models.DateTimeField(default=timezone.now)
    lease = models.UUIDField(null=True)
    lease_until = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    class Meta:
        indexes = [models.Index(fields=["next_at"], name="indexed_scope_due")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.dids}"

    @property
    def is_whole(self) -> bool:
        """Whether every name of the scope was read once."""
        return self.finished_at is not None
