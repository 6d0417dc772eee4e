"""What comes in beside raw bytes, checked strictly, all faults at once; and rows as they go out."""

import re
from typing import Any

from django.http import QueryDict
from rest_framework import serializers

from assets.models import Asset, Tag

MAX_LIMIT = 1000
MAX_SIZE = 2**63
SHA256 = re.compile(r"[0-9A-Fa-f]{64}")
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


class VersionQuery(serializers.Serializer[dict[str, Any]]):
    """`?sha256=`, empty for what is there now."""

    sha256 = serializers.RegexField(r"^[0-9a-fA-F]{64}\Z", default="")


class RedirectQuery(VersionQuery):
    """`?redirect=`, of a route that has the name in its path; `?sha256=` asks for this version."""

    redirect = Word(default=False)


class ReplaceQuery(serializers.Serializer[dict[str, Any]]):
    """`?replace=`, of a route that has the name in its path."""

    replace = Word(default=False)


class ListQuery(serializers.Serializer[dict[str, Any]]):
    """`?prefix=&limit=&cursor=`."""

    prefix = Text(default="")
    limit = serializers.IntegerField(min_value=1, max_value=MAX_LIMIT, default=100)
    cursor = Text(default="")


class Labels(serializers.Field[dict[str, str], object, dict[str, str], Any]):
    """An object of texts."""

    default_error_messages = {"invalid": "this is not an object of strings"}

    def to_internal_value(self, data: object) -> dict[str, str]:
        """The labels; what they may be is looked at later."""
        if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
            self.fail("invalid")
        return data


class Size(serializers.Field[int, object, int, Any]):
    """A whole number of bytes, as a number."""

    default_error_messages = {"invalid": "this is not a whole number of bytes, 0 or above"}

    def to_internal_value(self, data: object) -> int:
        """The number; 7.0 is one, as JSON Schema has it."""
        if isinstance(data, float) and data.is_integer():
            data = int(data)
        if isinstance(data, bool) or not isinstance(data, int) or not 0 <= data < MAX_SIZE:
            self.fail("invalid")
        return data


class Digest(serializers.Field[str, object, str, Any]):
    """A SHA-256."""

    default_error_messages = {"invalid": "this is not 64 hexadecimal digits"}

    def to_internal_value(self, data: object) -> str:
        """In lower case."""
        if not isinstance(data, str) or not SHA256.fullmatch(data):
            self.fail("invalid")
        return data.lower()


class Begin(Input):
    """`{"name", "size", "sha256", "content_type"?, "labels"?, "replace"?}`."""

    name = Text()
    size = Size()
    sha256 = Digest()
    content_type = Text(default="")
    labels = Labels(default=dict)
    replace = Flag(default=False)


class PutTag(Input):
    """`{"asset": name}`."""

    asset = Text()


def wanted(data: object) -> list[tuple[str, str]]:
    """Name and SHA-256 of each in `{"assets": [{"name", "sha256"}]}`; raises ValidationError with every fault."""
    if not isinstance(data, dict) or set(data) != {"assets"} or not isinstance(data["assets"], list):
        raise serializers.ValidationError('the body is not {"assets": [{"name", "sha256"}, …]}')
    items = data["assets"]
    if len(items) > MAX_LIMIT:
        raise serializers.ValidationError({"assets": f"there are {len(items)}; at most {MAX_LIMIT} are taken"})
    faults = {str(at): fault for at, item in enumerate(items) if (fault := fault_of(item))}
    if faults:
        raise serializers.ValidationError({"assets": faults})
    return [(item["name"], item["sha256"].lower()) for item in items]


def fault_of(item: object) -> str | None:
    """What is wrong with one that is asked for."""
    if not isinstance(item, dict) or set(item) != {"name", "sha256"}:
        return "this is not an object with name and sha256"
    if not isinstance(item["name"], str):
        return "the name is not a string"
    if not isinstance(item["sha256"], str) or not SHA256.fullmatch(item["sha256"]):
        return "the sha256 is not 64 hexadecimal digits"
    return None


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
        "labels": {label.key: label.value for label in asset.labels.all()},
        "tags": sorted(tag.name for tag in asset.tags.all()),
        "created_at": asset.created_at,
        "created_by": asset.created_by,
        "downloads": asset.downloads,
    }


def tag(row: Tag) -> dict[str, Any]:
    """Where a tag stands."""
    asset = row.asset
    return {
        "tag": row.name,
        "asset": asset.name,
        "sha256": asset.sha256,
        "size": asset.size,
        "moved_at": row.moved_at,
        "moved_by": row.moved_by,
    }
