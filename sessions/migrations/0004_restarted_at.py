"""A session that begins anew knows since when, and addresses of long names fit."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    """Null stands for the first start, so nothing has to be filled in."""

    dependencies = [("interactive_sessions", "0003_live_and_shared")]

    operations = [
        migrations.AddField("session", "restarted_at", models.DateTimeField(null=True)),
        migrations.AlterField("session", "url", models.TextField(blank=True)),
    ]
