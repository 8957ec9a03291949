from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("data_mgmt", "0008_approvals")]

    operations = []
