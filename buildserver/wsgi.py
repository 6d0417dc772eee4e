"""The WSGI application, for gunicorn, granian and Lambda."""

import os

import django
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
django.setup(set_prefix=False)

from buildserver import bodies, logs, serve  # noqa: E402 - after the settings are loaded

serve.check_settings()
logs.to_stdout()
get_resolver().url_patterns  # noqa: B018 - every view is loaded here, once, and not by each worker's first request
application = bodies.Handler()
