from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("data_mgmt", "0003_metadata")]

    operations = []
