"""What the routes share: faults as problems, pages of a list."""

from collections.abc import Sequence

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from assets import serializers, services
from assets.conf import READ, places, require
from assets.problems import answer_of
from assets.serializers import checked


class AssetView(APIView):
    """Answers the faults of the app."""

    def handle_exception(self, fault: Exception) -> Response:
        """Those that are ours, then the project's."""
        return super().handle_exception(answer_of(fault))


def page_for(request: Request, label: Sequence[str] = ()) -> services.Page:
    """The rows that the query asks for and the sender may see."""
    require(request, READ)
    asked = checked(serializers.ListQuery, request.query_params)
    return services.page(**asked, label=label, places=places(request, READ))
