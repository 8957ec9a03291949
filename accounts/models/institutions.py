"""Home institutions: what people search for on the sign-in page."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Institution(models.Model):
    """One institution, which provider reaches it, and the hint that leads straight to it.

    `folded` holds every name, abbreviation and domain without case and accents, for the search.
    """

    entity_id = models.CharField(max_length=400, unique=True)
    provider = models.CharField(max_length=40)
    hint = models.CharField(max_length=400, blank=True)
    name = models.CharField(max_length=300)
    names = models.JSONField(default=dict)
    abbreviations = ArrayField(models.CharField(max_length=60), default=list)
    domains = ArrayField(models.CharField(max_length=200), default=list)
    country = models.CharField(max_length=2, blank=True)
    error_url = models.CharField(max_length=400, blank=True)
    folded = models.TextField()

    class Meta:
        ordering = ["name"]
        indexes = [
            GinIndex(fields=["folded"], name="institution_folded", opclasses=["gin_trgm_ops"])
        ]

    def __str__(self) -> str:
        return self.name
