"""How strong a browser's own sign-in was; and no TRUNCATE of the audit log."""

from django.db import migrations, models

NO_TRUNCATE = """
CREATE TRIGGER audit_is_not_truncated BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_federation")]

    operations = [
        migrations.AddField(
            model_name="websession",
            name="acr",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterModelOptions("identity", {"verbose_name_plural": "identities"}),
        migrations.RunSQL(
            NO_TRUNCATE, "DROP TRIGGER audit_is_not_truncated ON accounts_auditevent;"
        ),
    ]
