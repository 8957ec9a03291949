"""Names of the accounts in a backend whose people were merged into one."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_identity_of_an_account")]

    operations = [
        migrations.AddField(
            model_name="backendaccount",
            name="absorbed",
            field=models.JSONField(default=list),
        ),
    ]
