"""A run may read other data than recorded."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """What is read instead, by run."""

    dependencies = [("reproducibility", "0001_initial")]

    operations = [
        migrations.AddField(
            "run",
            "replaced_inputs",
            models.JSONField(default=dict, help_text="recorded DID to the DID read instead"),
        ),
    ]
