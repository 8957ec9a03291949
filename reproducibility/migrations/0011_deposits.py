"""Deposits of versions in a repository."""

from __future__ import annotations

import uuid

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """One table."""

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("reproducibility", "0010_campaigns"),
    ]

    operations = [
        migrations.CreateModel(
            name="Deposit",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("service", models.URLField(help_text="the address of the repository")),
                ("service_name", models.CharField(max_length=60)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("preparing", "Preparing"),
                            ("ready", "Ready"),
                            ("publishing", "Publishing"),
                            ("published", "Published"),
                            ("failed", "Failed"),
                        ],
                        default="preparing",
                        max_length=10,
                    ),
                ),
                ("message", models.TextField(blank=True)),
                (
                    "waiting",
                    models.BooleanField(default=False, help_text="for a token of its person's"),
                ),
                ("faults", models.JSONField(default=list, help_text="a list of {field, reason}")),
                (
                    "description",
                    models.JSONField(default=dict, help_text="as the draft was last described"),
                ),
                (
                    "files",
                    models.JSONField(
                        default=list, help_text="a list of {key, size, md5}: what is there"
                    ),
                ),
                ("remote_id", models.CharField(blank=True, max_length=100)),
                (
                    "doi",
                    models.CharField(
                        blank=True, help_text="reserved, then registered", max_length=210
                    ),
                ),
                ("attempt", models.PositiveIntegerField(default=0)),
                (
                    "troubles",
                    models.PositiveIntegerField(
                        default=0,
                        help_text="times in a row that the repository could not be asked",
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("updated_at", models.DateTimeField(auto_now=True)),
                ("published_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        help_text="with whose token it is made",
                        null=True,
                        on_delete=models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=models.deletion.CASCADE,
                        related_name="deposits",
                        to="reproducibility.analysisversion",
                    ),
                ),
            ],
            options={"ordering": ["-created_at"]},
        ),
        migrations.AddConstraint(
            model_name="deposit",
            constraint=models.UniqueConstraint(
                fields=("version", "service"), name="version_deposited_once"
            ),
        ),
    ]
