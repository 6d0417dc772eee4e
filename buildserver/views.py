"""The project's own routes: the start page and the message function."""

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.views import View
from django.views.generic import RedirectView
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from buildserver import __version__, problems
from buildserver.access import Access, challenge, is_closed
from buildserver.process import process


class Home(View):
    """`GET /`: what this is and where to go."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest) -> HttpResponse:
        """A page, with no key needed."""
        if is_closed(request.path_info) and Access(request).key is None:
            headers = {"WWW-Authenticate": challenge(request.path_info)}
            return problems.answer(request, 401, "this route is closed", headers=headers)
        return HttpResponse(render_to_string("buildserver/home.html", {"version": __version__}))

    def http_method_not_allowed(self, request: HttpRequest, *_args: object, **_kwargs: object) -> HttpResponse:
        """405 as everywhere else."""
        return problems.answer(request, 405, f"{request.method} is not answered here", headers={"Allow": "GET, HEAD"})


class Icon(RedirectView):
    """`GET /favicon.ico`, which browsers ask for unasked."""

    http_method_names = ["get", "head"]

    def get_redirect_url(self, *_args: object, **_kwargs: object) -> str:
        """Where the icon is."""
        return static("buildserver/icon.svg")


class ProcessSerializer(serializers.Serializer[dict[str, str]]):
    """`message`, or `messages` when it is absent; a number or a list is not a message."""

    message = serializers.JSONField(required=False, allow_null=True)
    messages = serializers.JSONField(required=False, allow_null=True)

    def validate(self, attrs: dict[str, object]) -> dict[str, str]:
        """The one that is there, as `message`."""
        name = "message" if "message" in attrs else "messages"
        if name not in attrs:
            raise serializers.ValidationError({"message": "this field is required: a string"}, code="required")
        if not isinstance(attrs[name], str):
            raise serializers.ValidationError({name: "this is not a string"}, code="invalid")
        return {"message": str(attrs[name])}


class Process(APIView):
    """`POST /process`."""

    http_method_names = ["post"]
    throttle_scope = "open"
    closed_scope = "process"

    @extend_schema(
        operation_id="process",
        request=inline_serializer("Message", {"message": serializers.CharField(allow_blank=True)}),
        responses=inline_serializer("Processed", {"message": serializers.CharField()}),
    )
    def post(self, request: Request) -> Response:
        """The message function over HTTP."""
        asked = ProcessSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response({"message": process(asked.validated_data["message"])})
