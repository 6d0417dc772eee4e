"""What sqlite needs not write with each record: the last number that was given, and an index that it is not in."""

from django.db import migrations, models

import kvstore.models


def drop_whole_index(apps, schema_editor):
    """Not by altering the field: sqlite would make the table anew, and have the value before the last column."""
    record = apps.get_model('kvstore', 'Record')
    with schema_editor.connection.cursor() as cursor:
        found = schema_editor.connection.introspection.get_constraints(cursor, record._meta.db_table)
    for name, constraint in found.items():
        if constraint['index'] and constraint['columns'] == ['expires_at']:
            schema_editor.remove_index(record, models.Index(fields=['expires_at'], name=name))


def add_whole_index(apps, schema_editor):
    record = apps.get_model('kvstore', 'Record')
    schema_editor.add_index(record, models.Index(fields=['expires_at'], name='kvstore_record_expires_at_whole'))


class Migration(migrations.Migration):

    dependencies = [
        ('kvstore', '0003_identity'),
    ]

    operations = [
        migrations.AlterField('change', 'id', kvstore.models.RowId(primary_key=True, serialize=False)),
        migrations.SeparateDatabaseAndState(
            [migrations.RunPython(drop_whole_index, add_whole_index)],
            [migrations.AlterField('record', 'expires_at', models.DateTimeField(null=True))],
        ),
        migrations.AddIndex(
            'record', kvstore.models.IndexOfSome(fields=['expires_at'], name='kvstore_record_expires_at')
        ),
    ]
