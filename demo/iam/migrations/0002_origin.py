"""The link from a code and its token family to the sign-in behind them."""

import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("iam", "0001_initial"),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_GRANT_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Origin",
            fields=[
                ("family", models.UUIDField(default=uuid.uuid4, primary_key=True, serialize=False)),
                ("grant", models.OneToOneField(null=True, on_delete=django.db.models.deletion.SET_NULL, to=settings.OAUTH2_PROVIDER_GRANT_MODEL)),
                ("sign_in", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="iam.signin")),
            ],
        ),
    ]
