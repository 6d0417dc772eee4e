"""A log of changes, quotas, kept answers; records with their value in the last column, which sqlite needs to be quick.

A column cannot be moved, so the records go to a new table. What is there becomes the beginning of the log.
"""

from django.db import migrations, models

import kvstore.models

COPY_RECORDS = """
INSERT INTO kvstore_record (path, content_type, meta, size_bytes, replaced_bytes, version, revision, created_revision,
    expires_at, created_at, updated_at, deleted, value)
SELECT path, content_type, '', LENGTH(value), -1, version, revision, created_revision,
    expires_at, created_at, updated_at, deleted, value
FROM kvstore_record_old
"""
NAMESPACE_OF = "SUBSTR(path, 1, INSTR(path, '/') - 1)"
START_LOG = f"""
INSERT INTO kvstore_change (namespace, revision, path, op, version, at, author, content_type, meta, size_bytes,
    expires_at, kept, value)
SELECT {NAMESPACE_OF}, revision, path, CASE WHEN deleted THEN 'delete' ELSE 'put' END, version, updated_at, '',
    content_type, '', size_bytes, expires_at, TRUE, CASE WHEN deleted THEN NULL ELSE value END
FROM kvstore_record ORDER BY updated_at, path
"""
COUNT = f"""
UPDATE kvstore_namespace SET
    key_count = (SELECT COUNT(*) FROM kvstore_record WHERE {NAMESPACE_OF} = name AND NOT kvstore_record.deleted),
    byte_count = (SELECT COALESCE(SUM(size_bytes), 0) FROM kvstore_record
                  WHERE {NAMESPACE_OF} = name AND NOT kvstore_record.deleted),
    forgotten_revision = revision
"""


class Migration(migrations.Migration):

    dependencies = [
        ('kvstore', '0001_records'),
    ]

    operations = [
        migrations.RemoveConstraint('namespace', 'kvstore_namespace_revision'),
        migrations.AddField('namespace', 'version_floor', models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField('namespace', 'forgotten_revision', models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField('namespace', 'key_count', models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField('namespace', 'byte_count', models.BigIntegerField(default=0), preserve_default=False),
        migrations.AddField('namespace', 'max_keys', models.BigIntegerField(null=True)),
        migrations.AddField('namespace', 'max_bytes', models.BigIntegerField(null=True)),
        migrations.AddField('namespace', 'deleted', models.BooleanField(default=False), preserve_default=False),
        migrations.AddConstraint(
            'namespace',
            models.CheckConstraint(
                condition=models.Q(('forgotten_revision__gte', 0), ('revision__gte', models.F('forgotten_revision'))),
                name='kvstore_namespace_revision',
            ),
        ),
        migrations.AddConstraint(
            'namespace',
            models.CheckConstraint(
                condition=models.Q(('byte_count__gte', 0), ('key_count__gte', 0)), name='kvstore_namespace_counts'
            ),
        ),
        migrations.RenameModel('Record', 'OldRecord'),
        migrations.AlterModelTable('oldrecord', 'kvstore_record_old'),
        migrations.RemoveConstraint('oldrecord', 'kvstore_record_version'),
        migrations.RemoveConstraint('oldrecord', 'kvstore_record_revision'),
        migrations.CreateModel(
            name='Record',
            fields=[
                ('path', kvstore.models.ByteText(max_length=577, primary_key=True, serialize=False)),
                ('content_type', models.CharField(max_length=255)),
                ('meta', models.TextField()),
                ('size_bytes', models.BigIntegerField()),
                ('replaced_bytes', models.BigIntegerField()),
                ('version', models.BigIntegerField()),
                ('revision', models.BigIntegerField()),
                ('created_revision', models.BigIntegerField()),
                ('expires_at', models.DateTimeField(db_index=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('deleted', models.BooleanField()),
                ('value', models.BinaryField()),
            ],
            options={
                'db_table': 'kvstore_record',
                'ordering': ['path'],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('version__gte', 1)), name='kvstore_record_version'),
                    models.CheckConstraint(
                        condition=models.Q(('created_revision__gte', 1), ('revision__gte', models.F('created_revision'))),
                        name='kvstore_record_revision',
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name='Change',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('namespace', kvstore.models.ByteText(max_length=64)),
                ('revision', models.BigIntegerField()),
                ('path', kvstore.models.ByteText(max_length=577)),
                ('op', models.CharField(max_length=8)),
                ('version', models.BigIntegerField()),
                ('at', models.DateTimeField()),
                ('author', models.CharField(max_length=64)),
                ('content_type', models.CharField(max_length=255)),
                ('meta', models.TextField()),
                ('size_bytes', models.BigIntegerField()),
                ('expires_at', models.DateTimeField(null=True)),
                ('kept', models.BooleanField()),
                ('value', models.BinaryField(null=True)),
            ],
            options={
                'db_table': 'kvstore_change',
                'ordering': ['id'],
                'constraints': [
                    models.UniqueConstraint(fields=('namespace', 'revision'), name='kvstore_change_revision'),
                ],
                'indexes': [
                    models.Index(fields=['path', 'kept', 'revision'], name='kvstore_change_history'),
                ],
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('token', kvstore.models.ByteText(max_length=64, primary_key=True, serialize=False)),
                ('digest', models.CharField(max_length=64)),
                ('status', models.IntegerField()),
                ('revision', models.BigIntegerField(null=True)),
                ('at', models.DateTimeField(db_index=True)),
                ('body', models.BinaryField()),
            ],
            options={
                'db_table': 'kvstore_answer',
            },
        ),
        migrations.RunSQL(COPY_RECORDS, migrations.RunSQL.noop),
        migrations.RunSQL(START_LOG, migrations.RunSQL.noop),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
        migrations.DeleteModel('OldRecord'),
    ]
