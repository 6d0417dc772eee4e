"""The WSGI application, for gunicorn, granian and Lambda."""

import os

import django
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buildserver.settings")
django.setup(set_prefix=False)

from buildserver import bodies, logs  # noqa: E402 - after the settings are loaded

if not settings.PRESHARED.keys:
    raise ImproperlyConfigured("no key is configured: set PRESHARED_KEYS or PRESHARED_KEYS_FILE, or start with ./runapp")
if not settings.SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY is not set: give it 50 random characters, or start with ./runapp")

logs.to_stdout()
application = bodies.Handler()
