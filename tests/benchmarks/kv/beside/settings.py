"""The project's settings with these routes."""

from importlib import import_module

# Not by an import statement: the project's settings are read through django.conf, of which these are another source.
globals().update({name: value for name, value in vars(import_module("buildserver.settings")).items() if name.isupper()})
ROOT_URLCONF = "tests.benchmarks.kv.beside.urls"
