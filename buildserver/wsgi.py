"""The WSGI application, for gunicorn, granian and Lambda."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
django.setup(set_prefix=False)

from buildserver import bodies, logs, serve  # noqa: E402 - after the settings are loaded

serve.check_settings()
logs.to_stdout()
application = bodies.Handler()
