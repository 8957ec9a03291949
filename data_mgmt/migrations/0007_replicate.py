from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("data_mgmt", "0004_index")]

    operations = [
        migrations.AddField(
            model_name="replicarequest",
            name="activity",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="replicarequest",
            name="ask_approval",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="replicarequest",
            name="warned_end",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="replicarequest",
            index=models.Index(
                fields=["rule_id"],
                condition=~models.Q(rule_id=""),
                name="request_of_rule",
            ),
        ),
    ]
