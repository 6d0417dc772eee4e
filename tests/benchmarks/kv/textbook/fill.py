"""Makes the records, whose values are written before anything is measured."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.kv.textbook.settings")
django.setup()

from tests.benchmarks.kv.dialects import key_of  # noqa: E402 - with the models, once Django is set up
from tests.benchmarks.kv.textbook.models import Record  # noqa: E402

if __name__ == "__main__":
    Record.objects.bulk_create(Record(key=key_of(number), value={}) for number in range(1000))
