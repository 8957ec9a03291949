"""A run keeps what the service last told of its jobs and workspace."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """What was seen, by run."""

    dependencies = [("reproducibility", "0003_versions")]

    operations = [
        migrations.AddField(
            "run",
            "seen",
            models.JSONField(
                default=dict, help_text="jobs (total, running, finished, failed), size in bytes"
            ),
        ),
    ]
