"""The project's application with the benchmark's routes."""

import os

from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
settings.ROOT_URLCONF = "tests.benchmarks.planner.urls"

from buildserver.wsgi import application  # noqa: E402 - once the routes are named

__all__ = ["application"]
