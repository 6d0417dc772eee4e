"""The ModelViewSet, for whoever sends the key."""

import hmac
from typing import Any

from django.conf import settings
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.serializers import ModelSerializer
from rest_framework.viewsets import ModelViewSet

from tests.benchmarks.kv.textbook.models import Record


class HasKey(BasePermission):
    """X-API-Key is the key."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(request.headers.get("X-API-Key", "").encode(), settings.KEY.encode())


class RecordSerializer(ModelSerializer):
    """All of it."""

    class Meta:
        """Of the record."""

        model = Record
        fields = ("key", "value", "updated_at")


class RecordViewSet(ModelViewSet):
    """`/records/`, `/records/{key}/`."""

    queryset = Record.objects.all()
    serializer_class = RecordSerializer
    permission_classes = (HasKey,)
    lookup_field = "key"
