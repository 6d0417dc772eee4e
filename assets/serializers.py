"""What comes in beside raw bytes, checked strictly, all faults at once; and rows as they go out."""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from assets.models import Asset

MAX_LIMIT = 1000
WORDS = {"true": True, "false": False}


class Text(serializers.Field[str, object, str, Any]):
    """A string exactly as it is: a number is none, blanks are not cut off, every character is taken."""

    default_error_messages = {"invalid": "this is not a string"}

    def to_internal_value(self, data: object) -> str:
        """The string."""
        if not isinstance(data, str):
            self.fail("invalid")
        return data


class Flag(serializers.Field[bool, object, bool, Any]):
    """True or false as JSON has them."""

    default_error_messages = {"invalid": "this is neither true nor false"}

    def to_internal_value(self, data: object) -> bool:
        """The boolean."""
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class Word(Flag):
    """The words true or false, in a query or a form."""

    def to_internal_value(self, data: object) -> bool:
        """The boolean."""
        return super().to_internal_value(WORDS.get(str(data)))


class Input(serializers.Serializer[dict[str, Any]]):
    """Members that are known; in a body others are refused, since a misspelt one would be ignored."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse what is not known."""
        if unknown := [name for name in self.initial_data if name not in self.fields]:
            known = ", ".join(self.fields)
            raise serializers.ValidationError(
                dict.fromkeys(unknown, f"this is not known; there are {known}"), "unknown"
            )
        return attrs


class PutQuery(serializers.Serializer[dict[str, Any]]):
    """`?build=&replace=`."""

    build = Text()
    replace = Word(default=False)


class PutJSON(Input):
    """`{"build", "image", "replace"?}`."""

    build = Text()
    image = Text()
    replace = Flag(default=False)


class PutForm(Input):
    """A form with `build`, `file`, `replace`."""

    build = Text()
    file = serializers.FileField(allow_empty_file=True)
    replace = Word(default=False)


class GetQuery(serializers.Serializer[dict[str, Any]]):
    """`?build=&redirect=`."""

    build = Text()
    redirect = Word(default=False)


class RedirectQuery(serializers.Serializer[dict[str, Any]]):
    """`?redirect=`, of a route that has the name in its path; `?sha256=` asks for this version."""

    redirect = Word(default=False)
    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}\Z", default="")


class ReplaceQuery(serializers.Serializer[dict[str, Any]]):
    """`?replace=`, of a route that has the name in its path."""

    replace = Word(default=False)


class ListQuery(serializers.Serializer[dict[str, Any]]):
    """`?prefix=&limit=&cursor=`."""

    prefix = Text(default="")
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=100)
    cursor = Text(default="")


def checked(kind: type[serializers.Serializer[dict[str, Any]]], data: Any) -> dict[str, Any]:
    """The values of the input; raises ValidationError (400) with everything that is wrong.

    Of a query or a form what is named twice counts as it is named last, and what is empty is there.
    """
    asked = kind(data=data.dict() if isinstance(data, QueryDict) else data)
    asked.is_valid(raise_exception=True)
    values: dict[str, Any] = asked.validated_data
    return values


def build(asset: Asset) -> dict[str, Any]:
    """A row of `/buildserver/list-assets`."""
    return {"build": asset.name, "image": asset.image, "size": asset.size, "sha256": asset.sha256}


def item(asset: Asset) -> dict[str, Any]:
    """A row of `/api/v1/assets`."""
    return {
        "name": asset.name,
        "size": asset.size,
        "sha256": asset.sha256,
        "content_type": asset.content_type,
        "labels": {},
        "tags": [],
        "created_at": asset.created_at,
        "created_by": asset.created_by,
        "downloads": 0,
    }
