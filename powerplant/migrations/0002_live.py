"""The tables of `powerplant.live.carriers.table`, where they are used. No models: nothing else reads them."""

from django.db import migrations

TABLES = """
CREATE TABLE powerplant_live (end_bytes BIGINT PRIMARY KEY, data LONGBLOB NOT NULL) ENGINE=InnoDB;
CREATE TABLE powerplant_live_watch (id INTEGER PRIMARY KEY, until DOUBLE NOT NULL) ENGINE=InnoDB
"""


def make(_apps, schema_editor):
    if schema_editor.connection.vendor == "mysql":
        for statement in TABLES.split(";"):
            schema_editor.execute(statement)


def drop(_apps, schema_editor):
    if schema_editor.connection.vendor == "mysql":
        schema_editor.execute("DROP TABLE IF EXISTS powerplant_live, powerplant_live_watch")


class Migration(migrations.Migration):

    dependencies = [("powerplant", "0001_plans")]

    operations = [migrations.RunPython(make, drop, atomic=False)]
