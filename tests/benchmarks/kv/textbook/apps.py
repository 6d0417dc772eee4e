"""The app."""

from django.apps import AppConfig


class Textbook(AppConfig):
    """Its tables are made by `migrate --run-syncdb`."""

    name = "tests.benchmarks.kv.textbook"
    label = "textbook"
