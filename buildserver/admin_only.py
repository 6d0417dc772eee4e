"""Django's session, CSRF, login and message middleware, for the admin and for nothing else.

The API knows keys only: a browser that is logged in to the admin can be made to call the API, but not with its cookie.
"""

from typing import Any

from axes.middleware import AxesMiddleware
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.messages.middleware import MessageMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponseBase
from django.middleware.clickjacking import XFrameOptionsMiddleware
from django.middleware.csrf import CsrfViewMiddleware

ADMIN = "/admin/"
LAYERS: tuple[Any, ...] = (
    SessionMiddleware,
    CsrfViewMiddleware,  # which only a session's cookie makes necessary
    AuthenticationMiddleware,
    MessageMiddleware,
    XFrameOptionsMiddleware,
    AxesMiddleware,  # the answer to too many failed logins
)


class AdminOnly:
    """Passes requests of the admin through the layers, outermost first, and all others by them."""

    def __init__(self, get_response: Any) -> None:
        """Make the layers around what follows, as Django does with those of its settings."""
        self.get_response = self.admin = get_response
        for layer in reversed(LAYERS):
            made = layer(self.admin)
            self.admin = convert_exception_to_response(made)
            if layer is CsrfViewMiddleware:
                self.check_csrf = made.process_view

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Through them, or by them."""
        passed: HttpResponseBase
        passed = self.admin(request) if request.path_info.startswith(ADMIN) else self.get_response(request)
        return passed

    def process_view(self, request: HttpRequest, *args: Any) -> Any:
        """The one of the layers that looks at a request when its view is known."""
        return self.check_csrf(request, *args) if request.path_info.startswith(ADMIN) else None
