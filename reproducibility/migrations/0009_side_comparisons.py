"""Comparisons of two sides that people ask for, and what came of each two outputs."""

from __future__ import annotations

import uuid

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

STATES = [("none", "None"), ("running", "Running"), ("done", "Done"), ("failed", "Failed")]


class Migration(migrations.Migration):
    """Two tables; both go with the person."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("reproducibility", "0008_verdicts_stay"),
    ]

    operations = [
        migrations.CreateModel(
            "SideComparison",
            [
                (
                    "id",
                    models.UUIDField(
                        primary_key=True, default=uuid.uuid4, editable=False, serialize=False
                    ),
                ),
                ("first", models.UUIDField()),
                ("second", models.UUIDField()),
                ("state", models.CharField(max_length=8, choices=STATES, default="none")),
                ("message", models.TextField(blank=True)),
                (
                    "problems",
                    models.JSONField(
                        default=dict, help_text="path to why it could not be compared"
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                ("asked_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"),
                ),
            ],
        ),
        migrations.CreateModel(
            "ComparedPair",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key", models.CharField(max_length=64)),
                (
                    "outcome",
                    models.JSONField(help_text="the verdict on one output, with its comparison"),
                ),
                (
                    "made_at",
                    models.DateTimeField(default=django.utils.timezone.now, db_index=True),
                ),
                (
                    "user",
                    models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"),
                ),
            ],
        ),
        migrations.AddConstraint(
            "SideComparison",
            models.UniqueConstraint(fields=["user", "first", "second"], name="two_sides_once"),
        ),
        migrations.AddConstraint(
            "ComparedPair",
            models.UniqueConstraint(fields=["user", "key"], name="pair_compared_once"),
        ),
    ]
