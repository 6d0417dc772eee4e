"""Why somebody may not watch now."""

from rest_framework.exceptions import APIException

RETRY_AFTER_S = 5


class Unavailable(APIException):
    """503; `headers` are for a project that renders problem+json."""

    status_code = 503
    default_code = "unavailable"
    headers = {"Retry-After": str(RETRY_AFTER_S)}
