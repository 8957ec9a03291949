"""Campaigns and their points, and why a run failed, as a class."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import migrations, models


KINDS = [
    ("reproduction", "Reproduction"),
    ("variation", "Variation"),
    ("proof", "Proof"),
    ("verification", "Verification"),
    ("point", "Point"),
]


class Migration(migrations.Migration):
    """Two tables and two columns of runs."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("reproducibility", "0009_side_comparisons"),
    ]

    operations = [
        migrations.AddField(
            "run",
            "failure",
            models.CharField(
                max_length=10,
                blank=True,
                default="",
                choices=[
                    ("steps", "Steps"),
                    ("service", "Service"),
                    ("gone", "Gone"),
                    ("quota", "Quota"),
                    ("refused", "Refused"),
                ],
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            "run",
            "kind",
            models.CharField(max_length=12, default="reproduction", choices=KINDS),
        ),
        migrations.AlterField(
            "signedverdict",
            "kind",
            models.CharField(max_length=12, choices=KINDS, help_text="of the run"),
        ),
        migrations.CreateModel(
            "Campaign",
            [
                (
                    "id",
                    models.UUIDField(
                        primary_key=True, default=uuid.uuid4, editable=False, serialize=False
                    ),
                ),
                ("title", models.CharField(max_length=200)),
                (
                    "state",
                    models.CharField(
                        max_length=10,
                        default="draft",
                        choices=[
                            ("draft", "Draft"),
                            ("running", "Running"),
                            ("paused", "Paused"),
                            ("cancelled", "Cancelled"),
                            ("finished", "Finished"),
                        ],
                    ),
                ),
                ("message", models.TextField(blank=True)),
                (
                    "columns",
                    models.JSONField(
                        default=list, help_text="the parameters that change, in order"
                    ),
                ),
                (
                    "source",
                    models.JSONField(
                        default=dict, help_text="how the points were made: kind, texts, seed"
                    ),
                ),
                (
                    "results",
                    models.JSONField(
                        default=list,
                        help_text="what is read of each run's outputs: name, path, where",
                    ),
                ),
                ("total", models.PositiveIntegerField(help_text="points")),
                (
                    "first",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="so many points are run before it waits for a word; 0 for all",
                    ),
                ),
                (
                    "at_once",
                    models.PositiveSmallIntegerField(
                        help_text="runs under way at the same time, at most"
                    ),
                ),
                (
                    "priority",
                    models.SmallIntegerField(
                        default=0, help_text="higher ones of a person go first"
                    ),
                ),
                (
                    "retries",
                    models.PositiveSmallIntegerField(
                        default=3,
                        help_text="times that a point starts again after a fault of a service",
                    ),
                ),
                (
                    "drives",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="times that it was set going; each has an operation of its own",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+"),
                ),
                (
                    "version",
                    models.ForeignKey(
                        "reproducibility.AnalysisVersion", models.CASCADE, related_name="campaigns"
                    ),
                ),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["user", "-created_at"], name="campaign_of_user")],
            },
        ),
        migrations.CreateModel(
            "Point",
            [
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField(help_text="from 1, as in the table")),
                ("values", models.JSONField(help_text="parameter to value")),
                (
                    "state",
                    models.CharField(
                        max_length=10,
                        default="waiting",
                        choices=[
                            ("waiting", "Waiting"),
                            ("running", "Running"),
                            ("finished", "Finished"),
                            ("failed", "Failed"),
                            ("cancelled", "Cancelled"),
                        ],
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                (
                    "due_at",
                    models.DateTimeField(
                        null=True, help_text="not before; after a fault of a service"
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        max_length=20, blank=True, help_text="why it failed, as a class"
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                (
                    "results",
                    models.JSONField(default=dict, help_text="name to value, or why there is none"),
                ),
                (
                    "seconds",
                    models.FloatField(null=True, help_text="from its start to its end"),
                ),
                (
                    "campaign",
                    models.ForeignKey(
                        "reproducibility.Campaign", models.CASCADE, related_name="points"
                    ),
                ),
                (
                    "run",
                    models.OneToOneField(
                        "reproducibility.Run", models.SET_NULL, null=True, related_name="point"
                    ),
                ),
            ],
            options={
                "ordering": ["number"],
                "indexes": [
                    models.Index(fields=["campaign", "state", "number"], name="point_by_state")
                ],
                "constraints": [
                    models.UniqueConstraint(fields=["campaign", "number"], name="point_of_campaign")
                ],
            },
        ),
    ]
