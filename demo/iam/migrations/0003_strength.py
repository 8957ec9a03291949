"""How strong each sign-in was, and people who tell no address."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("iam", "0002_origin")]

    operations = [
        migrations.AddField("signin", "acr", models.CharField(default="", max_length=100)),
        migrations.AlterField("person", "email", models.EmailField(blank=True, max_length=254)),
    ]
