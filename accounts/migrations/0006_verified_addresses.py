"""Whether a provider has verified an identity's e-mail address; told anew at each sign-in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_absorbed_accounts")]

    operations = [
        migrations.AddField(
            model_name="identity",
            name="email_verified",
            field=models.BooleanField(default=False),
        ),
    ]
